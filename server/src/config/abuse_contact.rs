//! Where reports of abuse go.
//!
//! Invariant: as an address in a page it leads to a mail program or to another page, nothing else.

use std::{fmt, str::FromStr};

/// An e-mail address, or that of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbuseContact(String);

/// Neither of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an e-mail address such as abuse@example.org, or an address that starts with https://")]
pub struct AbuseContactError;

impl AbuseContact {
    /// As the target of a link.
    pub fn href(&self) -> String {
        if self.0.starts_with(HTTPS) { self.0.clone() } else { format!("mailto:{}", self.0) }
    }
}

const HTTPS: &str = "https://";

impl FromStr for AbuseContact {
    type Err = AbuseContactError;

    fn from_str(text: &str) -> Result<Self, AbuseContactError> {
        // What stands in a link as it is. Of an address no more is asked: whoever sets it reads there.
        let fits = |part: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || "!$&'*+,-./:;=?_~%".contains(c);
            !part.is_empty() && part.chars().all(fits)
        };
        let is_one = match text.strip_prefix(HTTPS) {
            Some(rest) => fits(rest),
            None => text.split_once('@').is_some_and(|(name, host)| {
                fits(name) && fits(host) && !text.contains([':', '?', '%', '&'])
            }),
        };
        if is_one { Ok(Self(text.to_owned())) } else { Err(AbuseContactError) }
    }
}

impl fmt::Display for AbuseContact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_and_pages_are_taken() {
        for (text, href) in [
            ("abuse@example.org", "mailto:abuse@example.org"),
            ("a.b+c@mail.example.org", "mailto:a.b+c@mail.example.org"),
            ("https://example.org/report?by=web&to=us", "https://example.org/report?by=web&to=us"),
        ] {
            let contact: AbuseContact = text.parse().expect(text);
            assert_eq!((contact.href().as_str(), contact.to_string().as_str()), (href, text));
        }
    }

    #[test]
    fn nothing_else_is() {
        for text in [
            "",
            "abuse",
            "@example.org",
            "abuse@",
            "a@b@c",
            "https://",
            "http://example.org",
            "javascript:alert(1)//@example.org",
            "https://example.org/\"onclick=",
            "https://example.org/<b>",
            "a@example.org?subject=x",
            "a b@example.org",
            "mailto:a@example.org",
        ] {
            assert_eq!(text.parse::<AbuseContact>(), Err(AbuseContactError), "{text}");
        }
    }
}
