//! Calls of the store that change something, and what is told of them.
//!
//! Invariant: a call that began is told also if whoever asked has gone meanwhile; one that finds no room to
//! be told waits, before it changes anything.

use super::{Audit, By, event::Event};
use crate::{
    spans,
    store::{Admission, Done, NewShare, Opened, Receipt, Store, StoreError, Toll},
};
use std::sync::Arc;
use waxseal_core::{
    confirmation::ConfirmationNumber,
    time::Timestamp,
    token::{SealedSecret, ShareId, TokenHash},
    wire::{ShareState, Status, Views},
};

/// The store, for calls by somebody.
pub(crate) struct Audited {
    store: Arc<dyn Store>,
    audit: Audit,
    by: By,
}

/// What is to be told of a call's result.
type Events = Vec<Event>;

impl Audited {
    /// As `by` calls it.
    pub(crate) fn new(store: &Arc<dyn Store>, audit: &Audit, by: By) -> Self {
        Self { store: Arc::clone(store), audit: audit.clone(), by }
    }

    /// [`Store::create`], with what it uses if that is counted.
    pub(crate) async fn create(
        self,
        toll: Option<Toll>,
        share: NewShare,
        admission: Admission,
    ) -> Result<Receipt, StoreError> {
        let created = Event::Created {
            size: share.size,
            expires_in: share.expires_in.seconds(),
            views: share.views.map(Views::get),
            passphrase: share.passphrase.is_some(),
            request: share.request,
        };
        let (id, store) = (share.id, Arc::clone(&self.store));
        let call = async move {
            match toll {
                Some(toll) => store.create_charged(toll, share, admission).await,
                None => store.create(share, admission).await,
            }
        };
        let events = |receipt: &Receipt| [vec![created], published(receipt)].concat();
        self.tell(id, call, done(events)).await
    }

    /// [`Store::publish`].
    pub(crate) async fn publish(
        self,
        id: ShareId,
        owner: TokenHash,
        admission: Admission,
    ) -> Result<Receipt, StoreError> {
        let store = Arc::clone(&self.store);
        let call = async move { store.publish(id, owner, admission).await };
        self.tell(id, call, done(published)).await
    }

    /// [`Store::confirm`].
    pub(crate) async fn confirm(
        self,
        id: ShareId,
        token: TokenHash,
        number: ConfirmationNumber,
    ) -> Result<Receipt, StoreError> {
        let store = Arc::clone(&self.store);
        let call = async move { store.confirm(id, token, number).await };
        let events = |result: &Result<Done<Receipt>, StoreError>| match result {
            Err(StoreError::WrongNumber { tries_left }) => failed_number(*tries_left),
            Err(StoreError::LastNumber { .. }) => failed_number(0),
            other => done(|receipt| [vec![Event::Confirmed], published(receipt)].concat())(other),
        };
        self.tell(id, call, events).await
    }

    /// [`Store::deny`].
    pub(crate) async fn deny(self, id: ShareId, token: TokenHash) -> Result<Receipt, StoreError> {
        let store = Arc::clone(&self.store);
        let call = async move { store.deny(id, token).await };
        self.tell(id, call, done(|_| vec![Event::Denied])).await
    }

    /// [`Store::claim`], with what it uses if that is counted.
    pub(crate) async fn claim(
        self,
        toll: Option<Toll>,
        id: ShareId,
        access: TokenHash,
        claim: TokenHash,
        proof: Option<TokenHash>,
    ) -> Result<Opened, StoreError> {
        let store = Arc::clone(&self.store);
        let call = async move {
            match toll {
                Some(toll) => store.claim_charged(toll, id, access, claim, proof).await,
                None => store.claim(id, access, claim, proof).await,
            }
        };
        let events = |result: &Result<Done<Opened>, StoreError>| match result {
            Err(StoreError::WrongPassphrase { tries_left }) => {
                burned(Event::PassphraseFailed { tries_left: *tries_left }, *tries_left)
            }
            other => {
                done(|opened: &Opened| vec![Event::Opened { views_left: opened.views_left }])(other)
            }
        };
        self.tell(id, call, events).await
    }

    /// [`Store::acknowledge`].
    pub(crate) async fn acknowledge(self, id: ShareId, claim: TokenHash) -> Result<(), StoreError> {
        let store = Arc::clone(&self.store);
        let call = async move { store.acknowledge(id, claim).await };
        self.tell(id, call, done(|()| vec![Event::Acknowledged])).await
    }

    /// [`Store::answer`].
    pub(crate) async fn answer(
        self,
        request: ShareId,
        access: TokenHash,
        share: ShareId,
        sealed: SealedSecret,
    ) -> Result<Timestamp, StoreError> {
        let store = Arc::clone(&self.store);
        let call = async move { store.answer(request, access, share, sealed).await };
        self.tell(request, call, done(|_| vec![Event::Answered])).await
    }

    /// [`Store::revoke`].
    pub(crate) async fn revoke(self, id: ShareId, owner: TokenHash) -> Result<Status, StoreError> {
        let store = Arc::clone(&self.store);
        let call = async move { store.revoke(id, owner).await };
        self.tell(id, call, done(|_| vec![Event::Revoked])).await
    }

    /// [`Store::take_down`].
    pub(crate) async fn take_down(self, id: ShareId) -> Result<(), StoreError> {
        let store = Arc::clone(&self.store);
        let call = async move { store.take_down(id).await };
        self.tell(id, call, done(|()| vec![Event::TakenDown])).await
    }

    /// Calls, tells, answers.
    async fn tell<T: Send + 'static>(
        self,
        id: ShareId,
        call: impl Future<Output = Result<Done<T>, StoreError>> + Send + 'static,
        events: impl FnOnce(&Result<Done<T>, StoreError>) -> Events + Send + 'static,
    ) -> Result<T, StoreError> {
        if !self.audit.is_on() {
            return Ok(call.await?.answer);
        }
        let place = self.audit.place().await;
        let told = spans::spawn(async move {
            let result = call.await;
            self.audit.tell(place, id, &self.by, &events(&result)).await;
            result
        });
        let result = told.await.unwrap_or_else(|error| Err(StoreError::Fault(error.to_string())));
        Ok(result?.answer)
    }
}

/// The events of a call that did it; of none other there are any.
fn done<T>(
    events: impl FnOnce(&T) -> Events,
) -> impl FnOnce(&Result<Done<T>, StoreError>) -> Events {
    |result| match result {
        Ok(done) if done.now => events(&done.answer),
        _ => Vec::new(),
    }
}

/// A share that waits for its owner cannot be opened yet.
fn published(receipt: &Receipt) -> Events {
    match receipt.state {
        ShareState::Live => vec![Event::Published { expires_at: receipt.expires_at }],
        _ => Vec::new(),
    }
}

fn failed_number(tries_left: u32) -> Events {
    burned(Event::ConfirmationFailed { tries_left }, tries_left)
}

fn burned(failed: Event, tries_left: u32) -> Events {
    if tries_left == 0 { vec![failed, Event::Burned] } else { vec![failed] }
}
