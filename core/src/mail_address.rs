//! An owner's e-mail address, of the kind that everybody has: `local@domain` in ASCII
//! (RFC 5321 section 4.1.2, without quoted local parts and address literals).
//!
//! Invariant: it holds nothing that a mail's header or an SMTP command would read as an end.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

#[cfg(feature = "openapi")]
use utoipa::ToSchema;

/// RFC 5321 section 4.5.3.1.
const LOCAL_MAX: usize = 64;
const LABEL_MAX: usize = 63;
const MAX: usize = 254;

/// An address; the domain in lower case.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(ToSchema), schema(value_type = String, max_length = 254))]
pub struct MailAddress(String);

/// Something else than an address that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no e-mail address")]
pub struct MailAddressError;

impl MailAddress {
    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is in front of the `@`.
    pub fn local(&self) -> &str {
        self.halves().0
    }

    /// What is behind it, in lower case.
    pub fn domain(&self) -> &str {
        self.halves().1
    }

    fn halves(&self) -> (&str, &str) {
        self.0.rsplit_once('@').unwrap_or((&self.0, ""))
    }
}

impl FromStr for MailAddress {
    type Err = MailAddressError;

    fn from_str(text: &str) -> Result<Self, MailAddressError> {
        let (local, domain) = text.rsplit_once('@').ok_or(MailAddressError)?;
        if text.len() <= MAX && is_local(local) && is_domain(domain) {
            Ok(Self(format!("{local}@{}", domain.to_ascii_lowercase())))
        } else {
            Err(MailAddressError)
        }
    }
}

impl TryFrom<String> for MailAddress {
    type Error = MailAddressError;

    fn try_from(text: String) -> Result<Self, MailAddressError> {
        text.parse()
    }
}

impl From<MailAddress> for String {
    fn from(address: MailAddress) -> Self {
        address.0
    }
}

impl fmt::Debug for MailAddress {
    /// Without content: addresses stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailAddress(…)")
    }
}

fn is_local(local: &str) -> bool {
    let is_atom = |atom: &str| {
        let fits = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&c);
        !atom.is_empty() && atom.bytes().all(fits)
    };
    local.len() <= LOCAL_MAX && local.split('.').all(is_atom)
}

/// Whether it is the name of a domain.
pub fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        let fits = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
        let ends = |c| label.starts_with(c) || label.ends_with(c);
        (1..=LABEL_MAX).contains(&label.len()) && label.bytes().all(fits) && !ends('-')
    };
    domain.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_has_is_taken() {
        for (text, local, domain) in [
            ("ann@example.org", "ann", "example.org"),
            ("Ann.B+tag@Mail.Example.ORG", "Ann.B+tag", "mail.example.org"),
            ("root@localhost", "root", "localhost"),
            ("o'neil/x@xn--mller-kva.example", "o'neil/x", "xn--mller-kva.example"),
        ] {
            let address: MailAddress = text.parse().expect(text);
            assert_eq!((address.local(), address.domain()), (local, domain));
            assert_eq!(address.as_str(), format!("{local}@{domain}"));
            assert!(!format!("{address:?}").contains("example"));
        }
    }

    #[test]
    fn nothing_else_is() {
        let long_local = format!("{}@example.org", "a".repeat(65));
        let long_label = format!("a@{}.org", "a".repeat(64));
        let long = format!("a@{}org", "abcdefgh.".repeat(28));
        for text in [
            "",
            "@",
            "ann",
            "ann@",
            "@example.org",
            "a b@example.org",
            "a@b c",
            "a@example..org",
            "a@.org",
            "a@example.org.",
            ".a@example.org",
            "a.@example.org",
            "a..b@example.org",
            "a@-b.org",
            "a@b-.org",
            "a@b@example.org",
            "\"a b\"@example.org",
            "a@[127.0.0.1]",
            "<a@example.org>",
            "a@example.org\r\nBcc: b@example.org",
            "a@example.org\n",
            "ä@example.org",
            "a@müller.example",
            "a@example.org>",
            "a,b@example.org",
            &long_local,
            &long_label,
            &long,
        ] {
            assert_eq!(text.parse::<MailAddress>(), Err(MailAddressError), "{text:?}");
        }
    }
}
