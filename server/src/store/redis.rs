//! The store on Redis: one script a call.
//!
//! Invariant: a script decides and writes in one atomic step, by the time it is given; a part goes ahead of
//! its script, under a name that nothing else knows. Every key of a share carries the hash tag `{id}` and is
//! written with its time to live.

mod address;
mod charging;
mod fields;
mod grant;
mod ledger;
mod link;
mod rate;
mod reply;
mod runner;
mod safety;
mod scripts;
mod session;

pub use address::{AddressError, Deployment};

use super::{
    AddressHash, Admission, Ask, Charge, Clock, Done, LandingView, NewShare, Opened, Part, Quota,
    Receipt, Retention, Store, StoreError, Toll, Unready, Usage, Whose,
    record::{Given, Record, check_new},
};
use ::redis::{Value, cmd};
use async_trait::async_trait;
use bytes::Bytes;
use link::Link;
use rate::Rates;
use runner::{Call, Runner, split_seal};
use scripts::Script;
use std::{sync::Arc, time::Duration};
use waxseal_core::{
    confirmation::ConfirmationNumber,
    layout::BodySize,
    time::Timestamp,
    token::{SealedSecret, ShareId, TokenHash},
    wire::{NUMBER_TRIES, OFFERS, ShareState, Status},
};

/// How much longer than a staged share its parts live: they are renewed together, and hardly more often.
const STAGED_SLACK: Duration = Duration::from_secs(60);

/// How long a part waits for the script that goes with it, which is nothing unless one is lost.
const ARRIVED: Duration = Duration::from_secs(60);

/// The engine for Redis and what speaks like it, from version 6.2.
pub struct RedisStore {
    runner: Arc<Runner>,
    rates: Rates,
    retention: Retention,
    quota: Quota,
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
        let runner = Arc::new(Runner::new(Link::open(deployment).await?, quota));
        Ok(Self { runner, rates: Rates::default(), retention, quota, clock })
    }

    /// Whether connections could be made there, as far as can be told without making one.
    ///
    /// # Errors
    /// [`StoreError::Fault`] for certificates that are none.
    pub fn check(deployment: &Deployment) -> Result<(), StoreError> {
        Link::could_open(deployment)
    }

    /// Of a staged part, from the last request that renewed it.
    fn part_ttl(&self) -> Duration {
        (self.retention.staged + STAGED_SLACK).min(self.retention.staged_parts)
    }

    fn call(&self, script: &'static Script, id: ShareId) -> Call {
        let mut invocation = script.invoke();
        invocation.key(key(id, "record")).key(key(id, "none"));
        Call::new(invocation, id, self.clock.now())
    }

    /// With how long leases last.
    fn lease_call(&self, script: &'static Script, id: ShareId) -> Call {
        self.call(script, id)
            .with(millis(self.retention.lease))
            .with(millis(self.retention.lease_max))
    }

    /// Runs a script that answers with the record.
    async fn receipt(&self, call: Call) -> Result<Done<Receipt>, StoreError> {
        let now = call.now;
        let mut reply = self.runner.run(call).await?;
        let receipt = reply.record()?.receipt(now);
        Ok(reply.done(receipt))
    }

    /// The records that are known now, in the order asked.
    async fn records(
        &self,
        ids: impl Iterator<Item = ShareId>,
        now: Timestamp,
    ) -> Result<Vec<Option<Record>>, StoreError> {
        let commands = ids.map(|id| cmd("HGETALL").arg(key(id, "record")).take()).collect();
        let read = |value| Ok(fields::read(value)?.filter(|record: &Record| now < record.gone_at));
        self.runner.link.query(commands).await?.into_iter().map(read).collect()
    }

    /// Pieces of a share's content, one behind the other, unless it has just ended.
    async fn content<const N: usize>(
        &self,
        id: ShareId,
        names: [&str; N],
    ) -> Result<Option<Bytes>, StoreError> {
        let get = names.map(|name| cmd("GET").arg(key(id, name)).take());
        let pieces = self.runner.link.query(get.into()).await?;
        let mut pieces = pieces.into_iter().map(|piece| match piece {
            Value::BulkString(bytes) => Some(bytes),
            _ => None,
        });
        // What is one piece need not be copied.
        let Some(Some(mut content)) = pieces.next() else { return Ok(None) };
        for piece in pieces {
            let Some(piece) = piece else { return Ok(None) };
            content.extend(piece);
        }
        Ok(Some(content.into()))
    }

    async fn record(&self, id: ShareId, now: Timestamp) -> Result<Record, StoreError> {
        let known = self.records([id].into_iter(), now).await?;
        known.into_iter().flatten().next().ok_or(StoreError::Unknown)
    }
}

#[async_trait]
impl Store for RedisStore {
    async fn create(
        &self,
        share: NewShare,
        admission: Admission,
    ) -> Result<Done<Receipt>, StoreError> {
        check_new(&share, &self.retention)?;
        self.begin(&share, admission, None).await
    }

    async fn create_charged(
        &self,
        toll: Toll,
        share: NewShare,
        admission: Admission,
    ) -> Result<Done<Receipt>, StoreError> {
        let checked = check_new(&share, &self.retention);
        if checked.is_ok() && self.runner.can_charge() {
            let begun = self.begin(&share, admission, Some(&toll)).await;
            if let Some(answer) = self.rates.judge(begun, &toll, self.clock.now()) {
                return answer;
            }
        }
        self.charge(toll.whose, &toll.charges).await?;
        checked?;
        self.begin(&share, admission, None).await
    }

    async fn put_part(
        &self,
        id: ShareId,
        owner: TokenHash,
        n: u64,
        part: Bytes,
    ) -> Result<(), StoreError> {
        let call = self.call(&scripts::PUT_PART, id);
        let bytes = Usage { stored: part.len() as u64, staged: part.len() as u64 };
        let until = call.now.after(self.part_ttl());
        let (seal, rest) = split_seal(n, &part);
        // A script would copy it twice: it goes ahead, and the script gives it its name.
        let name = format!("arrived:{:016x}", random()?);
        let mut arrives = cmd("SET");
        arrives.arg(key(id, &name)).arg(rest).arg("PX").arg(millis(ARRIVED));
        let call = call
            .behind(arrives, owner)
            .with_token(owner)
            .with(n)
            .with(seal)
            .with(name)
            .with(millis(self.retention.staged))
            .with(millis(self.part_ttl()))
            .with(millis(self.retention.staged_parts));
        self.runner.run_storing(call, bytes, until, None).await.map(drop)
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
        let mut reply = self.runner.run(call).await?;
        let size = reply.record()?.size;
        if reply.was_known() {
            return Ok((size, (0..size.parts()).collect()));
        }
        let mut stored = reply.next::<Vec<u64>>()?;
        stored.sort_unstable();
        Ok((size, stored))
    }

    async fn publish(
        &self,
        id: ShareId,
        owner: TokenHash,
        admission: Admission,
    ) -> Result<Done<Receipt>, StoreError> {
        let pending = match admission {
            Admission::Live => String::new(),
            Admission::Pending => millis(self.retention.pending).to_string(),
        };
        let call = self
            .call(&scripts::PUBLISH, id)
            .promising()
            .with_token(owner)
            .with(millis(self.retention.staged_parts))
            .with(millis(self.retention.record))
            .with(pending);
        self.receipt(call).await
    }

    async fn ask(&self, id: ShareId, owner: TokenHash, ask: Ask) -> Result<Timestamp, StoreError> {
        let session_of = ask.session_of.as_ref().map_or(&[][..], |address| address.as_bytes());
        let call = self
            .call(&scripts::ASK, id)
            .promising()
            .with_token(owner)
            .with_token(ask.token)
            .with(ask.number.get())
            .with(session_of);
        self.runner.run(call).await?.time()
    }

    async fn confirm(
        &self,
        id: ShareId,
        token: TokenHash,
        number: ConfirmationNumber,
    ) -> Result<Done<Receipt>, StoreError> {
        let call = self
            .call(&scripts::CONFIRM, id)
            .promising()
            .with_token(token)
            .with(number.get())
            .with(NUMBER_TRIES)
            .with(millis(self.retention.record));
        self.receipt(call).await
    }

    async fn deny(&self, id: ShareId, token: TokenHash) -> Result<Done<Receipt>, StoreError> {
        self.receipt(self.call(&scripts::DENY, id).promising().with_token(token)).await
    }

    async fn begin_session(
        &self,
        id: ShareId,
        owner: TokenHash,
        session: TokenHash,
        length: Duration,
    ) -> Result<Option<Duration>, StoreError> {
        let call = self.call(&scripts::BEGIN_SESSION, id).with_token(owner);
        let now = call.now;
        let record = self.runner.run(call).await?.record()?;
        let address = record.ask.and_then(|ask| ask.session_of);
        let (Some(at), Some(address)) = (record.confirmed_at(), address) else { return Ok(None) };
        let until = at.after(length);
        if until <= now {
            return Ok(None);
        }
        session::keep(&self.runner.link, session, address, (now, until)).await?;
        Ok(Some(until.since(now)))
    }

    async fn session(&self, session: TokenHash) -> Result<Option<AddressHash>, StoreError> {
        session::find(&self.runner.link, session, self.clock.now()).await
    }

    async fn take_grant(
        &self,
        grant: TokenHash,
        id: ShareId,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        grant::take(&self.runner.link, grant, id, until.since(self.clock.now())).await
    }

    async fn landing(&self, id: ShareId, access: TokenHash) -> Result<LandingView, StoreError> {
        let now = self.clock.now();
        let record = self.record(id, now).await?;
        let mut view = record.landing(access, now)?;
        if record.request {
            let Some(note) = self.content(id, ["seal", "part:0"]).await? else {
                // It ended meanwhile, as the record now says; or Redis' own clock is ahead.
                let view = self.record(id, now).await?.landing(access, now)?;
                return Err(StoreError::Over { state: ShareState::Expired, at: view.expires_at });
            };
            view.note = Some(note);
        }
        Ok(view)
    }

    async fn claim(
        &self,
        id: ShareId,
        access: TokenHash,
        claim: TokenHash,
        proof: Option<TokenHash>,
    ) -> Result<Done<Opened>, StoreError> {
        self.open(id, access, claim, proof, None).await
    }

    async fn claim_charged(
        &self,
        toll: Toll,
        id: ShareId,
        access: TokenHash,
        claim: TokenHash,
        proof: Option<TokenHash>,
    ) -> Result<Done<Opened>, StoreError> {
        if self.runner.can_charge() {
            let opened = self.open(id, access, claim, proof, Some(&toll)).await;
            if let Some(answer) = self.rates.judge(opened, &toll, self.clock.now()) {
                return answer;
            }
        }
        self.charge(toll.whose, &toll.charges).await?;
        self.open(id, access, claim, proof, None).await
    }

    async fn part(&self, id: ShareId, claim: TokenHash, n: u64) -> Result<Part, StoreError> {
        let call = self.lease_call(&scripts::PART, id).with_claim(claim).with(n);
        self.runner.run(call).await?;
        let part = self.content(id, [&format!("part:{n}")]).await?;
        part.map(Part::from).ok_or(StoreError::ClaimOver)
    }

    async fn renew(&self, id: ShareId, claim: TokenHash) -> Result<Timestamp, StoreError> {
        let call = self.lease_call(&scripts::RENEW, id).with_claim(claim);
        self.runner.run(call).await?.time()
    }

    async fn acknowledge(&self, id: ShareId, claim: TokenHash) -> Result<Done<()>, StoreError> {
        let call = self.call(&scripts::ACKNOWLEDGE, id).promising().with_claim(claim);
        Ok(self.runner.run(call).await?.done(()))
    }

    async fn offer(
        &self,
        request: ShareId,
        access: TokenHash,
        share: ShareId,
    ) -> Result<(), StoreError> {
        let call = self
            .call(&scripts::OFFER, request)
            .promising()
            .with_token(access)
            .with(share.as_bytes())
            .with(OFFERS);
        self.runner.run(call).await.map(drop)
    }

    async fn answer(
        &self,
        request: ShareId,
        access: TokenHash,
        share: ShareId,
        sealed: SealedSecret,
    ) -> Result<Done<Timestamp>, StoreError> {
        let call = self.call(&scripts::ANSWER, request).promising();
        // It may end meanwhile, as it may a moment later.
        let known = self.records([share].into_iter(), call.now).await?;
        let known = known.into_iter().flatten().next();
        let until = known.and_then(|record| record.may_answer(request, call.now));
        let given = Given { share, sealed, until: until.unwrap_or(call.now) };
        let call = call
            .with_token(access)
            .with(given.pack())
            .with(until.map_or_else(String::new, |until| until.unix_millis().to_string()))
            .with(millis(self.retention.record));
        let mut reply = self.runner.run(call).await?;
        let at = reply.time()?;
        Ok(reply.done(at))
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

    async fn revoke(&self, id: ShareId, owner: TokenHash) -> Result<Done<Status>, StoreError> {
        let call = self.call(&scripts::REVOKE, id).promising().with_token(owner);
        let now = call.now;
        let mut reply = self.runner.run(call).await?;
        let status = reply.record()?.status(id, owner, now)?;
        Ok(reply.done(status))
    }

    async fn take_down(&self, id: ShareId) -> Result<Done<()>, StoreError> {
        let call = self.call(&scripts::REVOKE, id).promising().with("");
        Ok(self.runner.run(call).await?.done(()))
    }

    async fn charge(&self, whose: Whose, charges: &[Charge]) -> Result<(), StoreError> {
        self.rates.charge(&self.runner.link, (whose, charges), self.clock.now()).await
    }

    async fn usage(&self) -> Result<Option<Usage>, StoreError> {
        self.runner.usage().await
    }

    async fn ready(&self) -> Result<(), Unready> {
        self.runner.link.check().await
    }
}

fn key(id: ShareId, name: &str) -> String {
    ["waxseal:{", &id.to_base64url(), "}:", name].concat()
}

fn random() -> Result<u64, StoreError> {
    getrandom::u64().map_err(|error| StoreError::Fault(error.to_string()))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
