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
            tx.end_content(share)?;
        }
    }
    let staged = "SELECT key FROM part WHERE staged_until <= ? LIMIT ?";
    for part in due(tx, staged, room.parts)? {
        tx.drop_part(part)?;
        room.parts -= 1;
    }
    for over in [
        "DELETE FROM session WHERE hash IN (SELECT hash FROM session WHERE until <= ? LIMIT ?)",
        "DELETE FROM used_grant WHERE hash IN (SELECT hash FROM used_grant WHERE until <= ? LIMIT ?)",
    ] {
        tx.db.prepare_cached(over)?.execute((tx.now.unix_millis() as i64, RECORDS as i64))?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        Admission, NewShare, Quota, Retention,
        record::Record,
        sqlite::{
            database,
            expirations::Expirations,
            rows::{Lease, NewPart},
            usage::Usage,
        },
    };
    use std::time::Duration;
    use waxseal_core::{
        layout::{BodySize, SEAL},
        time::Timestamp,
        token::{ShareId, TokenHash},
        wire::ExpiresIn,
    };

    const NOW: Timestamp = Timestamp::from_unix_millis(1_772_546_520_123);

    /// Parts of the share: several steps' worth.
    const MANY: u64 = 2 * PARTS as u64 + 10;

    /// A transaction in an empty database.
    fn in_transaction(test: impl FnOnce(&mut Tx<'_>)) {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let (db, files, _reserve) =
            database::open(&folder.path().join("waxseal.db"), 0).expect("it opens");
        let usage = Usage::new(&db, Quota::default()).expect("it is empty");
        let retention = Retention::default();
        let expirations = Expirations::new(|_| {});
        let (files, usage, expirations) = (&files, &usage, &expirations);
        let tx = &mut Tx { db: &db, files, usage, expirations, retention, now: NOW };
        db.execute_batch("BEGIN").expect("none runs");
        test(tx);
    }

    fn count(tx: &Tx<'_>, table: &str) -> usize {
        let query = format!("SELECT count(*) FROM {table}");
        let count: i64 = tx.db.query_row(&query, [], |row| row.get(0)).expect("there is one");
        count as usize
    }

    #[test]
    fn a_share_of_many_parts_and_claims_goes_step_by_step_and_its_seal_first() {
        in_transaction(|tx| {
            let share = share(tx, None);
            assert!(!sweep(tx).expect("SQLite works"), "nothing is due");
            assert_eq!((count(tx, "part"), count(tx, "claim")), (MANY as usize, CLAIMS + 10));

            tx.keep_content(share, Some(NOW)).expect("SQLite works");
            let seals = "content WHERE seal IS NOT NULL";
            assert_eq!(count(tx, seals), 1);
            for left in [MANY as usize - PARTS, MANY as usize - 2 * PARTS] {
                assert!(sweep(tx).expect("SQLite works"), "{left} parts are left");
                assert_eq!((count(tx, "part"), count(tx, seals)), (left, 0));
            }
            assert!(!sweep(tx).expect("SQLite works"));
            let left = ["part", "claim", "share"].map(|table| count(tx, table));
            assert_eq!(left, [0, CLAIMS + 10, 1]);

            tx.now = NOW.after(tx.retention.staged);
            assert!(sweep(tx).expect("SQLite works"));
            assert_eq!((count(tx, "claim"), count(tx, "share")), (10, 1));
            assert!(!sweep(tx).expect("SQLite works"));
            assert_eq!((count(tx, "claim"), count(tx, "share")), (0, 0));
        });
    }

    #[test]
    fn parts_that_nobody_has_published_go_step_by_step_and_the_share_stays() {
        in_transaction(|tx| {
            let until = NOW.after(Duration::from_millis(1));
            share(tx, Some(until));
            assert!(!sweep(tx).expect("SQLite works"), "nothing is due");
            assert_eq!(count(tx, "part"), MANY as usize);

            tx.now = until;
            for (more, left) in
                [(true, MANY as usize - PARTS), (true, MANY as usize - 2 * PARTS), (false, 0)]
            {
                assert_eq!(sweep(tx).expect("SQLite works"), more, "{left} parts are left");
                assert_eq!((count(tx, "part"), count(tx, "share")), (left, 1));
            }
        });
    }

    /// A share as large as [`MANY`] parts make it; those that are stored are as short as can be.
    fn share(tx: &Tx<'_>, staged_until: Option<Timestamp>) -> i64 {
        let hash = TokenHash::from_bytes([1; 32]);
        let new = NewShare {
            id: ShareId::from_bytes([1; 16]),
            access: hash,
            owner: hash,
            passphrase: None,
            size: BodySize::of_plaintext(MANY * 1024 * 1024 - 1).expect("a possible length"),
            expires_in: ExpiresIn::try_from(86_400).expect("a possible expiry"),
            views: None,
            head: None,
            request: false,
            answers: None,
        };
        let record = Record::new(&new, Admission::Live, &tx.retention, NOW);
        let key = tx.insert(new.id, &record).expect("it is new");
        for n in 0..MANY {
            let bytes = [0; SEAL + 1];
            tx.put(key, &NewPart::split(n, &bytes), staged_until).expect("SQLite works");
            let missing = new.size.part_len(n).expect("one of its parts") - bytes.len();
            tx.usage.add(missing, staged_until.is_some());
        }
        for n in 0..CLAIMS + 10 {
            let mut claim = [0; 32];
            claim[..8].copy_from_slice(&n.to_be_bytes());
            let lease = Lease { first: NOW, until: NOW };
            tx.save_lease(key, TokenHash::from_bytes(claim), lease).expect("SQLite works");
        }
        key
    }
}
