//! Settings of traces.
//!
//! Invariant: the collector's address has no password in it; one that has is refused, and not repeated.

use super::hidden::Hidden;
use conf::Conf;
use serde::Deserialize;
use std::{fmt, str::FromStr};
use url::Url;

/// Where a collector takes traces by HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtlpEndpoint(Url);

/// No such address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an address such as http://127.0.0.1:4318, or https://; no password, query or fragment")]
pub struct OtlpEndpointError;

impl FromStr for OtlpEndpoint {
    type Err = OtlpEndpointError;

    fn from_str(text: &str) -> Result<Self, OtlpEndpointError> {
        let mut url: Url = text.parse().map_err(|_| OtlpEndpointError)?;
        let is_one = matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !is_one {
            return Err(OtlpEndpointError);
        }
        // As collectors have it by themselves (OTLP 1.0, "OTLP/HTTP Request").
        if url.path() == "/" {
            url.set_path("/v1/traces");
        }
        Ok(Self(url))
    }
}

impl fmt::Display for OtlpEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A part of all: 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
pub struct Ratio(f64);

/// Less than nothing, or more than all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a number from 0 to 1")]
pub struct RatioError;

impl Ratio {
    /// As a number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Ratio {
    type Error = RatioError;

    fn try_from(ratio: f64) -> Result<Self, RatioError> {
        (0.0..=1.0).contains(&ratio).then_some(Self(ratio)).ok_or(RatioError)
    }
}

impl FromStr for Ratio {
    type Err = RatioError;

    fn from_str(text: &str) -> Result<Self, RatioError> {
        text.parse::<f64>().map_err(|_| RatioError)?.try_into()
    }
}

/// Those that begin with `otlp`.
#[derive(Debug, Conf)]
#[conf(serde)]
pub struct OtlpSettings {
    /// Collector that traces are sent to by OTLP over HTTP (protobuf), such as http://127.0.0.1:4318;
    /// without a path it is /v1/traces.
    #[conf(long, env, serde(use_value_parser))]
    otlp_endpoint: Option<Hidden>,

    /// Part of the traces that begin at this server that is recorded, from 0 to 1; of those that a
    /// trusted proxy began, it decides.
    #[conf(long, env, default_value = "1")]
    pub otlp_sample: Ratio,

    /// What the server is called in traces.
    #[conf(long, env, default_value = "waxseal", value_parser = name, serde(use_value_parser))]
    pub otlp_service_name: String,
}

/// Settings that do not fit.
#[derive(Debug, thiserror::Error)]
#[error("otlp-endpoint: {0}")]
pub(super) struct OtlpError(OtlpEndpointError);

impl OtlpSettings {
    /// Where traces are sent, if anywhere.
    pub fn endpoint(&self) -> Option<OtlpEndpoint> {
        let endpoint = self.otlp_endpoint.as_ref()?;
        Some(endpoint.0.parse().expect("it was checked when the settings were read"))
    }

    pub(super) fn check(&self) -> Result<(), OtlpError> {
        let parsed = self.otlp_endpoint.as_ref().map(|text| text.0.parse::<OtlpEndpoint>());
        parsed.transpose().map(drop).map_err(OtlpError)
    }
}

fn name(text: &str) -> Result<String, &'static str> {
    if text.is_empty() { Err("a name") } else { Ok(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_the_usual_path_unless_they_have_their_own() {
        for (text, url) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("https://otel.example.org/", "https://otel.example.org/v1/traces"),
            ("http://[::1]:4318/v1/traces", "http://[::1]:4318/v1/traces"),
            ("http://jaeger/otlp/v1/traces", "http://jaeger/otlp/v1/traces"),
        ] {
            let endpoint: OtlpEndpoint = text.parse().expect(text);
            assert_eq!(endpoint.to_string(), url);
        }
        for text in [
            "",
            "127.0.0.1:4318",
            "localhost:4318",
            "grpc://localhost:4317",
            "http://",
            "http://ann@localhost",
            "http://:hunter2@localhost",
            "http://localhost?key=hunter2",
            "http://localhost#x",
        ] {
            assert_eq!(text.parse::<OtlpEndpoint>(), Err(OtlpEndpointError), "{text}");
        }
    }

    #[test]
    fn a_part_is_no_more_than_all() {
        for (text, ratio) in [("0", Some(0.0)), ("0.25", Some(0.25)), ("1", Some(1.0))] {
            assert_eq!(text.parse().ok().map(Ratio::get), ratio, "{text}");
        }
        for text in ["", "-0.1", "1.01", "NaN", "inf", "all"] {
            assert_eq!(text.parse::<Ratio>(), Err(RatioError), "{text}");
        }
    }
}
