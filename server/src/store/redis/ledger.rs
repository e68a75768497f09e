//! What all shares take together, where a quota is set: noted beside them, in a step of its own, since a
//! script on a share touches that share's keys only. Servers on the same Redis have it in common.
//!
//! Invariant: never less than is stored. Room is taken before bytes are stored and given back after they
//! are gone; what a crash between the two leaves here goes when the content would be gone of itself.

use super::{
    super::{
        StoreError,
        quota::{Quota, Usage},
    },
    link::Link,
    reply::full,
    scripts,
};
use ::redis::{cmd, from_redis_value};
use waxseal_core::{time::Timestamp, token::ShareId};

const KEYS: [&str; 5] = [
    "waxseal:{ledger}:stored:ends",
    "waxseal:{ledger}:stored:bytes",
    "waxseal:{ledger}:staged:ends",
    "waxseal:{ledger}:staged:bytes",
    "waxseal:{ledger}:none",
];

/// The ledger, and what it may come to.
pub(super) struct Ledger {
    quota: Quota,
}

/// When a share's content is gone of itself, and when what of it is staged; the epoch = it is gone.
#[derive(Clone, Copy)]
pub(super) struct Kept {
    pub(super) stored: Timestamp,
    pub(super) staged: Timestamp,
}

/// Bytes that come, or go if negative, and when what there is then is gone, if that changes.
type Change = (i64, Option<Timestamp>);

impl Ledger {
    /// A ledger, if there is a quota to keep it for.
    pub(super) fn new(quota: Quota) -> Option<Self> {
        (quota.stored.is_some() || quota.staged.is_some()).then_some(Self { quota })
    }

    /// What is noted. What has gone of itself is among it until something else is stored.
    pub(super) async fn read(&self, link: &Link) -> Result<Usage, StoreError> {
        let [_, stored, _, staged, _] = KEYS;
        let sum = |key| cmd("HGET").arg(key).arg("").take();
        let sums = link.query(vec![sum(stored), sum(staged)]).await?;
        let mut sums = sums.into_iter().map(from_redis_value::<Option<u64>>);
        let mut next = || {
            let sum = sums.next().unwrap_or(Ok(None));
            Ok::<_, StoreError>(sum.map_err(|_| malformed())?.unwrap_or(0))
        };
        Ok(Usage { stored: next()?, staged: next()? })
    }

    /// Takes room for bytes that are gone of themselves at `until`.
    ///
    /// # Errors
    /// [`StoreError::Full`].
    pub(super) async fn take(
        &self,
        link: &Link,
        (id, now): (ShareId, Timestamp),
        bytes: Usage,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let take = |bytes: u64| (bytes as i64, (bytes > 0).then_some(until));
        self.note(link, (id, now), [take(bytes.stored), take(bytes.staged)]).await
    }

    /// Gives room back that was taken and not used.
    pub(super) async fn give_back(
        &self,
        link: &Link,
        (id, now): (ShareId, Timestamp),
        bytes: Usage,
    ) {
        let give = |bytes: u64| (-(bytes as i64), None);
        forgive(self.note(link, (id, now), [give(bytes.stored), give(bytes.staged)]).await);
    }

    /// Notes when a share's content is gone.
    pub(super) async fn keep(&self, link: &Link, (id, now): (ShareId, Timestamp), kept: Kept) {
        forgive(self.note(link, (id, now), [(0, Some(kept.stored)), (0, Some(kept.staged))]).await);
    }

    async fn note(
        &self,
        link: &Link,
        (id, now): (ShareId, Timestamp),
        changes: [Change; 2],
    ) -> Result<(), StoreError> {
        let mut invocation = scripts::LEDGER.invoke();
        KEYS.into_iter().for_each(|key| {
            invocation.key(key);
        });
        invocation.arg(now.unix_millis()).arg(id.to_base64url());
        for ((bytes, gone_at), quota) in
            changes.into_iter().zip([self.quota.stored, self.quota.staged])
        {
            let text = |number: Option<u64>| number.map_or_else(String::new, |n| n.to_string());
            invocation.arg(bytes).arg(text(gone_at.map(Timestamp::unix_millis))).arg(text(quota));
        }
        let answer: String =
            from_redis_value(link.run(&invocation).await?).map_err(|_| malformed())?;
        if answer.is_empty() { Ok(()) } else { Err(full(&answer)) }
    }
}

fn malformed() -> StoreError {
    StoreError::Fault("the ledger's answer is not one it gives".to_owned())
}

/// The share is as it should be, so its caller is told so.
fn forgive(result: Result<(), StoreError>) {
    if let Err(error) = result {
        tracing::warn!(%error, "what a share takes counts for the quota until it would have ended");
    }
}
