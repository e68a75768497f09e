//! Removing what is due to go, without a request.
//!
//! Invariant: no answer depends on it; it is what keeps the promise that content does not outlast its
//! time on the disk.

use super::{super::StoreError, rows::Tx};

/// Rows of each kind in one transaction, so that requests wait for few.
const ROWS: i64 = 64;

/// Removes some of it; says whether there may be more.
pub(super) fn sweep(tx: &Tx<'_>) -> Result<bool, StoreError> {
    let content = due(tx, "SELECT key FROM share WHERE content_until <= ? LIMIT ?")?;
    for share in &content {
        tx.drop_content(*share)?;
    }
    let parts = due(tx, "SELECT key FROM part WHERE staged_until <= ? LIMIT ?")?;
    for part in &parts {
        tx.drop_part(*part)?;
    }
    let shares = due(tx, "SELECT key FROM share WHERE gone_at <= ? LIMIT ?")?;
    for share in &shares {
        tx.drop_share(*share)?;
    }
    Ok([content, parts, shares].iter().any(|rows| rows.len() as i64 == ROWS))
}

fn due(tx: &Tx<'_>, query: &str) -> Result<Vec<i64>, StoreError> {
    let mut statement = tx.db.prepare_cached(query)?;
    let keys = statement.query_map((tx.now.unix_millis() as i64, ROWS), |row| row.get(0))?;
    Ok(keys.collect::<Result<_, _>>()?)
}
