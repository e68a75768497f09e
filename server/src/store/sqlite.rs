//! The embedded store: one SQLite database, with large parts as files beside it.
//!
//! Invariant: one thread owns the database and answers a request only once the transaction that holds
//! all it did is committed; the clock at the request decides, never what the sweeper has come to.
//!
//! What a deletion is answered with: the seal is overwritten on the disk, so are the parts that are rows,
//! and the files of the others are unlinked. Unlinking is not synced: files that come back after a power
//! cut, or are left by a crash, are without a row and without a seal, and the next start removes them.

mod answering;
mod confirming;
mod database;
mod errors;
mod expirations;
mod files;
mod grants;
mod opening;
mod remover;
mod reserve;
mod rows;
mod staging;
mod sweep;
mod usage;
mod writer;

use super::{
    AddressHash, Admission, Ask, Charge, Clock, Counts, Done, Full, LandingView, NewShare, Opened,
    Part, Quota, Receipt, Retention, Store, StoreError, Unready, Usage as Stored, Whose,
    record::check_new,
};
use async_trait::async_trait;
use bytes::Bytes;
use expirations::Expirations;
use rows::Tx;
use std::{path::Path, sync::Arc, time::Duration};
use usage::Usage;
use waxseal_core::{
    confirmation::ConfirmationNumber,
    layout::BodySize,
    time::Timestamp,
    token::{SealedSecret, ShareId, TokenHash},
    wire::Status,
};
use writer::Writer;

/// The embedded engine.
pub struct SqliteStore {
    writer: Writer,
    retention: Retention,
    counts: Counts,
    clock: Arc<dyn Clock>,
}

impl SqliteStore {
    /// Opens the database at `path`, made with its directory if it is not there, and keeps every other
    /// process out of it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if another process has it open or the place cannot be written;
    /// [`StoreError::Fault`] if it is not a database of this version.
    pub fn open(
        path: &Path,
        retention: Retention,
        quota: Quota,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        Self::open_telling(path, retention, quota, clock, |_| {})
    }

    /// As [`Self::open`], and tells of each share once it has expired, or was not confirmed in time. That is
    /// when the content is removed: soon after, or at the next start. `expired` must not wait for anything.
    ///
    /// # Errors
    /// As there.
    pub fn open_telling(
        path: &Path,
        retention: Retention,
        quota: Quota,
        clock: Arc<dyn Clock>,
        expired: impl Fn(ShareId) + Send + 'static,
    ) -> Result<Self, StoreError> {
        let (db, files, reserve) = database::open(path, quota.free_disk)?;
        let usage = Usage::new(&db, quota)?;
        let told = Expirations::new(expired);
        let writer = Writer::start(db, files, reserve, usage, told, retention, Arc::clone(&clock))?;
        Ok(Self { writer, retention, counts: Counts::default(), clock })
    }

    /// A call that needs no room that it was not promised.
    async fn call<T: Send + 'static>(
        &self,
        work: impl Fn(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.call(work).await.map_err(|error| match error {
            StoreError::Full(Full::Engine) => {
                StoreError::Unavailable("the disk is full".to_owned())
            }
            other => other,
        })
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn create(
        &self,
        share: NewShare,
        admission: Admission,
    ) -> Result<Done<Receipt>, StoreError> {
        check_new(&share, &self.retention)?;
        let len = share.head.as_ref().map_or(0, Bytes::len);
        self.writer.call_with_body(len, move |tx| staging::create(tx, &share, admission)).await
    }

    async fn put_part(
        &self,
        id: ShareId,
        owner: TokenHash,
        n: u64,
        part: Bytes,
    ) -> Result<(), StoreError> {
        let len = part.len();
        let work = move |tx: &Tx<'_>| staging::put_part(tx, id, owner, n, &part);
        self.writer.call_with_body(len, work).await
    }

    async fn parts(
        &self,
        id: ShareId,
        owner: TokenHash,
    ) -> Result<(BodySize, Vec<u64>), StoreError> {
        self.call(move |tx| staging::parts(tx, id, owner)).await
    }

    async fn publish(
        &self,
        id: ShareId,
        owner: TokenHash,
        admission: Admission,
    ) -> Result<Done<Receipt>, StoreError> {
        self.call(move |tx| staging::publish(tx, id, owner, admission)).await
    }

    async fn ask(&self, id: ShareId, owner: TokenHash, ask: Ask) -> Result<Timestamp, StoreError> {
        self.call(move |tx| confirming::ask(tx, id, owner, ask)).await
    }

    async fn confirm(
        &self,
        id: ShareId,
        token: TokenHash,
        number: ConfirmationNumber,
    ) -> Result<Done<Receipt>, StoreError> {
        self.call(move |tx| confirming::confirm(tx, id, token, number)).await
    }

    async fn deny(&self, id: ShareId, token: TokenHash) -> Result<Done<Receipt>, StoreError> {
        self.call(move |tx| confirming::deny(tx, id, token)).await
    }

    async fn begin_session(
        &self,
        id: ShareId,
        owner: TokenHash,
        session: TokenHash,
        length: Duration,
    ) -> Result<Option<Duration>, StoreError> {
        self.call(move |tx| confirming::begin_session(tx, id, owner, session, length)).await
    }

    async fn session(&self, session: TokenHash) -> Result<Option<AddressHash>, StoreError> {
        self.call(move |tx| confirming::session(tx, session)).await
    }

    async fn take_grant(
        &self,
        grant: TokenHash,
        id: ShareId,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        self.call(move |tx| grants::take(tx, grant, id, until)).await
    }

    async fn landing(&self, id: ShareId, access: TokenHash) -> Result<LandingView, StoreError> {
        self.call(move |tx| answering::landing(tx, id, access)).await
    }

    async fn claim(
        &self,
        id: ShareId,
        access: TokenHash,
        claim: TokenHash,
        proof: Option<TokenHash>,
    ) -> Result<Done<Opened>, StoreError> {
        self.call(move |tx| opening::claim(tx, id, access, claim, proof)).await
    }

    async fn part(&self, id: ShareId, claim: TokenHash, n: u64) -> Result<Part, StoreError> {
        self.call(move |tx| opening::part(tx, id, claim, n)).await
    }

    async fn renew(&self, id: ShareId, claim: TokenHash) -> Result<Timestamp, StoreError> {
        self.call(move |tx| opening::renew(tx, id, claim)).await
    }

    async fn acknowledge(&self, id: ShareId, claim: TokenHash) -> Result<Done<()>, StoreError> {
        self.call(move |tx| opening::acknowledge(tx, id, claim)).await
    }

    async fn offer(
        &self,
        request: ShareId,
        access: TokenHash,
        share: ShareId,
    ) -> Result<(), StoreError> {
        self.call(move |tx| answering::offer(tx, request, access, share)).await
    }

    async fn answer(
        &self,
        request: ShareId,
        access: TokenHash,
        share: ShareId,
        sealed: SealedSecret,
    ) -> Result<Done<Timestamp>, StoreError> {
        self.call(move |tx| answering::answer(tx, request, access, share, sealed)).await
    }

    async fn status(&self, id: ShareId, owner: TokenHash) -> Result<Status, StoreError> {
        self.call(move |tx| tx.share(id)?.record.status(id, owner, tx.now)).await
    }

    async fn statuses(
        &self,
        shares: Vec<(ShareId, TokenHash)>,
    ) -> Result<Vec<Option<Status>>, StoreError> {
        self.call(move |tx| {
            let status = |&(id, owner): &(ShareId, TokenHash)| match tx
                .share(id)
                .and_then(|share| share.record.status(id, owner, tx.now))
            {
                Err(StoreError::Unknown) => Ok(None),
                known => known.map(Some),
            };
            shares.iter().map(status).collect()
        })
        .await
    }

    async fn revoke(&self, id: ShareId, owner: TokenHash) -> Result<Done<Status>, StoreError> {
        self.call(move |tx| opening::revoke(tx, id, owner)).await
    }

    async fn take_down(&self, id: ShareId) -> Result<Done<()>, StoreError> {
        self.call(move |tx| opening::take_back(tx, &mut tx.share(id)?)).await
    }

    async fn charge(&self, whose: Whose, charges: &[Charge]) -> Result<(), StoreError> {
        self.counts.charge(whose, charges, self.clock.now())
    }

    async fn usage(&self) -> Result<Option<Stored>, StoreError> {
        self.call(|tx| Ok(Some(tx.usage.now()))).await
    }

    async fn ready(&self) -> Result<(), Unready> {
        Ok(self.call(|tx| Ok(tx.db.execute_batch("SELECT key FROM share LIMIT 1")?)).await?)
    }
}
