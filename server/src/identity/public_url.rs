//! Where browsers reach the server.
//!
//! Invariant: an origin and nothing else, so that a path and a fragment can be put behind it.

use std::{fmt, str::FromStr};
use url::{Host, Url};
use waxseal_core::mail_address::is_domain;

/// An origin, such as `https://share.example.org`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(Url);

/// No origin of http or https.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an address without a path, such as https://share.example.org")]
pub struct PublicUrlError;

impl PublicUrl {
    /// Whether nobody on the way can read along: by encryption, or because there is no way.
    pub fn is_trustworthy(&self) -> bool {
        self.is_https()
            || match self.0.host() {
                Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
                Some(Host::Ipv4(address)) => address.is_loopback(),
                Some(Host::Ipv6(address)) => address.is_loopback(),
                None => false,
            }
    }

    /// Whether browsers reach it by https.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The host, as people know it.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

impl FromStr for PublicUrl {
    type Err = PublicUrlError;

    fn from_str(text: &str) -> Result<Self, PublicUrlError> {
        let url = Url::parse(text).map_err(|_| PublicUrlError)?;
        let is_origin = matches!(url.scheme(), "http" | "https")
            && url.path() == "/"
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
            && !matches!(url.host(), Some(Host::Domain(name)) if !is_domain(name));
        if is_origin { Ok(Self(url)) } else { Err(PublicUrlError) }
    }
}

impl fmt::Display for PublicUrl {
    /// Without a slash at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_taken_with_and_without_a_slash() {
        for (text, origin, trustworthy) in [
            ("https://share.example.org", "https://share.example.org", true),
            ("https://Share.example.org:8443/", "https://share.example.org:8443", true),
            ("http://localhost:8080", "http://localhost:8080", true),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080", true),
            ("http://[::1]:8080", "http://[::1]:8080", true),
            ("http://share.example.org", "http://share.example.org", false),
            ("http://localhost.example.org", "http://localhost.example.org", false),
        ] {
            let url: PublicUrl = text.parse().expect(text);
            assert_eq!((url.to_string().as_str(), url.is_trustworthy()), (origin, trustworthy));
        }
    }

    #[test]
    fn nothing_else_is() {
        for text in [
            "",
            "share.example.org",
            "ftp://example.org",
            "https://",
            "https://example.org/a",
            "https://example.org/?a",
            "https://example.org/#a",
            "https://ann@example.org",
            "javascript:alert(1)",
            "https://a\"b.example",
            "mailto:ann@example.org",
        ] {
            assert_eq!(text.parse::<PublicUrl>(), Err(PublicUrlError), "{text}");
        }
    }
}
