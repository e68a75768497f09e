//! A store whose calls are measured and traced.
//!
//! Invariant: each call is the other store's, with its answer as it is.

use super::{
    AddressHash, Admission, Ask, Charge, Done, LandingView, NewShare, Opened, Part, Receipt, Store,
    StoreError, Toll, Unready, Usage, Whose,
};
use crate::{
    metrics::{Metrics, Outcome},
    spans::Spans,
};
use async_trait::async_trait;
use bytes::Bytes;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use waxseal_core::{
    confirmation::ConfirmationNumber,
    layout::BodySize,
    time::Timestamp,
    token::{SealedSecret, ShareId, TokenHash},
    wire::Status,
};

/// Another store, and what measures it.
pub(crate) struct Measured {
    store: Arc<dyn Store>,
    metrics: Metrics,
    spans: Spans,
}

impl Measured {
    pub(crate) fn new(store: Arc<dyn Store>, metrics: Metrics, spans: Spans) -> Self {
        Self { store, metrics, spans }
    }

    async fn time<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let (start, span) = (Instant::now(), self.spans.call(operation));
        let result = call.await;
        let outcome = Outcome::of(&result);
        self.metrics.called(operation, outcome, start.elapsed());
        if let Some(span) = span {
            span.answered(outcome);
        }
        result
    }
}

#[async_trait]
impl Store for Measured {
    async fn create(
        &self,
        share: NewShare,
        admission: Admission,
    ) -> Result<Done<Receipt>, StoreError> {
        self.time("create", self.store.create(share, admission)).await
    }

    async fn create_charged(
        &self,
        toll: Toll,
        share: NewShare,
        admission: Admission,
    ) -> Result<Done<Receipt>, StoreError> {
        self.time("create", self.store.create_charged(toll, share, admission)).await
    }

    async fn put_part(
        &self,
        id: ShareId,
        owner: TokenHash,
        n: u64,
        part: Bytes,
    ) -> Result<(), StoreError> {
        self.time("put_part", self.store.put_part(id, owner, n, part)).await
    }

    async fn parts(
        &self,
        id: ShareId,
        owner: TokenHash,
    ) -> Result<(BodySize, Vec<u64>), StoreError> {
        self.time("parts", self.store.parts(id, owner)).await
    }

    async fn publish(
        &self,
        id: ShareId,
        owner: TokenHash,
        admission: Admission,
    ) -> Result<Done<Receipt>, StoreError> {
        self.time("publish", self.store.publish(id, owner, admission)).await
    }

    async fn ask(&self, id: ShareId, owner: TokenHash, ask: Ask) -> Result<Timestamp, StoreError> {
        self.time("ask", self.store.ask(id, owner, ask)).await
    }

    async fn confirm(
        &self,
        id: ShareId,
        token: TokenHash,
        number: ConfirmationNumber,
    ) -> Result<Done<Receipt>, StoreError> {
        self.time("confirm", self.store.confirm(id, token, number)).await
    }

    async fn deny(&self, id: ShareId, token: TokenHash) -> Result<Done<Receipt>, StoreError> {
        self.time("deny", self.store.deny(id, token)).await
    }

    async fn begin_session(
        &self,
        id: ShareId,
        owner: TokenHash,
        session: TokenHash,
        length: Duration,
    ) -> Result<Option<Duration>, StoreError> {
        self.time("begin_session", self.store.begin_session(id, owner, session, length)).await
    }

    async fn session(&self, session: TokenHash) -> Result<Option<AddressHash>, StoreError> {
        self.time("session", self.store.session(session)).await
    }

    async fn take_grant(
        &self,
        grant: TokenHash,
        id: ShareId,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        self.time("take_grant", self.store.take_grant(grant, id, until)).await
    }

    async fn landing(&self, id: ShareId, access: TokenHash) -> Result<LandingView, StoreError> {
        self.time("landing", self.store.landing(id, access)).await
    }

    async fn claim(
        &self,
        id: ShareId,
        access: TokenHash,
        claim: TokenHash,
        proof: Option<TokenHash>,
    ) -> Result<Done<Opened>, StoreError> {
        self.time("claim", self.store.claim(id, access, claim, proof)).await
    }

    async fn claim_charged(
        &self,
        toll: Toll,
        id: ShareId,
        access: TokenHash,
        claim: TokenHash,
        proof: Option<TokenHash>,
    ) -> Result<Done<Opened>, StoreError> {
        self.time("claim", self.store.claim_charged(toll, id, access, claim, proof)).await
    }

    async fn part(&self, id: ShareId, claim: TokenHash, n: u64) -> Result<Part, StoreError> {
        self.time("part", self.store.part(id, claim, n)).await
    }

    async fn renew(&self, id: ShareId, claim: TokenHash) -> Result<Timestamp, StoreError> {
        self.time("renew", self.store.renew(id, claim)).await
    }

    async fn acknowledge(&self, id: ShareId, claim: TokenHash) -> Result<Done<()>, StoreError> {
        self.time("acknowledge", self.store.acknowledge(id, claim)).await
    }

    async fn offer(
        &self,
        request: ShareId,
        access: TokenHash,
        share: ShareId,
    ) -> Result<(), StoreError> {
        self.time("offer", self.store.offer(request, access, share)).await
    }

    async fn answer(
        &self,
        request: ShareId,
        access: TokenHash,
        share: ShareId,
        sealed: SealedSecret,
    ) -> Result<Done<Timestamp>, StoreError> {
        self.time("answer", self.store.answer(request, access, share, sealed)).await
    }

    async fn status(&self, id: ShareId, owner: TokenHash) -> Result<Status, StoreError> {
        self.time("status", self.store.status(id, owner)).await
    }

    async fn statuses(
        &self,
        shares: Vec<(ShareId, TokenHash)>,
    ) -> Result<Vec<Option<Status>>, StoreError> {
        self.time("statuses", self.store.statuses(shares)).await
    }

    async fn revoke(&self, id: ShareId, owner: TokenHash) -> Result<Done<Status>, StoreError> {
        self.time("revoke", self.store.revoke(id, owner)).await
    }

    async fn take_down(&self, id: ShareId) -> Result<Done<()>, StoreError> {
        self.time("take_down", self.store.take_down(id)).await
    }

    async fn charge(&self, whose: Whose, charges: &[Charge]) -> Result<(), StoreError> {
        self.time("charge", self.store.charge(whose, charges)).await
    }

    async fn usage(&self) -> Result<Option<Usage>, StoreError> {
        self.time("usage", self.store.usage()).await
    }

    async fn ready(&self) -> Result<(), Unready> {
        self.store.ready().await
    }
}
