//! Removing what is due to go, without a request.
//!
//! Invariant: no answer depends on it; it is what keeps the promise that content does not outlast its
//! time on the disk. However much is due, requests wait for no more than one step of it.

use super::{super::StoreError, rows::Tx};

/// Parts in one step, each with at most 64 KiB in the database to overwrite.
const PARTS: usize = 64;

/// Claims in one step.
const CLAIMS: usize = 1024;

/// Records in one step.
const RECORDS: usize = 256;

/// Removes some of it; says whether there may be more.
pub(super) fn sweep(tx: &Tx<'_>) -> Result<bool, StoreError> {
    let mut room = Room { parts: PARTS, claims: CLAIMS };
    let over = due(tx, "SELECT key FROM share WHERE content_until <= ? LIMIT ?", PARTS)?;
    for share in over {
        if room.drop_parts(tx, share)? {
            tx.keep_content(share, None)?;
        }
    }
    let staged = "SELECT key FROM part WHERE staged_until <= ? LIMIT ?";
    for part in due(tx, staged, room.parts)? {
        tx.drop_part(part)?;
        room.parts -= 1;
    }
    let gone = due(tx, "SELECT key FROM share WHERE gone_at <= ? LIMIT ?", RECORDS)?;
    for share in &gone {
        if room.drop_parts(tx, *share)? && room.drop_claims(tx, *share)? {
            tx.drop_record(*share)?;
        }
    }
    Ok(room.parts == 0 || room.claims == 0 || gone.len() == RECORDS)
}

/// What else one step may remove.
struct Room {
    parts: usize,
    claims: usize,
}

impl Room {
    /// Removes parts of the share, the one with the seal first; says whether none is left for sure.
    fn drop_parts(&mut self, tx: &Tx<'_>, share: i64) -> Result<bool, StoreError> {
        let dropped = tx.drop_parts(share, self.parts)?;
        let none_left = dropped < self.parts;
        self.parts -= dropped;
        Ok(none_left)
    }

    /// The same for its claims.
    fn drop_claims(&mut self, tx: &Tx<'_>, share: i64) -> Result<bool, StoreError> {
        let dropped = tx.drop_claims(share, self.claims)?;
        let none_left = dropped < self.claims;
        self.claims -= dropped;
        Ok(none_left)
    }
}

fn due(tx: &Tx<'_>, query: &str, limit: usize) -> Result<Vec<i64>, StoreError> {
    let mut statement = tx.db.prepare_cached(query)?;
    let keys =
        statement.query_map((tx.now.unix_millis() as i64, limit as i64), |row| row.get(0))?;
    Ok(keys.collect::<Result<_, _>>()?)
}
