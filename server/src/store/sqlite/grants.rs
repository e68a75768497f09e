//! Grants of applications, each for one share.
//!
//! Invariant: a grant belongs to the first share that asked, until it is over.

use super::{
    super::StoreError,
    rows::{Tx, millis},
};
use rusqlite::params;
use waxseal_core::{
    time::Timestamp,
    token::{ShareId, TokenHash},
};

pub(super) fn take(
    tx: &Tx<'_>,
    grant: TokenHash,
    id: ShareId,
    until: Timestamp,
) -> Result<(), StoreError> {
    let taken = tx
        .db
        .prepare_cached(
            "INSERT INTO used_grant (hash, share, until) VALUES (?1, ?2, ?3)
             ON CONFLICT (hash) DO UPDATE SET until = ?3 WHERE share = ?2",
        )?
        .execute(params![grant.as_bytes(), id.as_bytes(), millis(until)])?;
    if taken == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}
