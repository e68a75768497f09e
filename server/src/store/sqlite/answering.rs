//! Requests: reading the note, and the one share that answers.
//!
//! Invariant: that a request waits is checked, and its answer noted, in one transaction.

use super::{
    super::{Done, LandingView, StoreError, record::Given},
    rows::Tx,
};
use waxseal_core::{
    time::Timestamp,
    token::{SealedSecret, ShareId, TokenHash},
    wire::ShareState,
};

/// Of any share; of a request with its content.
pub(super) fn landing(
    tx: &Tx<'_>,
    id: ShareId,
    access: TokenHash,
) -> Result<LandingView, StoreError> {
    let share = tx.share(id)?;
    let mut view = share.record.landing(access, tx.now)?;
    if share.record.request {
        let expired = |error| match error {
            StoreError::ClaimOver => {
                StoreError::Over { state: ShareState::Expired, at: view.expires_at }
            }
            other => other,
        };
        view.note = Some(tx.stored(share.key, 0).map_err(expired)?.with_seal()?);
    }
    Ok(view)
}

pub(super) fn offer(
    tx: &Tx<'_>,
    request: ShareId,
    access: TokenHash,
    share: ShareId,
) -> Result<(), StoreError> {
    let mut request = tx.share(request)?;
    request.record.check_request(access, tx.now)?;
    request.record.check_running(tx.now)?;
    if request.record.offer(share)? {
        tx.save(&request)?;
    }
    Ok(())
}

pub(super) fn answer(
    tx: &Tx<'_>,
    id: ShareId,
    access: TokenHash,
    share: ShareId,
    sealed: SealedSecret,
) -> Result<Done<Timestamp>, StoreError> {
    let mut request = tx.share(id)?;
    request.record.check_request(access, tx.now)?;
    if let Some(at) = request.record.given(share, sealed) {
        return Ok(Done::before(at));
    }
    request.record.check_running(tx.now)?;
    let found = tx.find(share)?.and_then(|share| share.record.may_answer(id, tx.now));
    let until = found.ok_or(StoreError::Conflict)?;
    request.record.give(Given { share, sealed, until }, &tx.retention, tx.now);
    tx.save(&request)?;
    tx.drop_content(request.key)?;
    Ok(Done::now(tx.now))
}
