//! From a live share to none: claims, leases, acknowledgement, revocation.
//!
//! Invariant: a view is spent in the transaction that records its claim, and content is deleted in the
//! one that leaves it without a view and without a live claim.

use super::{
    super::{Done, Opened, Part, StoreError},
    rows::{Lease, Share, Tx},
    staging::owned,
};
use bytes::Bytes;
use waxseal_core::{
    time::Timestamp,
    token::{ShareId, TokenHash},
    wire::{ShareState, Status},
};

pub(super) fn claim(
    tx: &Tx<'_>,
    id: ShareId,
    access: TokenHash,
    claim: TokenHash,
    proof: Option<TokenHash>,
) -> Result<Done<Opened>, StoreError> {
    let mut share = tx.share(id)?;
    share.record.check_access(access, tx.now)?;
    if share.record.request {
        return Err(StoreError::Conflict);
    }
    match tx.lease(share.key, claim)? {
        Some(lease) if tx.now < lease.until => {
            let head = tx.stored(share.key, 0)?.with_seal()?;
            let until = extend(tx, &share, claim, lease)?;
            return Ok(Done::before(opened(&share, head, until)));
        }
        // Past claims are not remembered for ever where there is no end of views: there it is a new one.
        Some(_) if share.record.views.is_some() => return Err(lapsed(tx, &share)?),
        _ => {}
    }
    share.record.check_running(tx.now)?;
    check_proof(tx, &mut share, proof)?;

    let at = share.record.expiry();
    let expired = |error| match error {
        StoreError::ClaimOver => StoreError::Over { state: ShareState::Expired, at },
        other => other,
    };
    let head = tx.stored(share.key, 0).map_err(expired)?.with_seal()?;
    share.record.open(tx.now);
    tx.save(&share)?;
    let until = extend(tx, &share, claim, Lease { first: tx.now, until: tx.now })?;
    tx.forget_old_claims(share.key)?;
    Ok(Done::now(opened(&share, head, until)))
}

pub(super) fn part(tx: &Tx<'_>, id: ShareId, claim: TokenHash, n: u64) -> Result<Part, StoreError> {
    let (share, lease) = live(tx, id, claim)?;
    if n >= share.record.size.parts() {
        return Err(StoreError::WrongPart);
    }
    extend(tx, &share, claim, lease)?;
    tx.stored(share.key, n)?.without_seal()
}

pub(super) fn renew(tx: &Tx<'_>, id: ShareId, claim: TokenHash) -> Result<Timestamp, StoreError> {
    let (share, lease) = live(tx, id, claim)?;
    extend(tx, &share, claim, lease)
}

pub(super) fn acknowledge(
    tx: &Tx<'_>,
    id: ShareId,
    claim: TokenHash,
) -> Result<Done<()>, StoreError> {
    let share = tx.share(id)?;
    let lease = tx.lease(share.key, claim)?.ok_or(StoreError::Unknown)?;
    if tx.now >= lease.until {
        return Ok(Done::before(()));
    }
    // For good, even if the clock is set back.
    let never = Timestamp::from_unix_millis(0);
    tx.save_lease(share.key, claim, Lease { until: never, ..lease })?;
    settle(tx, &share)?;
    Ok(Done::now(()))
}

pub(super) fn revoke(
    tx: &Tx<'_>,
    id: ShareId,
    owner: TokenHash,
) -> Result<Done<Status>, StoreError> {
    let mut share = owned(tx, id, owner)?;
    let done = take_back(tx, &mut share)?;
    let status = share.record.status(id, owner, tx.now)?;
    Ok(done.map(|()| status))
}

/// Whoever asks for it.
pub(super) fn take_back(tx: &Tx<'_>, share: &mut Share) -> Result<Done<()>, StoreError> {
    let now = share.record.revoke(tx.now);
    tx.save(share)?;
    tx.end_leases(share.key)?;
    tx.drop_content(share.key)?;
    Ok(Done { answer: (), now })
}

fn check_proof(tx: &Tx<'_>, share: &mut Share, proof: Option<TokenHash>) -> Result<(), StoreError> {
    match (share.record.passphrase, proof) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(StoreError::NoPassphraseSet),
        (Some(_), None) => Err(StoreError::PassphraseRequired),
        (Some(right), Some(given)) if right == given => Ok(()),
        (Some(_), Some(_)) => {
            let tries_left = share.record.fail(tx.now);
            tx.save(share)?;
            settle(tx, share)?;
            Err(StoreError::WrongPassphrase { tries_left })
        }
    }
}

/// A claim whose lease lasts.
fn live(tx: &Tx<'_>, id: ShareId, claim: TokenHash) -> Result<(Share, Lease), StoreError> {
    let share = tx.share(id)?;
    let lease = tx.lease(share.key, claim)?.ok_or(StoreError::Unknown)?;
    if tx.now < lease.until { Ok((share, lease)) } else { Err(lapsed(tx, &share)?) }
}

/// The answer to a claim that is over, which may be the first to find that out.
fn lapsed(tx: &Tx<'_>, share: &Share) -> Result<StoreError, StoreError> {
    settle(tx, share)?;
    Ok(StoreError::ClaimOver)
}

/// Makes the claim's lease as long as a request now makes it.
fn extend(
    tx: &Tx<'_>,
    share: &Share,
    claim: TokenHash,
    lease: Lease,
) -> Result<Timestamp, StoreError> {
    let until = tx.retention.lease_end(lease.first, share.record.expiry(), tx.now);
    tx.save_lease(share.key, claim, Lease { until, ..lease })?;
    settle(tx, share)?;
    Ok(until)
}

/// Once no view is left, the content stays for as long as there is a live claim.
fn settle(tx: &Tx<'_>, share: &Share) -> Result<(), StoreError> {
    if !share.record.is_spent() {
        return Ok(());
    }
    match tx.last_lease(share.key)? {
        None => tx.drop_content(share.key),
        until => tx.keep_content(share.key, until),
    }
}

fn opened(share: &Share, head: Bytes, lease_until: Timestamp) -> Opened {
    Opened {
        head,
        size: share.record.size,
        expires_at: share.record.expiry(),
        lease_until,
        views_left: share.record.views_left,
    }
}
