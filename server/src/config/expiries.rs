//! The expiries that are offered.
//!
//! Invariant: there is at least one, and the choice is in order, whatever the order of the setting.

use serde::Deserialize;
use std::str::FromStr;
use waxseal_core::wire::{ExpiresIn, ExpiresInError};

/// A choice of expiries, ascending, each once, at least one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<ExpiresIn>")]
pub struct Expiries(Vec<ExpiresIn>);

/// No choice of expiries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExpiriesError {
    /// None is offered.
    #[error("offer at least one expiry")]
    Empty,
    /// One is not a whole number of seconds.
    #[error("an expiry is a whole number of seconds")]
    Number,
    /// One is too short or too long.
    #[error(transparent)]
    Range(#[from] ExpiresInError),
}

impl Expiries {
    /// All of them.
    pub fn get(&self) -> &[ExpiresIn] {
        &self.0
    }
}

impl TryFrom<Vec<ExpiresIn>> for Expiries {
    type Error = ExpiriesError;

    fn try_from(mut expiries: Vec<ExpiresIn>) -> Result<Self, ExpiriesError> {
        expiries.sort_unstable();
        expiries.dedup();
        if expiries.is_empty() { Err(ExpiriesError::Empty) } else { Ok(Self(expiries)) }
    }
}

impl FromStr for Expiries {
    type Err = ExpiriesError;

    fn from_str(text: &str) -> Result<Self, ExpiriesError> {
        if text.trim().is_empty() {
            return Err(ExpiriesError::Empty);
        }
        text.split(',').map(expiry).collect::<Result<Vec<_>, _>>()?.try_into()
    }
}

/// One of them, in seconds.
pub(super) fn expiry(text: &str) -> Result<ExpiresIn, ExpiriesError> {
    let seconds = text.trim().parse::<u32>().map_err(|_| ExpiriesError::Number)?;
    Ok(seconds.try_into()?)
}
