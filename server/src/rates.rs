//! What one network, or one owner, may do in an hour, as the settings say.
//!
//! Invariant: a store that cannot count is no reason to refuse and none to stop counting: this server
//! then counts by itself.

use crate::{
    problem::ApiError,
    store::{Charge, Clock, Counts, Rate, Store, StoreError, SystemClock, Whose},
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// How much of each an hour; 0 = any.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    pub(crate) creations: u64,
    pub(crate) openings: u64,
    pub(crate) lookups: u64,
    pub(crate) bytes: u64,
    pub(crate) mails: u64,
    pub(crate) mails_to_one: u64,
}

/// Counts for all handlers.
pub(crate) struct Rates {
    allowance: Allowance,
    store: Arc<dyn Store>,
    /// What this server counts while the store cannot.
    alone: Counts,
    is_alone: AtomicBool,
}

impl Rates {
    pub(crate) fn new(allowance: Allowance, store: Arc<dyn Store>) -> Self {
        Self { allowance, store, alone: Counts::default(), is_alone: AtomicBool::new(false) }
    }

    /// Counts all of this, or refuses.
    ///
    /// # Errors
    /// 429, with nothing counted.
    pub(crate) async fn admit(
        &self,
        whose: impl Into<Whose>,
        what: &[(Rate, u64)],
    ) -> Result<(), ApiError> {
        let whose = whose.into();
        let charge = |&(rate, amount): &(Rate, u64)| {
            let an_hour = match rate {
                Rate::Creations => self.allowance.creations,
                Rate::Openings => self.allowance.openings,
                Rate::Lookups => self.allowance.lookups,
                Rate::Bytes => self.allowance.bytes,
                Rate::Mails => match whose {
                    Whose::Network(_) => self.allowance.mails,
                    Whose::Address(_) => self.allowance.mails_to_one,
                },
            };
            Charge::new(rate, amount, an_hour)
        };
        let charges: Vec<Charge> = what.iter().filter_map(charge).collect();
        if charges.is_empty() {
            return Ok(());
        }
        let counted = match self.store.charge(whose, &charges).await {
            counted @ (Ok(()) | Err(StoreError::TooMany { .. })) => {
                self.is_alone.store(false, Ordering::Relaxed);
                counted
            }
            Err(error) => {
                if !self.is_alone.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, "rates are counted by this server alone");
                }
                self.alone.charge(whose, &charges, SystemClock.now())
            }
        };
        Ok(counted?)
    }
}
