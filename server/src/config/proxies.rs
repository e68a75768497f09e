//! The reverse proxies that are believed.

use ipnet::IpNet;
use serde::Deserialize;
use std::{net::IpAddr, str::FromStr};

/// Networks of which every address is a reverse proxy of ours.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct Proxies(pub(super) Vec<IpNet>);

/// Something else than addresses and networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an IP address or a network, such as 10.0.0.0/8 or ::1")]
pub struct ProxiesError;

impl FromStr for Proxies {
    type Err = ProxiesError;

    fn from_str(text: &str) -> Result<Self, ProxiesError> {
        match text.trim() {
            "" => Ok(Self::default()),
            list => list.split(',').map(network).collect::<Result<_, _>>().map(Self),
        }
    }
}

impl TryFrom<Vec<String>> for Proxies {
    type Error = ProxiesError;

    fn try_from(list: Vec<String>) -> Result<Self, ProxiesError> {
        list.iter().map(|text| network(text)).collect::<Result<_, _>>().map(Self)
    }
}

fn network(text: &str) -> Result<IpNet, ProxiesError> {
    let text = text.trim();
    let address = || Some(text.parse::<IpAddr>().ok()?.to_canonical().into());
    text.parse().ok().or_else(address).ok_or(ProxiesError)
}
