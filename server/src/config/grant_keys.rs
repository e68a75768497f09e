//! Where the keys of an application that grants are.
//!
//! Invariant: what comes over a network comes by https, but from this machine.

use std::{fmt, path::PathBuf, str::FromStr};
use url::{Host, Url};

/// A file, or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantKeys {
    /// PEM, or a JWK set.
    File(PathBuf),
    /// Of a JWK set.
    Address(Url),
}

/// An address that could be tampered with, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a file or an https:// address; http:// only on this machine")]
pub struct GrantKeysError;

impl FromStr for GrantKeys {
    type Err = GrantKeysError;

    fn from_str(text: &str) -> Result<Self, GrantKeysError> {
        if !text.contains("://") {
            let is_file = !text.is_empty();
            return is_file.then(|| Self::File(text.into())).ok_or(GrantKeysError);
        }
        let url: Url = text.parse().map_err(|_| GrantKeysError)?;
        let is_here = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        let is_safe = url.scheme() == "https" || url.scheme() == "http" && is_here;
        is_safe.then_some(Self::Address(url)).ok_or(GrantKeysError)
    }
}

impl fmt::Display for GrantKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Address(url) => url.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_safe_addresses_are_taken() {
        for (text, is_file) in [
            ("keys.pem", true),
            ("/etc/waxseal/keys.json", true),
            ("https://app.example.org/.well-known/jwks.json", false),
            ("http://127.0.0.1:3000/jwks", false),
            ("http://localhost/jwks", false),
            ("http://[::1]/jwks", false),
        ] {
            let keys: GrantKeys = text.parse().expect(text);
            assert_eq!(matches!(keys, GrantKeys::File(_)), is_file, "{text}");
            assert_eq!(keys.to_string(), text);
        }
    }

    #[test]
    fn others_are_refused() {
        for text in ["", "http://app.example.org/jwks", "ftp://a/b", "https://", "file:///a"] {
            assert_eq!(text.parse::<GrantKeys>(), Err(GrantKeysError), "{text}");
        }
    }
}
