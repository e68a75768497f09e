//! What one network, or one owner, may do in an hour, as the settings say.

use crate::{
    problem::ApiError,
    store::{Charge, Rate, Store, Toll, Whose},
};
use std::sync::Arc;

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
}

impl Rates {
    pub(crate) const fn new(allowance: Allowance, store: Arc<dyn Store>) -> Self {
        Self { allowance, store }
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
        self.pay(self.toll(whose, what)).await
    }

    /// As [`Self::admit`].
    pub(crate) async fn pay(&self, toll: Option<Toll>) -> Result<(), ApiError> {
        let Some(Toll { whose, charges }) = toll else { return Ok(()) };
        Ok(self.store.charge(whose, &charges).await?)
    }

    /// What is to be counted for this, if anything is.
    pub(crate) fn toll(&self, whose: impl Into<Whose>, what: &[(Rate, u64)]) -> Option<Toll> {
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
        (!charges.is_empty()).then_some(Toll { whose, charges })
    }
}
