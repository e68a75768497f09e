//! The applications that may show the share dialog in their pages.

use crate::identity::PublicUrl;
use serde::Deserialize;
use std::{fmt, str::FromStr};

/// Origins of web applications, each exactly; without any there is no dialog for others.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct EmbeddingOrigins(Vec<PublicUrl>);

/// Something else than origins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an origin such as https://app.example.org, or http:// on this machine; no path, no wildcard"
)]
pub struct EmbeddingOriginsError;

impl EmbeddingOrigins {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for EmbeddingOrigins {
    type Err = EmbeddingOriginsError;

    fn from_str(text: &str) -> Result<Self, EmbeddingOriginsError> {
        match text.trim() {
            "" => Ok(Self::default()),
            list => list.split(',').map(origin).collect::<Result<_, _>>().map(Self),
        }
    }
}

impl TryFrom<Vec<String>> for EmbeddingOrigins {
    type Error = EmbeddingOriginsError;

    fn try_from(list: Vec<String>) -> Result<Self, EmbeddingOriginsError> {
        list.iter().map(|text| origin(text)).collect::<Result<_, _>>().map(Self)
    }
}

fn origin(text: &str) -> Result<PublicUrl, EmbeddingOriginsError> {
    let origin: PublicUrl = text.trim().parse().map_err(|_| EmbeddingOriginsError)?;
    // A content security policy knows no addresses of IPv6.
    let can_be_told = !origin.host().starts_with('[');
    if origin.is_trustworthy() && can_be_told { Ok(origin) } else { Err(EmbeddingOriginsError) }
}

impl fmt::Display for EmbeddingOrigins {
    /// With spaces between, as in a content security policy.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, origin) in self.0.iter().enumerate() {
            write!(f, "{}{origin}", if n > 0 { " " } else { "" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_origins_are_taken_as_browsers_write_them() {
        for (text, origins) in [
            ("", ""),
            ("https://app.example.org", "https://app.example.org"),
            ("https://App.example.org:443/", "https://app.example.org"),
            (
                "https://a.example:8443, https://b.example",
                "https://a.example:8443 https://b.example",
            ),
            ("http://localhost:3000,http://127.0.0.1", "http://localhost:3000 http://127.0.0.1"),
        ] {
            let parsed: EmbeddingOrigins = text.parse().expect(text);
            assert_eq!(parsed.to_string(), origins);
            assert_eq!(parsed.is_empty(), text.is_empty());
        }
    }

    #[test]
    fn nothing_else_is() {
        for text in [
            "*",
            "https://*.example.org",
            "https:",
            "app.example.org",
            "http://app.example.org",
            "http://localhost.example.org",
            "https://app.example.org/path",
            "https://app.example.org,",
            "https://a.example https://b.example",
            "https://a.example; script-src *",
            "https://ann@app.example.org",
            "http://[::1]:3000",
            "null",
            "file:///app",
            "'self'",
        ] {
            assert_eq!(text.parse::<EmbeddingOrigins>(), Err(EmbeddingOriginsError), "{text}");
        }
    }
}
