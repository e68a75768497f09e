//! From a pending share to a live one, and the sessions that a confirmation begins.
//!
//! Invariant: what confirms is compared, wrong numbers counted and the share made live in one
//! transaction.

use super::{
    super::{AddressHash, Ask, Done, Receipt, StoreError},
    opening::take_back,
    rows::{Tx, millis},
    staging::{owned, stored},
};
use rusqlite::OptionalExtension;
use std::time::Duration;
use waxseal_core::{
    confirmation::ConfirmationNumber,
    time::Timestamp,
    token::{ShareId, TokenHash},
    wire::ShareState,
};

pub(super) fn ask(
    tx: &Tx<'_>,
    id: ShareId,
    owner: TokenHash,
    ask: Ask,
) -> Result<Timestamp, StoreError> {
    let mut share = owned(tx, id, owner)?;
    let until = share.record.pending_until.ok_or(StoreError::Conflict)?;
    share.record.check_running(tx.now)?;
    share.record.ask = Some(ask);
    tx.save(&share)?;
    Ok(until)
}

pub(super) fn confirm(
    tx: &Tx<'_>,
    id: ShareId,
    token: TokenHash,
    number: ConfirmationNumber,
) -> Result<Done<Receipt>, StoreError> {
    let mut share = tx.share(id)?;
    let asked = share.record.asked(token)?;
    let Some(until) = share.record.pending_until else {
        let same = asked.number == number;
        let receipt = || Done::before(share.record.receipt(tx.now));
        return same.then(receipt).ok_or(StoreError::Unknown);
    };
    share.record.check_running(tx.now)?;
    if asked.number != number {
        let tries_left = share.record.miss(tx.now);
        tx.save(&share)?;
        if tries_left > 0 {
            return Err(StoreError::WrongNumber { tries_left });
        }
        tx.drop_content(share.key)?;
        return Err(StoreError::LastNumber { at: tx.now });
    }
    if stored(tx, &share)?.len() as u64 != share.record.size.parts() {
        // The clock was set back after the sweeper had been here.
        return Err(StoreError::Over { state: ShareState::Expired, at: until });
    }
    share.record.confirm(&tx.retention, tx.now);
    tx.save(&share)?;
    tx.keep_content(share.key, share.record.content_until())?;
    Ok(Done::now(share.record.receipt(tx.now)))
}

pub(super) fn deny(
    tx: &Tx<'_>,
    id: ShareId,
    token: TokenHash,
) -> Result<Done<Receipt>, StoreError> {
    let mut share = tx.share(id)?;
    share.record.asked(token)?;
    if share.record.pending_until.is_none() {
        return Err(StoreError::Unknown);
    }
    let done = take_back(tx, &mut share)?;
    Ok(done.map(|()| share.record.receipt(tx.now)))
}

pub(super) fn begin_session(
    tx: &Tx<'_>,
    id: ShareId,
    owner: TokenHash,
    session: TokenHash,
    length: Duration,
) -> Result<Option<Duration>, StoreError> {
    let mut share = owned(tx, id, owner)?;
    let (Some(at), Some(ask)) = (share.record.confirmed_at(), &mut share.record.ask) else {
        return Ok(None);
    };
    let Some(address) = ask.session_of.take() else { return Ok(None) };
    tx.save(&share)?;
    let until = at.after(length);
    if until <= tx.now {
        return Ok(None);
    }
    tx.db
        .prepare_cached("INSERT INTO session (hash, address, until) VALUES (?, ?, ?)")?
        .execute((session.as_bytes(), address.as_bytes(), millis(until)))?;
    Ok(Some(until.since(tx.now)))
}

pub(super) fn session(tx: &Tx<'_>, session: TokenHash) -> Result<Option<AddressHash>, StoreError> {
    Ok(tx
        .db
        .prepare_cached("SELECT address FROM session WHERE hash = ? AND until > ?")?
        .query_row((session.as_bytes(), millis(tx.now)), |row| row.get(0))
        .optional()?
        .map(AddressHash::from_bytes))
}
