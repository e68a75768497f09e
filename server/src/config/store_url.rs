//! Which store to open.
//!
//! Invariant: neither `Debug` nor an error shows the address, which may hold a password.

use super::hidden::Hidden;
use crate::store::redis::{AddressError, Deployment};
use std::{fmt, path::PathBuf};

/// Where shares are kept.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// The embedded store: a file, and a folder beside it.
    Sqlite(PathBuf),
    /// Redis: the address of a [`Deployment`].
    Redis(String),
}

/// No store has this address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum StoreUrlError {
    /// `sqlite:` without a path.
    #[error("sqlite: needs a path, for example sqlite:./data/waxseal.db")]
    NoPath,
    /// Neither that nor an address of Redis.
    #[error(transparent)]
    Redis(#[from] AddressError),
}

impl StoreUrl {
    /// The store that a setting names.
    pub(super) fn read(Hidden(text): &Hidden) -> Result<Self, StoreUrlError> {
        match text.split_once(':') {
            Some(("sqlite", "")) => Err(StoreUrlError::NoPath),
            Some(("sqlite", path)) => Ok(Self::Sqlite(path.into())),
            _ => {
                text.parse::<Deployment>()?;
                Ok(Self::Redis(text.clone()))
            }
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite(_) => "Sqlite(…)",
            Self::Redis(_) => "Redis(…)",
        })
    }
}
