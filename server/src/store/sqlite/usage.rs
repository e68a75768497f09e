//! Bytes of the parts that are kept, as committed and as the running transaction would leave them.
//!
//! Invariant: always the sum over the rows of `part`, each with the length that its number and its
//! share's size give it; whoever adds, removes or publishes rows says so here.

use super::super::{
    StoreError,
    quota::{Quota, Usage as Sum},
};
use rusqlite::Connection;
use std::cell::Cell;
use waxseal_core::layout::BodySize;

/// The count, and what it may come to.
pub(super) struct Usage {
    quota: Quota,
    committed: Cell<Sum>,
    running: Cell<Sum>,
}

impl Usage {
    /// Counts what is in the database.
    pub(super) fn new(db: &Connection, quota: Quota) -> Result<Self, StoreError> {
        let mut parts = db.prepare(
            "SELECT size, n, staged_until IS NOT NULL FROM part JOIN share ON share.key = share",
        )?;
        let mut rows = parts.query([])?;
        let usage = Self { quota, committed: Cell::default(), running: Cell::default() };
        while let Some(row) = rows.next()? {
            let len = part_len(row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64)?;
            usage.add(len, row.get(2)?);
        }
        usage.after_commit();
        Ok(usage)
    }

    /// As the running transaction would leave it.
    pub(super) const fn now(&self) -> Sum {
        self.running.get()
    }

    /// Refuses a share that can never fit.
    pub(super) fn check_size(&self, size: BodySize) -> Result<(), StoreError> {
        Ok(self.quota.check_size(size)?)
    }

    /// Refuses a part that there is no room for.
    pub(super) fn check_room(&self, len: usize, staged: bool) -> Result<(), StoreError> {
        Ok(self.quota.check(self.running.get(), part(len, staged))?)
    }

    /// A part is stored.
    pub(super) fn add(&self, len: usize, staged: bool) {
        let (sum, part) = (self.running.get(), part(len, staged));
        self.running
            .set(Sum { stored: sum.stored + part.stored, staged: sum.staged + part.staged });
    }

    /// A part is removed.
    pub(super) fn remove(&self, len: usize, staged: bool) {
        let (sum, part) = (self.running.get(), part(len, staged));
        self.running
            .set(Sum { stored: sum.stored - part.stored, staged: sum.staged - part.staged });
    }

    /// All parts of a share are staged no more.
    pub(super) fn publish(&self, size: BodySize) {
        let sum = self.running.get();
        self.running.set(Sum { staged: sum.staged - size.get(), ..sum });
    }

    pub(super) fn after_commit(&self) {
        self.committed.set(self.running.get());
    }

    pub(super) fn after_rollback(&self) {
        self.running.set(self.committed.get());
    }
}

/// Bytes of part `n` of a share of this size, both as the database has them.
pub(super) fn part_len(size: u64, n: u64) -> Result<usize, StoreError> {
    BodySize::try_from(size)
        .ok()
        .and_then(|size| size.part_len(n))
        .ok_or_else(|| StoreError::Fault("a part does not belong to its share".to_owned()))
}

const fn part(len: usize, staged: bool) -> Sum {
    Sum { stored: len as u64, staged: if staged { len as u64 } else { 0 } }
}
