//! The store on Redis: one script a call.
//!
//! Invariant: a script decides and writes in one atomic step, by the time it is given; every key of a
//! share carries the hash tag `{id}` and is written with its time to live.

mod address;
mod fields;
mod ledger;
mod link;
mod rate;
mod reply;
mod safety;
mod scripts;

pub use address::{AddressError, Deployment};

use super::{
    Charge, Clock, Full, LandingView, NewShare, Opened, Part, Quota, Receipt, Retention, Store,
    StoreError,
    quota::Usage,
    record::{LIVE_CLAIMS, REMEMBERED, Record, check_new},
};
use crate::network::Network;
use ::redis::{ToRedisArgs, cmd};
use async_trait::async_trait;
use bytes::Bytes;
use ledger::Ledger;
use link::Link;
use reply::Reply;
use scripts::{Invocation, Script};
use std::{sync::Arc, time::Duration};
use waxseal_core::{
    layout::{BodySize, SEAL},
    time::Timestamp,
    token::{ShareId, TokenHash},
    wire::{PASSPHRASE_TRIES, Status},
};

/// How much longer than a staged share its parts live: they are renewed together, and hardly more often.
const STAGED_SLACK: Duration = Duration::from_secs(60);

/// The engine for Redis and what speaks like it, from version 6.2.
pub struct RedisStore {
    link: Link,
    retention: Retention,
    quota: Quota,
    ledger: Option<Ledger>,
    clock: Arc<dyn Clock>,
}

impl RedisStore {
    /// Connects. If there is nobody now, the store's calls are [`StoreError::Unavailable`] until there is.
    ///
    /// # Errors
    /// [`StoreError::Fault`] for certificates that are none; [`StoreError::Unavailable`] if the server is
    /// there but does not let us in, or has a setting, named in the text, with which it cannot keep what it
    /// is given.
    pub async fn connect(
        deployment: &Deployment,
        retention: Retention,
        quota: Quota,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let link = Link::open(deployment).await?;
        Ok(Self { link, retention, quota, ledger: Ledger::new(quota), clock })
    }

    /// Runs a script on a share.
    async fn run(&self, call: &Call<'_>) -> Result<Reply, StoreError> {
        let answer = match call.promise {
            Promise::Made => self.link.run_replicated(&call.invocation).await?,
            Promise::None => self.link.run(&call.invocation).await?,
        };
        let (answer, kept) = reply::split(answer)?;
        if let (Some(ledger), Some(kept)) = (&self.ledger, kept) {
            ledger.keep(&self.link, (call.id, call.now), kept).await;
        }
        Reply::new(answer, call.now)
    }

    /// As [`Self::run`], for one that needs no room that it was not promised.
    async fn run_always(&self, call: &Call<'_>) -> Result<Reply, StoreError> {
        self.run(call).await.map_err(|error| match error {
            StoreError::Full(_) => StoreError::Unavailable("Redis' memory is full".to_owned()),
            other => other,
        })
    }

    /// Takes room for bytes that are gone of themselves at `until`. What there is none in is for the
    /// script to refuse, if it would store anything.
    async fn take_room(
        &self,
        call: &Call<'_>,
        bytes: Usage,
        until: Timestamp,
    ) -> Result<Option<Full>, StoreError> {
        let Some(ledger) = self.ledger.as_ref().filter(|_| bytes.stored > 0) else {
            return Ok(None);
        };
        match ledger.take(&self.link, (call.id, call.now), bytes, until).await {
            Ok(()) => Ok(None),
            Err(StoreError::Full(full)) => Ok(Some(full)),
            Err(error) => Err(error),
        }
    }

    /// As [`Self::run`], for a script that stores so many bytes, for which room was taken unless there
    /// was `no_room`.
    async fn run_storing(
        &self,
        call: &Call<'_>,
        bytes: Usage,
        no_room: Option<Full>,
    ) -> Result<Reply, StoreError> {
        let reply = self.run(call).await;
        let unused = match &reply {
            Ok(reply) => reply.was_known(),
            // They may be stored.
            Err(StoreError::Unavailable(_) | StoreError::Fault(_)) => false,
            Err(_) => true,
        };
        if let (Some(ledger), None, true) = (&self.ledger, no_room, unused && bytes.stored > 0) {
            ledger.give_back(&self.link, (call.id, call.now), bytes).await;
        }
        reply
    }

    /// Of a staged part, from the last request that renewed it.
    fn part_ttl(&self) -> Duration {
        (self.retention.staged + STAGED_SLACK).min(self.retention.staged_parts)
    }

    fn call<'a>(&self, script: &'a Script, id: ShareId) -> Call<'a> {
        let now = self.clock.now();
        let mut invocation = script.invoke();
        invocation.key(key(id, "record")).key(key(id, "none")).arg(now.unix_millis());
        Call { invocation, id, now, promise: Promise::None }
    }

    /// With how long leases last.
    fn lease_call<'a>(&self, script: &'a Script, id: ShareId) -> Call<'a> {
        self.call(script, id)
            .with(millis(self.retention.lease))
            .with(millis(self.retention.lease_max))
    }

    /// The records that are known now, in the order asked.
    async fn records(
        &self,
        ids: impl Iterator<Item = ShareId>,
        now: Timestamp,
    ) -> Result<Vec<Option<Record>>, StoreError> {
        let commands = ids.map(|id| cmd("HGETALL").arg(key(id, "record")).take()).collect();
        let read = |value| Ok(fields::read(value)?.filter(|record: &Record| now < record.gone_at));
        self.link.query(commands).await?.into_iter().map(read).collect()
    }

    async fn record(&self, id: ShareId, now: Timestamp) -> Result<Record, StoreError> {
        let known = self.records([id].into_iter(), now).await?;
        known.into_iter().flatten().next().ok_or(StoreError::Unknown)
    }
}

/// A script with its arguments, and the time that it decides by.
struct Call<'a> {
    invocation: Invocation<'a>,
    id: ShareId,
    now: Timestamp,
    promise: Promise,
}

/// Whether an answer promises what must not be lost with a server, so that replicas must have it before.
enum Promise {
    Made,
    None,
}

impl Call<'_> {
    fn promising(self) -> Self {
        Self { promise: Promise::Made, ..self }
    }

    fn with(mut self, argument: impl ToRedisArgs) -> Self {
        self.invocation.arg(argument);
        self
    }

    fn with_token(self, hash: TokenHash) -> Self {
        self.with(hash.as_bytes())
    }

    /// The claim, as text: it becomes part of a key.
    fn with_claim(self, claim: TokenHash) -> Self {
        self.with(claim.to_base64url())
    }

    /// The seal, empty unless it is part 0, and the rest of the part.
    fn with_part(self, n: u64, part: &[u8]) -> Self {
        match part.split_at_checked(SEAL) {
            Some((seal, rest)) if n == 0 => self.with(seal).with(rest),
            _ => self.with("").with(part),
        }
    }
}

#[async_trait]
impl Store for RedisStore {
    async fn create(&self, share: NewShare) -> Result<Receipt, StoreError> {
        check_new(&share, &self.retention)?;
        let call = self.call(&scripts::CREATE, share.id).promising();
        let now = call.now;
        let record = Record::new(&share, &self.retention, now);
        let bytes = Usage { stored: share.head.as_ref().map_or(0, Bytes::len) as u64, staged: 0 };
        let no_room = match self.quota.check_size(share.size) {
            Ok(()) => self.take_room(&call, bytes, record.expiry()).await?,
            Err(never) => Some(never),
        };
        let call = call
            .with(no_room.map_or("", reply::word))
            .with(millis(record.gone_at.since(now)))
            .with(millis(share.expires_in.duration()))
            .with_part(0, share.head.as_deref().unwrap_or_default())
            .with(fields::write(&record));
        let mut reply = self.run_storing(&call, bytes, no_room).await?;
        if reply.was_known() {
            return reply.record()?.created_again(&share, now);
        }
        Ok(record.receipt(now))
    }

    async fn put_part(
        &self,
        id: ShareId,
        owner: TokenHash,
        n: u64,
        part: Bytes,
    ) -> Result<(), StoreError> {
        let call = self.call(&scripts::PUT_PART, id).promising();
        let bytes = Usage { stored: part.len() as u64, staged: part.len() as u64 };
        let until = call.now.after(self.part_ttl());
        let no_room = self.take_room(&call, bytes, until).await?;
        let call = call
            .with(no_room.map_or("", reply::word))
            .with_token(owner)
            .with(n)
            .with_part(n, &part)
            .with(millis(self.retention.staged))
            .with(millis(self.part_ttl()))
            .with(millis(self.retention.staged_parts));
        self.run_storing(&call, bytes, no_room).await.map(drop)
    }

    async fn parts(
        &self,
        id: ShareId,
        owner: TokenHash,
    ) -> Result<(BodySize, Vec<u64>), StoreError> {
        let call = self
            .call(&scripts::PARTS, id)
            .with_token(owner)
            .with(millis(self.retention.staged))
            .with(millis(self.part_ttl()))
            .with(millis(self.retention.staged_parts));
        let mut reply = self.run_always(&call).await?;
        let size = reply.record()?.size;
        if reply.was_known() {
            return Ok((size, (0..size.parts()).collect()));
        }
        let mut stored = reply.next::<Vec<u64>>()?;
        stored.sort_unstable();
        Ok((size, stored))
    }

    async fn publish(&self, id: ShareId, owner: TokenHash) -> Result<Receipt, StoreError> {
        let call = self
            .call(&scripts::PUBLISH, id)
            .promising()
            .with_token(owner)
            .with(millis(self.retention.staged_parts))
            .with(millis(self.retention.record));
        Ok(self.run_always(&call).await?.record()?.receipt(call.now))
    }

    async fn landing(&self, id: ShareId, access: TokenHash) -> Result<LandingView, StoreError> {
        let now = self.clock.now();
        self.record(id, now).await?.landing(access, now)
    }

    async fn claim(
        &self,
        id: ShareId,
        access: TokenHash,
        claim: TokenHash,
        proof: Option<TokenHash>,
    ) -> Result<Opened, StoreError> {
        let call = self
            .lease_call(&scripts::CLAIM, id)
            .promising()
            .with_token(access)
            .with_claim(claim)
            .with(proof.as_ref().map_or(&[][..], |proof| proof.as_bytes()))
            .with(PASSPHRASE_TRIES)
            .with(REMEMBERED)
            .with(LIVE_CLAIMS);
        let mut reply = self.run_always(&call).await?;
        let record = reply.record()?;
        Ok(Opened {
            size: record.size,
            expires_at: record.expiry(),
            views_left: record.views_left,
            lease_until: reply.time()?,
            head: [reply.bytes()?, reply.bytes()?].concat().into(),
        })
    }

    async fn part(&self, id: ShareId, claim: TokenHash, n: u64) -> Result<Part, StoreError> {
        let call = self.lease_call(&scripts::PART, id).with_claim(claim).with(n);
        Ok(self.run_always(&call).await?.bytes()?.into())
    }

    async fn renew(&self, id: ShareId, claim: TokenHash) -> Result<Timestamp, StoreError> {
        let call = self.lease_call(&scripts::RENEW, id).with_claim(claim);
        self.run_always(&call).await?.time()
    }

    async fn acknowledge(&self, id: ShareId, claim: TokenHash) -> Result<(), StoreError> {
        let call = self.call(&scripts::ACKNOWLEDGE, id).promising().with_claim(claim);
        self.run_always(&call).await.map(drop)
    }

    async fn status(&self, id: ShareId, owner: TokenHash) -> Result<Status, StoreError> {
        let now = self.clock.now();
        self.record(id, now).await?.status(id, owner, now)
    }

    async fn statuses(
        &self,
        shares: Vec<(ShareId, TokenHash)>,
    ) -> Result<Vec<Option<Status>>, StoreError> {
        let now = self.clock.now();
        let records = self.records(shares.iter().map(|(id, _)| *id), now).await?;
        let status = |(record, (id, owner)): (Option<Record>, (ShareId, TokenHash))| {
            record.and_then(|record| record.status(id, owner, now).ok())
        };
        Ok(records.into_iter().zip(shares).map(status).collect())
    }

    async fn revoke(&self, id: ShareId, owner: TokenHash) -> Result<Status, StoreError> {
        let call = self.call(&scripts::REVOKE, id).promising().with_token(owner);
        self.run_always(&call).await?.record()?.status(id, owner, call.now)
    }

    async fn take_down(&self, id: ShareId) -> Result<(), StoreError> {
        let call = self.call(&scripts::REVOKE, id).promising().with("");
        self.run_always(&call).await.map(drop)
    }

    async fn charge(&self, network: Network, charges: &[Charge]) -> Result<(), StoreError> {
        rate::charge(&self.link, network, charges, self.clock.now()).await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.link.check().await
    }
}

fn key(id: ShareId, name: &str) -> String {
    format!("waxseal:{{{}}}:{name}", id.to_base64url())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
