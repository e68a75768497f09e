//! Stores with a flaw that a share's life must not have: what the histories are judged by has to see each.
//!
//! Invariant: but for its one flaw, a store is the real one on a real Redis.

use anyhow::Result;
use async_trait::async_trait;
use bytes::Bytes;
use redis::{AsyncCommands, aio::MultiplexedConnection};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use waxseal_core::{
    confirmation::ConfirmationNumber,
    layout::BodySize,
    time::Timestamp,
    token::{SealedSecret, ShareId, TokenHash},
    wire::{ShareState, Status},
};
use waxseal_server::store::{
    AddressHash, Admission, Ask, Charge, Clock, Done, LandingView, NewShare, Opened, Part, Quota,
    Receipt, Retention, Store, StoreError, Unready, Usage, Whose, redis::RedisStore,
};

/// What is wrong with a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// The seal is read in one step and deleted in the next, whoever else has read it meanwhile.
    GetThenDelete,
    /// A claim that asks again spends another view.
    RetrySpends,
    /// An acknowledgement is answered and nothing else.
    AcknowledgedInVain,
    /// The landing does not hear of a revocation.
    LandingRemembers,
}

/// All of them.
pub(super) const FLAWS: [Flaw; 4] =
    [Flaw::GetThenDelete, Flaw::RetrySpends, Flaw::AcknowledgedInVain, Flaw::LandingRemembers];

/// The real store and its flaw.
pub(super) struct FlawedStore {
    store: RedisStore,
    flaw: Flaw,
    redis: MultiplexedConnection,
    clock: Arc<dyn Clock>,
    landings: Mutex<HashMap<ShareId, LandingView>>,
}

impl FlawedStore {
    /// On the Redis at `url`.
    pub(super) async fn connect(url: &str, clock: Arc<dyn Clock>, flaw: Flaw) -> Result<Self> {
        let (retention, quota) = (Retention::default(), Quota::default());
        let (deployment, its_clock) = (url.parse()?, Arc::clone(&clock));
        let store = RedisStore::connect(&deployment, retention, quota, its_clock).await?;
        let redis = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
        Ok(Self { store, flaw, redis, clock, landings: Mutex::default() })
    }

    /// What a claim would be answered, without spending anything: the GET of GET then DEL.
    async fn peek(&self, id: ShareId, access: TokenHash) -> Option<Opened> {
        let landing = self.store.landing(id, access).await.ok()?;
        let key = |name| format!("waxseal:{{{}}}:{name}", id.to_base64url());
        let mut redis = self.redis.clone();
        let (seal, part): (Option<Vec<u8>>, Option<Vec<u8>>) =
            redis.mget(&[key("seal"), key("part:0")]).await.ok()?;
        Some(Opened {
            head: [seal?, part?].concat().into(),
            size: landing.size,
            expires_at: landing.expires_at,
            lease_until: self.clock.now().after(Retention::default().lease).min(landing.expires_at),
            views_left: landing.views_left.map(|left| left.saturating_sub(1)),
        })
    }
}

#[async_trait]
impl Store for FlawedStore {
    async fn claim(
        &self,
        id: ShareId,
        access: TokenHash,
        claim: TokenHash,
        proof: Option<TokenHash>,
    ) -> Result<Done<Opened>, StoreError> {
        match self.flaw {
            Flaw::GetThenDelete => {
                let seen = self.peek(id, access).await;
                match (self.store.claim(id, access, claim, proof).await, seen) {
                    // The DEL found nothing to delete, and nobody looked.
                    (Err(StoreError::Over { state: ShareState::Opened, .. }), Some(seen)) => {
                        Ok(Done::now(seen))
                    }
                    (answer, _) => answer,
                }
            }
            Flaw::RetrySpends if self.store.renew(id, claim).await.is_ok() => {
                // To the store, it is somebody else.
                let other = TokenHash::from_bytes(claim.as_bytes().map(|byte| !byte));
                self.store.claim(id, access, other, proof).await
            }
            _ => self.store.claim(id, access, claim, proof).await,
        }
    }

    async fn take_grant(
        &self,
        grant: TokenHash,
        id: ShareId,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        self.store.take_grant(grant, id, until).await
    }

    async fn landing(&self, id: ShareId, access: TokenHash) -> Result<LandingView, StoreError> {
        let view = self.store.landing(id, access).await;
        let mut landings = self.landings.lock().unwrap_or_else(PoisonError::into_inner);
        match view {
            Err(StoreError::Over { state: ShareState::Revoked, at })
                if self.flaw == Flaw::LandingRemembers =>
            {
                let over = StoreError::Over { state: ShareState::Revoked, at };
                landings.get(&id).cloned().ok_or(over)
            }
            Ok(view) => {
                landings.insert(id, view.clone());
                Ok(view)
            }
            other => other,
        }
    }

    async fn acknowledge(&self, id: ShareId, claim: TokenHash) -> Result<Done<()>, StoreError> {
        if self.flaw == Flaw::AcknowledgedInVain && self.store.renew(id, claim).await.is_ok() {
            return Ok(Done::now(()));
        }
        self.store.acknowledge(id, claim).await
    }

    async fn create(
        &self,
        share: NewShare,
        admission: Admission,
    ) -> Result<Done<Receipt>, StoreError> {
        self.store.create(share, admission).await
    }

    async fn put_part(
        &self,
        id: ShareId,
        owner: TokenHash,
        n: u64,
        part: Bytes,
    ) -> Result<(), StoreError> {
        self.store.put_part(id, owner, n, part).await
    }

    async fn parts(
        &self,
        id: ShareId,
        owner: TokenHash,
    ) -> Result<(BodySize, Vec<u64>), StoreError> {
        self.store.parts(id, owner).await
    }

    async fn publish(
        &self,
        id: ShareId,
        owner: TokenHash,
        admission: Admission,
    ) -> Result<Done<Receipt>, StoreError> {
        self.store.publish(id, owner, admission).await
    }

    async fn ask(&self, id: ShareId, owner: TokenHash, ask: Ask) -> Result<Timestamp, StoreError> {
        self.store.ask(id, owner, ask).await
    }

    async fn confirm(
        &self,
        id: ShareId,
        token: TokenHash,
        number: ConfirmationNumber,
    ) -> Result<Done<Receipt>, StoreError> {
        self.store.confirm(id, token, number).await
    }

    async fn deny(&self, id: ShareId, token: TokenHash) -> Result<Done<Receipt>, StoreError> {
        self.store.deny(id, token).await
    }

    async fn begin_session(
        &self,
        id: ShareId,
        owner: TokenHash,
        session: TokenHash,
        length: Duration,
    ) -> Result<Option<Duration>, StoreError> {
        self.store.begin_session(id, owner, session, length).await
    }

    async fn session(&self, session: TokenHash) -> Result<Option<AddressHash>, StoreError> {
        self.store.session(session).await
    }

    async fn part(&self, id: ShareId, claim: TokenHash, n: u64) -> Result<Part, StoreError> {
        self.store.part(id, claim, n).await
    }

    async fn renew(&self, id: ShareId, claim: TokenHash) -> Result<Timestamp, StoreError> {
        self.store.renew(id, claim).await
    }

    async fn offer(
        &self,
        request: ShareId,
        access: TokenHash,
        share: ShareId,
    ) -> Result<(), StoreError> {
        self.store.offer(request, access, share).await
    }

    async fn answer(
        &self,
        request: ShareId,
        access: TokenHash,
        share: ShareId,
        sealed: SealedSecret,
    ) -> Result<Done<Timestamp>, StoreError> {
        self.store.answer(request, access, share, sealed).await
    }

    async fn status(&self, id: ShareId, owner: TokenHash) -> Result<Status, StoreError> {
        self.store.status(id, owner).await
    }

    async fn statuses(
        &self,
        shares: Vec<(ShareId, TokenHash)>,
    ) -> Result<Vec<Option<Status>>, StoreError> {
        self.store.statuses(shares).await
    }

    async fn revoke(&self, id: ShareId, owner: TokenHash) -> Result<Done<Status>, StoreError> {
        self.store.revoke(id, owner).await
    }

    async fn take_down(&self, id: ShareId) -> Result<Done<()>, StoreError> {
        self.store.take_down(id).await
    }

    async fn charge(&self, whose: Whose, charges: &[Charge]) -> Result<(), StoreError> {
        self.store.charge(whose, charges).await
    }

    async fn usage(&self) -> Result<Option<Usage>, StoreError> {
        self.store.usage().await
    }

    async fn ready(&self) -> Result<(), Unready> {
        self.store.ready().await
    }
}
