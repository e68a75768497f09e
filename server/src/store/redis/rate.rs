//! Rates in Redis, so that all servers on it count together.
//!
//! Invariant: a network or an address is named by a hash, and its keys are gone when its allowance is whole again.

use super::{
    super::{
        StoreError,
        rate::{Charge, Whose, moment, too_many},
    },
    link::Link,
    scripts::Script,
};
use ::redis::from_redis_value;
use sha2::{Digest, Sha256};
use std::{net::IpAddr, sync::LazyLock};
use waxseal_core::{base64url, time::Timestamp};

static RATE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("rate.lua")));

/// As `Store::charge`.
pub(super) async fn charge(
    link: &Link,
    whose: Whose,
    charges: &[Charge],
    now: Timestamp,
) -> Result<(), StoreError> {
    let name = name(whose);
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

fn name(whose: Whose) -> String {
    let mut hash = Sha256::new_with_prefix(b"waxseal rate");
    match whose {
        Whose::Network(network) => match network.address() {
            IpAddr::V4(address) => hash.update(address.octets()),
            IpAddr::V6(address) => hash.update(address.octets()),
        },
        // Longer than any of those.
        Whose::Address(address) => hash.update(address.as_bytes()),
    }
    base64url::encode(&hash.finalize()[..16])
}
