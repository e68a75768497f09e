//! Histories: what happened to shares while many clients used them, and whether it may have.
//!
//! Invariant: a history is judged by the specification alone, share by share, for no share has to do
//! with another.

mod call;
mod plan;
mod recorder;
mod refused;
mod secrets;
mod specification;
mod tally;

pub use recorder::Servers;
pub use refused::Refused;
pub use tally::Tally;

use crate::linearizability::{Timed, is_linearizable};
use call::{Call, Minute};
use specification::{OneShare, Terms};
use std::time::Duration;

/// What happened to some shares in the same time.
pub struct History {
    /// Of all that was drawn for it.
    seed: u64,
    /// The time at each reading of the clock.
    clock: Vec<Minute>,
    shares: Vec<OneHistory>,
    took: Duration,
}

/// What happened to one share.
#[derive(Clone)]
struct OneHistory {
    /// What was fixed before.
    terms: Terms,
    /// In the order in which they were made.
    calls: Vec<Timed<Call>>,
}

impl History {
    /// Whether it was over within a minute. Of one that was not, the times cannot be told apart.
    pub fn can_be_judged(&self) -> bool {
        self.took < Duration::from_secs(60)
    }

    /// Finds a share to which something happened that may not have.
    pub fn refused(&self) -> Option<Refused> {
        let mut shares = self.shares.iter().enumerate();
        let (share, history) = shares.find(|(_, history)| !history.fits(&self.clock))?;
        Some(Refused::new(self, share, history))
    }
}

impl OneHistory {
    fn fits(&self, clock: &[Minute]) -> bool {
        is_linearizable(&OneShare { terms: self.terms, clock }, &self.calls)
    }
}
