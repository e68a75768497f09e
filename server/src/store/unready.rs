//! Why a store should get no calls now.
//!
//! Invariant: the reason can be told to anybody; the cause is for the log.

use super::StoreError;

/// Why a store should get no calls now.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub struct Unready {
    /// In words that stay.
    pub reason: Reason,
    /// In detail, maybe with an address.
    pub cause: String,
}

/// Why, in words that stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It cannot be reached, or does not answer in time.
    Unreachable,
    /// It does not let us in, or not do what we must.
    Denied,
    /// It has a setting, if it is known which, with which it cannot keep what it is given.
    Unsafe(Option<&'static str>),
    /// Fewer replicas are connected than must have what is written.
    Replicas,
    /// It fails.
    Failed,
}

impl Reason {
    /// With its cause.
    pub(super) const fn because(self, cause: String) -> Unready {
        Unready { reason: self, cause }
    }
}

impl From<Unready> for StoreError {
    fn from(unready: Unready) -> Self {
        match unready.reason {
            Reason::Failed => Self::Fault(unready.cause),
            _ => Self::Unavailable(unready.cause),
        }
    }
}

impl From<StoreError> for Unready {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(cause) => Reason::Unreachable.because(cause),
            other => Reason::Failed.because(other.to_string()),
        }
    }
}
