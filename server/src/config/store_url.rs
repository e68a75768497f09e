//! Which store to open.
//!
//! Invariant: neither `Debug` nor an error shows the address, which may hold a password.

use crate::store::redis::{AddressError, Deployment};
use std::{convert::Infallible, fmt, path::PathBuf, str::FromStr};

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

/// The text of a setting. It always parses, since a parser's failure would print it.
pub(super) struct Unchecked(String);

impl Unchecked {
    /// The store it names.
    pub(super) fn check(&self) -> Result<StoreUrl, StoreUrlError> {
        match self.0.split_once(':') {
            Some(("sqlite", "")) => Err(StoreUrlError::NoPath),
            Some(("sqlite", path)) => Ok(StoreUrl::Sqlite(path.into())),
            _ => {
                self.0.parse::<Deployment>()?;
                Ok(StoreUrl::Redis(self.0.clone()))
            }
        }
    }
}

impl FromStr for Unchecked {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Unchecked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unchecked(…)")
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
