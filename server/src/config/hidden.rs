//! The text of a setting that is a secret or may hold one.
//!
//! Invariant: it always parses, since a parser's failure would print it, and `Debug` does not show it.

use std::{convert::Infallible, fmt, str::FromStr};

/// Whoever uses it checks it.
pub(super) struct Hidden(pub(super) String);

impl FromStr for Hidden {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden(…)")
    }
}
