//! Rates in Redis, so that all servers on it count together.
//!
//! Invariant: a network or an address is named by a hash, and its keys are gone when its allowance is whole again.
//! A Redis that cannot count is no reason to refuse and none to stop counting: this server then counts by
//! itself.

use super::{
    super::{
        Charge, Counts, Full, StoreError, Toll, Whose,
        rate::{WINDOW, too_many},
    },
    link::Link,
    scripts::{self, Invocation},
};
use ::redis::from_redis_value;
use sha2::{Digest, Sha256};
use std::{
    net::IpAddr,
    sync::atomic::{AtomicBool, Ordering},
};
use waxseal_core::{base64url, time::Timestamp};

/// How far Redis has counted.
#[derive(Default)]
pub(super) struct Rates {
    /// What this server counts while Redis cannot.
    alone: Counts,
    is_alone: AtomicBool,
}

impl Rates {
    /// As `Store::charge`.
    pub(super) async fn charge(
        &self,
        link: &Link,
        (whose, charges): (Whose, &[Charge]),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut invocation = scripts::RATE.invoke();
        invocation.arg(now.unix_millis());
        add(&mut invocation, whose, charges);
        let counted = link.run(&invocation).await.and_then(|wait| {
            let wait = from_redis_value(wait);
            wait.map_err(|_| StoreError::Fault("a count is not a number".to_owned()))
        });
        match counted {
            Ok(wait) => {
                self.is_alone.store(false, Ordering::Relaxed);
                if wait == 0 { Ok(()) } else { Err(too_many(wait)) }
            }
            Err(error) => self.charge_alone(&error, (whose, charges), now),
        }
    }

    /// The result of a script that was to count, too, unless it could not and is to run without: it may
    /// write nothing once memory is full, and whoever is between us and Redis may keep keys apart.
    pub(super) fn judge<T>(
        &self,
        result: Result<T, StoreError>,
        toll: &Toll,
        now: Timestamp,
    ) -> Option<Result<T, StoreError>> {
        match result {
            Err(StoreError::Full(Full::Engine) | StoreError::Fault(_)) => None,
            Err(error @ StoreError::Unavailable(_)) => {
                let charged = self.charge_alone(&error, (toll.whose, &toll.charges), now);
                Some(charged.and(Err(error)))
            }
            counted => {
                self.is_alone.store(false, Ordering::Relaxed);
                Some(counted)
            }
        }
    }

    fn charge_alone(
        &self,
        error: &StoreError,
        (whose, charges): (Whose, &[Charge]),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if !self.is_alone.swap(true, Ordering::Relaxed) {
            tracing::warn!(%error, "rates are counted by this server alone");
        }
        self.alone.charge(whose, charges, now)
    }
}

/// Has a script count this, whose other arguments are there already.
pub(super) fn add(invocation: &mut Invocation<'_>, whose: Whose, charges: &[Charge]) {
    let name = name(whose);
    invocation.arg(WINDOW);
    for charge in charges {
        invocation.key(format!("waxseal:rate:{{{name}}}:{}", charge.rate().name()));
        invocation.arg(charge.cost());
    }
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
