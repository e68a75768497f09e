//! What a user has settled once: the server, and habits.
//!
//! Invariant: a [`ServerUrl`] is scheme, host and port, nothing else; a flag goes before
//! `WAXSEAL_URL`, and that before the file.

use crate::{
    args::Common,
    failure::{Failure, Kind},
    places::Places,
    words::visible,
};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use std::{fmt, fs, io::ErrorKind, str::FromStr, time::Duration};
use url::{Host, Url};

/// The variable that names the server.
const SERVER: &str = "WAXSEAL_URL";
/// Parts on their way at once.
const JOBS: u8 = 4;
/// How long to keep trying.
const RETRY_FOR: Duration = Duration::from_secs(5 * 60);

/// The configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    server: Option<ServerUrl>,
    from: Option<String>,
    jobs: Option<u8>,
    #[serde(default, deserialize_with = "duration")]
    retry_for: Option<Duration>,
}

/// Settings of this run.
pub(crate) struct Settings {
    server: Option<ServerUrl>,
    /// Who says they sent it.
    pub(crate) from: String,
    /// Parts on their way at once.
    pub(crate) jobs: u8,
    /// How long to keep trying without an answer.
    pub(crate) retry_for: Duration,
}

/// Scheme, host and port of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerUrl(Url);

/// No address of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ServerUrlError {
    /// Not an address at all.
    #[error("a server's address is like https://share.example.org")]
    Address,
    /// Not http or https.
    #[error("a server's address starts with https:// or http://")]
    Scheme,
    /// A path, a query, a name and a password.
    #[error("a server's address is scheme, host and port alone")]
    More,
}

impl Settings {
    /// Reads the file and the environment; flags go before both.
    ///
    /// # Errors
    /// [`Kind::Usage`] if one of them does not fit.
    pub(crate) fn load(common: &Common, places: &Places) -> Result<Self, Failure> {
        let path = common.config.as_ref().unwrap_or(&places.config);
        let unfit = |error: &dyn fmt::Display| {
            let message = format!("the configuration file {}: {error}", path.display());
            Failure::new(Kind::Usage, message)
        };
        let file = match fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text).map_err(|error| unfit(&error.message()))?,
            Err(error) if error.kind() == ErrorKind::NotFound && common.config.is_none() => {
                File::default()
            }
            Err(error) => return Err(unfit(&error)),
        };
        let server = match std::env::var(SERVER) {
            Ok(text) if !text.is_empty() => Some(
                text.parse()
                    .map_err(|error| Failure::new(Kind::Usage, format!("{SERVER}: {error}")))?,
            ),
            _ => file.server,
        };
        let jobs = common.jobs.or(file.jobs).unwrap_or(JOBS);
        if !(1..=16).contains(&jobs) {
            return Err(unfit(&"jobs is 1 to 16"));
        }
        Ok(Self {
            server,
            from: file.from.unwrap_or_default(),
            jobs,
            retry_for: common.retry_for.or(file.retry_for).unwrap_or(RETRY_FOR),
        })
    }

    /// The server to send to.
    ///
    /// # Errors
    /// [`Kind::Usage`] if none is named, or not as it should be.
    pub(crate) fn server(&self, flag: Option<&str>) -> Result<ServerUrl, Failure> {
        let unfit = |error| Failure::new(Kind::Usage, format!("--server: {error}"));
        match (flag, &self.server) {
            (Some(flag), _) => flag.parse().map_err(unfit),
            (None, Some(server)) => Ok(server.clone()),
            (None, None) => Err(Failure::new(
                Kind::Usage,
                format!(
                    "which server? Name it with --server, in {SERVER}, or as `server` in config.toml"
                ),
            )),
        }
    }
}

impl ServerUrl {
    /// The server that a link leads to, whatever its path.
    ///
    /// # Errors
    /// [`ServerUrlError`].
    pub(crate) fn of_link(link: &str) -> Result<Self, ServerUrlError> {
        let mut url = Url::parse(link).map_err(|_| ServerUrlError::Address)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ServerUrlError::More);
        }
        url.set_path("");
        url.set_query(None);
        url.set_fragment(None);
        Self::of(url)
    }

    fn of(url: Url) -> Result<Self, ServerUrlError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ServerUrlError::Scheme);
        }
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !bare || !url.username().is_empty() || url.password().is_some() {
            return Err(ServerUrlError::More);
        }
        Ok(Self(url))
    }

    /// Scheme, host and port, no slash behind it.
    pub(crate) fn origin(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// Whether others on the network can read along: plain http to another machine.
    pub(crate) fn is_exposed(&self) -> bool {
        self.0.scheme() == "http"
            && match self.0.host() {
                Some(Host::Ipv4(address)) => !address.is_loopback(),
                Some(Host::Ipv6(address)) => !address.is_loopback(),
                Some(Host::Domain(name)) => name != "localhost" && !name.ends_with(".localhost"),
                None => true,
            }
    }
}

impl FromStr for ServerUrl {
    type Err = ServerUrlError;

    fn from_str(text: &str) -> Result<Self, ServerUrlError> {
        Self::of(Url::parse(text.trim()).map_err(|_| ServerUrlError::Address)?)
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&visible(self.origin()))
    }
}

impl Serialize for ServerUrl {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.origin())
    }
}

impl<'de> Deserialize<'de> for ServerUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_duration(&text).map(Some).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_scheme_host_and_port() {
        for (text, origin) in [
            ("https://share.example.org", "https://share.example.org"),
            ("https://share.example.org/", "https://share.example.org"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("https://EXAMPLE.org:443", "https://example.org"),
        ] {
            assert_eq!(text.parse::<ServerUrl>().expect(text).origin(), origin);
        }
        for bad in [
            "",
            "share.example.org",
            "ftp://a",
            "https://a/b",
            "https://a?b",
            "https://u:p@a",
            "https://a/#b",
            "localhost:8080",
        ] {
            assert!(bad.parse::<ServerUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        for (text, exposed) in [
            ("http://127.0.0.1:8080", false),
            ("http://[::1]:8080", false),
            ("http://localhost", false),
            ("http://a.localhost", false),
            ("https://example.org", false),
            ("http://example.org", true),
            ("http://192.168.0.1", true),
            ("http://localhost.example.org", true),
        ] {
            assert_eq!(text.parse::<ServerUrl>().expect(text).is_exposed(), exposed, "{text}");
        }
    }
}
