//! Rates in Redis, so that all servers on it count together.
//!
//! Invariant: a network is named by a hash, and its keys are gone when its allowance is whole again.

use super::{
    super::{
        StoreError,
        rate::{Charge, moment, too_many},
    },
    link::Link,
    scripts::Script,
};
use crate::network::Network;
use ::redis::from_redis_value;
use sha2::{Digest, Sha256};
use std::{net::IpAddr, sync::LazyLock};
use waxseal_core::{base64url, time::Timestamp};

static RATE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("rate.lua")));

/// As `Store::charge`.
pub(super) async fn charge(
    link: &Link,
    network: Network,
    charges: &[Charge],
    now: Timestamp,
) -> Result<(), StoreError> {
    let name = name(network);
    let (now, window) = moment(now);
    let mut invocation = RATE.invoke();
    invocation.arg(now).arg(window);
    for charge in charges {
        invocation.key(format!("waxseal:rate:{{{name}}}:{}", charge.rate().name()));
        invocation.arg(charge.cost());
    }
    let wait: u64 = from_redis_value(link.run(&invocation).await?)
        .map_err(|_| StoreError::Fault("a count is not a number".to_owned()))?;
    if wait == 0 { Ok(()) } else { Err(too_many(wait)) }
}

fn name(network: Network) -> String {
    let mut hash = Sha256::new_with_prefix(b"waxseal rate");
    match network.address() {
        IpAddr::V4(address) => hash.update(address.octets()),
        IpAddr::V6(address) => hash.update(address.octets()),
    }
    base64url::encode(&hash.finalize()[..16])
}
