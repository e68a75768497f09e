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

use crate::linearizability::{Timed, Verdict, judge};
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

    /// Judges share by share, till one is refused.
    pub fn judged(&self) -> Judgement {
        let mut undecided = 0;
        for (share, history) in self.shares.iter().enumerate() {
            match history.verdict(&self.clock) {
                Verdict::Linearizable => {}
                Verdict::Undecided => undecided += 1,
                Verdict::Refused => {
                    let refused = Some(Refused::new(self, share, history));
                    return Judgement { refused, undecided };
                }
            }
        }
        Judgement { refused: None, undecided }
    }
}

/// What can be said of a history.
pub struct Judgement {
    /// A share to which something happened that may not have.
    pub refused: Option<Refused>,
    /// Of how many shares too much is possible to try it all.
    pub undecided: usize,
}

impl OneHistory {
    fn verdict(&self, clock: &[Minute]) -> Verdict {
        judge(&OneShare { terms: self.terms, clock }, &self.calls)
    }
}
