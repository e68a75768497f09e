//! Rates: how much one network, or one owner's address, may do in an hour, as arithmetic that every engine follows (the generic
//! cell rate algorithm, a leaky bucket kept as one time).
//!
//! Invariant: of each of them and kind only the time is kept at which its allowance is whole again, an
//! hour ahead at most, and it is forgotten by then.

use super::{AddressHash, StoreError};
use crate::network::Network;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use waxseal_core::time::Timestamp;

/// In what time an allowance is whole again, in microseconds.
pub(super) const WINDOW: u64 = 60 * 60 * 1_000_000;

/// So many are remembered before those that are whole again are looked for.
const MANY: usize = 1024;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rate {
    /// Shares made.
    Creations,
    /// Claims made, whatever became of them.
    Openings,
    /// Statuses asked for.
    Lookups,
    /// Bytes of bodies that were to be stored.
    Bytes,
    /// Mails asked for, whether any was sent.
    Mails,
}

/// Whose allowance it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whose {
    /// Of whoever asks from there.
    Network(Network),
    /// Of whoever gets mail there, whoever asks for it.
    Address(AddressHash),
}

impl From<AddressHash> for Whose {
    fn from(address: AddressHash) -> Self {
        Self::Address(address)
    }
}

impl From<Network> for Whose {
    fn from(network: Network) -> Self {
        Self::Network(network)
    }
}

/// So much of a kind, of which there may be so much in an hour.
#[derive(Debug, Clone, Copy)]
pub struct Charge {
    rate: Rate,
    cost: u64,
}

/// What is counted with the call that it is for.
#[derive(Clone)]
pub struct Toll {
    /// Who calls.
    pub whose: Whose,
    /// What they use.
    pub charges: Vec<Charge>,
}

impl Rate {
    /// As keys and messages spell it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Creations => "creations",
            Self::Openings => "openings",
            Self::Lookups => "lookups",
            Self::Bytes => "bytes",
            Self::Mails => "mails",
        }
    }
}

impl Charge {
    /// None where there is nothing to count, or no limit. More than a whole hour's allowance at once
    /// counts as that.
    pub fn new(rate: Rate, amount: u64, an_hour: u64) -> Option<Self> {
        let cost = (u128::from(amount) * u128::from(WINDOW)).div_ceil(u128::from(an_hour).max(1));
        let cost = u64::try_from(cost).unwrap_or(WINDOW).min(WINDOW);
        (amount > 0 && an_hour > 0).then_some(Self { rate, cost })
    }

    pub(super) const fn rate(self) -> Rate {
        self.rate
    }

    /// What it takes of the window, in microseconds.
    pub(super) const fn cost(self) -> u64 {
        self.cost
    }
}

/// The refusal of what would fit only after so many microseconds.
pub(super) const fn too_many(wait: u64) -> StoreError {
    StoreError::TooMany { wait: Duration::from_micros(wait) }
}

/// Counts in memory, for one server.
#[derive(Default)]
pub(crate) struct Counts(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// When an allowance is whole again, in microseconds.
    whole: HashMap<(Whose, Rate), u64>,
    /// At how many to look again for those that are.
    tidy_at: usize,
}

impl Counts {
    /// As `Store::charge`.
    pub(crate) fn charge(
        &self,
        whose: Whose,
        charges: &[Charge],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let now = now.unix_millis() * 1000;
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Inner { whole, tidy_at } = &mut *inner;
        if whole.len() >= (*tidy_at).max(MANY) {
            whole.retain(|_, at| *at > now);
            *tidy_at = whole.len() * 2;
        }
        let after = |charge: &Charge| {
            let known = whole.get(&(whose, charge.rate)).copied().unwrap_or(0);
            known.max(now) + charge.cost
        };
        let afters: Vec<u64> = charges.iter().map(after).collect();
        let wait = afters.iter().max().map_or(0, |last| last.saturating_sub(now + WINDOW));
        if wait > 0 {
            return Err(too_many(wait));
        }
        whole.extend(charges.iter().map(|charge| (whose, charge.rate)).zip(afters));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn nobody_is_remembered_for_longer_than_it_matters() {
        let counts = Counts::default();
        let charge = [Charge::new(Rate::Openings, 1, 3600).expect("it is limited")];
        for n in 0..100_000_u32 {
            // One a second makes each whole again when the next comes.
            let now = Timestamp::from_unix_millis(u64::from(n) * 1000);
            let network = Network::from(std::net::IpAddr::from(Ipv4Addr::from_bits(n)));
            counts.charge(network.into(), &charge, now).expect("each has the whole");
        }
        assert!(counts.0.lock().expect("no test panics").whole.len() <= MANY);
    }

    #[test]
    fn nobody_is_forgotten_before_they_have_the_whole_again() {
        let counts = Counts::default();
        let all = [Charge::new(Rate::Openings, 10, 10).expect("it is limited")];
        let network = |n| Network::from(std::net::IpAddr::from(Ipv4Addr::from_bits(n)));
        let charge = |n, now| counts.charge(network(n).into(), &all, now);
        let start = Timestamp::from_unix_millis(1_772_546_520_123);
        for n in 0..3 * MANY as u32 {
            charge(n, start).expect("each has the whole");
        }
        for n in 0..3 * MANY as u32 {
            assert!(charge(n, start).is_err(), "{n} has used everything");
        }
    }
}
