//! Whose addresses may confirm shares.

use serde::Deserialize;
use std::str::FromStr;
use waxseal_core::mail_address::{MailAddress, is_domain};

/// Domains and addresses, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct Allowed(Vec<Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Any,
    Domain(String),
    Address(String),
}

/// Something else than domains and addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a domain such as example.org, an address such as ann@example.org, or *")]
pub struct AllowedError;

impl Allowed {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an address is one of them. Those of a subdomain are not.
    pub fn has(&self, address: &MailAddress) -> bool {
        self.0.iter().any(|entry| match entry {
            Entry::Any => true,
            Entry::Domain(domain) => address.domain() == domain,
            Entry::Address(one) => address.as_str().eq_ignore_ascii_case(one),
        })
    }
}

impl FromStr for Allowed {
    type Err = AllowedError;

    fn from_str(text: &str) -> Result<Self, AllowedError> {
        match text.trim() {
            "" => Ok(Self::default()),
            list => list.split(',').map(entry).collect::<Result<_, _>>().map(Self),
        }
    }
}

impl TryFrom<Vec<String>> for Allowed {
    type Error = AllowedError;

    fn try_from(list: Vec<String>) -> Result<Self, AllowedError> {
        list.iter().map(|text| entry(text)).collect::<Result<_, _>>().map(Self)
    }
}

fn entry(text: &str) -> Result<Entry, AllowedError> {
    let text = text.trim();
    match text.parse::<MailAddress>() {
        Ok(address) => Ok(Entry::Address(address.into())),
        Err(_) if text == "*" => Ok(Entry::Any),
        Err(_) if is_domain(text) => Ok(Entry::Domain(text.to_ascii_lowercase())),
        Err(_) => Err(AllowedError),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_and_addresses_are_allowed_and_nothing_like_them() {
        for (list, address, allowed) in [
            ("example.org", "ann@example.org", true),
            ("Example.ORG", "ann@EXAMPLE.org", true),
            ("example.org", "ann@mail.example.org", false),
            ("example.org", "ann@example.org.evil.example", false),
            ("example.org", "ann@evilexample.org", false),
            ("example.org, example.com", "ann@example.com", true),
            ("ann@example.org", "Ann@example.org", true),
            ("ann@example.org", "ann+x@example.org", false),
            ("ann@example.org", "bob@example.org", false),
            ("*", "ann@anywhere.example", true),
            ("", "ann@example.org", false),
        ] {
            let list: Allowed = list.parse().expect(list);
            assert_eq!(list.has(&address.parse().expect(address)), allowed, "{list:?} {address}");
        }
    }

    #[test]
    fn what_is_neither_is_refused() {
        for list in
            [",", "example.org,", "@example.org", "*.example.org", "exam ple.org", "ä.example"]
        {
            assert_eq!(list.parse::<Allowed>(), Err(AllowedError), "{list}");
        }
    }
}
