//! Runs scripts on shares, and tells the ledger what they did.
//!
//! Invariant: what is begun is ended, also when whoever asked for it has gone: a script that has run and a
//! ledger that was not told would not agree.

use super::{
    super::{
        Full, StoreError, Toll,
        quota::{Quota, Usage},
        record::Record,
    },
    fields,
    ledger::Ledger,
    link::Link,
    rate,
    reply::{self, Reply},
    scripts::Invocation,
};
use ::redis::{Cmd, ToRedisArgs, Value, cmd};
use std::sync::Arc;
use waxseal_core::{
    layout::SEAL,
    time::Timestamp,
    token::{ShareId, TokenHash},
};

pub(super) struct Runner {
    pub(super) link: Link,
    ledger: Option<Ledger>,
}

/// A script with its arguments, and the time that it decides by.
pub(super) struct Call {
    invocation: Invocation<'static>,
    id: ShareId,
    pub(super) now: Timestamp,
    promise: Promise,
    /// What goes ahead of the script, and whose share it must be.
    ahead: Option<(Cmd, TokenHash)>,
    /// Whether it counts, too.
    charges: bool,
}

/// Whether an answer promises what must not be lost with a server, so that replicas must have it before.
enum Promise {
    Made,
    None,
}

impl Runner {
    pub(super) fn new(link: Link, quota: Quota) -> Self {
        Self { link, ledger: Ledger::new(quota) }
    }

    /// Whether scripts can count, too: in a Cluster the keys are elsewhere, and for whoever does too much
    /// no room is taken from others.
    pub(super) fn can_charge(&self) -> bool {
        self.ledger.is_none() && !self.link.is_cluster()
    }

    /// What is stored, if there is a ledger that says so.
    pub(super) async fn usage(&self) -> Result<Option<Usage>, StoreError> {
        match &self.ledger {
            Some(ledger) => ledger.read(&self.link).await.map(Some),
            None => Ok(None),
        }
    }

    /// Runs a script that needs no room that it was not promised, unless it counts, too.
    pub(super) async fn run(self: &Arc<Self>, call: Call) -> Result<Reply, StoreError> {
        let charges = call.charges;
        let reply = if self.ledger.is_some() {
            let runner = Arc::clone(self);
            to_the_end(async move { runner.run_and_tell(call).await }).await
        } else {
            self.run_and_tell(call).await
        };
        reply.map_err(|error| match error {
            StoreError::Full(_) if !charges => {
                StoreError::Unavailable("Redis' memory is full".to_owned())
            }
            other => other,
        })
    }

    /// Runs a script that stores so many bytes, which are gone of themselves at `until`. If there is no room
    /// for them, as there never is for `too_large` ones, it is told by its second argument, and refuses if
    /// it would store anything.
    pub(super) async fn run_storing(
        self: &Arc<Self>,
        call: Call,
        bytes: Usage,
        until: Timestamp,
        too_large: Option<Full>,
    ) -> Result<Reply, StoreError> {
        if self.ledger.is_none() {
            return self.store(call, bytes, until, too_large).await;
        }
        let runner = Arc::clone(self);
        to_the_end(async move { runner.store(call, bytes, until, too_large).await }).await
    }

    async fn store(
        &self,
        mut call: Call,
        bytes: Usage,
        until: Timestamp,
        too_large: Option<Full>,
    ) -> Result<Reply, StoreError> {
        if let Some((_, owner)) = &call.ahead {
            self.check_owner(call.id, *owner).await?;
        }
        let share = (call.id, call.now);
        let ledger = self.ledger.as_ref().filter(|_| bytes.stored > 0 && too_large.is_none());
        let no_room = match ledger {
            Some(ledger) => match ledger.take(&self.link, share, bytes, until).await {
                Ok(()) => None,
                Err(StoreError::Full(full)) => Some(full),
                Err(error) => return Err(error),
            },
            None => too_large,
        };
        call.invocation.second(no_room.map_or("", reply::word));
        let reply = self.run_and_tell(call).await;
        let unused = match &reply {
            Ok(reply) => reply.was_known(),
            // They may be stored.
            Err(StoreError::Unavailable(_) | StoreError::Fault(_)) => false,
            Err(_) => true,
        };
        if let (Some(ledger), None, true) = (ledger, no_room, unused) {
            ledger.give_back(&self.link, share, bytes).await;
        }
        reply
    }

    async fn check_owner(&self, id: ShareId, owner: TokenHash) -> Result<(), StoreError> {
        let get = cmd("HGET").arg(super::key(id, "record")).arg("owner").take();
        match self.link.query(vec![get]).await?.first() {
            Some(Value::BulkString(known)) if known == owner.as_bytes() => Ok(()),
            _ => Err(StoreError::Unknown),
        }
    }

    async fn run_and_tell(&self, call: Call) -> Result<Reply, StoreError> {
        let answer = match call.promise {
            Promise::Made => {
                let ahead = call.ahead.map(|(ahead, _)| ahead);
                self.link.run_replicated(ahead, &call.invocation).await?
            }
            Promise::None => self.link.run(&call.invocation).await?,
        };
        let (answer, kept) = reply::split(answer)?;
        if let (Some(ledger), Some(kept)) = (&self.ledger, kept) {
            ledger.keep(&self.link, (call.id, call.now), kept).await;
        }
        Reply::new(answer, call.now)
    }
}

impl Call {
    pub(super) fn new(invocation: Invocation<'static>, id: ShareId, now: Timestamp) -> Self {
        Self { invocation, id, now, promise: Promise::None, ahead: None, charges: false }
            .with(now.unix_millis())
    }

    /// Has the script count this before all else. Nothing can be added behind it.
    pub(super) fn charging(mut self, toll: Option<&Toll>) -> Self {
        if let Some(toll) = toll {
            rate::add(&mut self.invocation, toll.whose, &toll.charges);
            self.charges = true;
        }
        self
    }

    pub(super) fn promising(self) -> Self {
        Self { promise: Promise::Made, ..self }
    }

    pub(super) fn with(mut self, argument: impl ToRedisArgs) -> Self {
        self.invocation.arg(argument);
        self
    }

    /// All of a record.
    pub(super) fn with_fields(mut self, record: &Record) -> Self {
        fields::write(record, &mut self.invocation);
        self
    }

    pub(super) fn with_token(self, hash: TokenHash) -> Self {
        self.with(hash.as_bytes())
    }

    /// The claim, as text: it becomes part of a key.
    pub(super) fn with_claim(self, claim: TokenHash) -> Self {
        self.with(claim.to_base64url())
    }

    /// Sends a command ahead of the script, whose error is the script's, but only if the share is the
    /// owner's: what anybody else sends does not get as far as Redis' disk and replicas. The answer promises
    /// that it has arrived.
    pub(super) fn behind(self, ahead: Cmd, owner: TokenHash) -> Self {
        Self { ahead: Some((ahead, owner)), ..self }.promising()
    }
}

/// The seal, empty unless it is part 0, and the rest of the part.
pub(super) fn split_seal(n: u64, part: &[u8]) -> (&[u8], &[u8]) {
    part.split_at_checked(SEAL).filter(|_| n == 0).unwrap_or((&[], part))
}

/// Waits for what goes on without us, too.
async fn to_the_end<T: Send + 'static>(
    what: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::spawn(what).await.unwrap_or_else(|error| Err(StoreError::Fault(error.to_string())))
}
