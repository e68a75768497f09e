//! From a creation to a published share.
//!
//! Invariant: a share gets parts only while it is staged, and is published only with all of them.

use super::{
    super::{Admission, Done, NewShare, Receipt, StoreError, record::Record},
    rows::{NewPart, Share, Tx},
};
use waxseal_core::{
    layout::BodySize,
    token::{ShareId, TokenHash},
    wire::ShareState,
};

pub(super) fn create(
    tx: &Tx<'_>,
    share: &NewShare,
    admission: Admission,
) -> Result<Done<Receipt>, StoreError> {
    match tx.find(share.id)? {
        Some(known) if tx.now < known.record.gone_at => {
            return known.record.created_again(share, tx.now).map(Done::before);
        }
        Some(gone) => tx.drop_share(gone.key)?,
        None => {}
    }
    tx.usage.check_size(share.size)?;
    let len = share.head.as_ref().map_or(0, bytes::Bytes::len);
    tx.usage.check_room(len, false)?;
    tx.files.check_room(len)?;
    let record = Record::new(share, admission, &tx.retention, tx.now);
    let key = tx.insert(share.id, &record)?;
    if let Some(head) = &share.head {
        tx.put(key, &NewPart::split(0, head), None)?;
        tx.keep_content(key, record.content_until())?;
    }
    Ok(Done::now(record.receipt(tx.now)))
}

pub(super) fn put_part(
    tx: &Tx<'_>,
    id: ShareId,
    owner: TokenHash,
    n: u64,
    part: &[u8],
) -> Result<(), StoreError> {
    let mut share = owned(tx, id, owner)?;
    if share.record.state(tx.now) != ShareState::Staged {
        return Err(StoreError::Conflict);
    }
    if share.record.size.part_len(n) != Some(part.len()) {
        return Err(StoreError::WrongPart);
    }
    if !tx.has_part(share.key, n)? {
        tx.usage.check_room(part.len(), true)?;
    }
    tx.files.check_room(part.len())?;
    let until = tx.now.after(tx.retention.staged_parts);
    tx.put(share.key, &NewPart::split(n, part), Some(until))?;
    keep_staged(tx, &mut share)
}

pub(super) fn parts(
    tx: &Tx<'_>,
    id: ShareId,
    owner: TokenHash,
) -> Result<(BodySize, Vec<u64>), StoreError> {
    let mut share = owned(tx, id, owner)?;
    share.record.check_running(tx.now)?;
    if share.record.state(tx.now) == ShareState::Staged {
        keep_staged(tx, &mut share)?;
    }
    Ok((share.record.size, stored(tx, &share)?))
}

pub(super) fn publish(
    tx: &Tx<'_>,
    id: ShareId,
    owner: TokenHash,
    admission: Admission,
) -> Result<Done<Receipt>, StoreError> {
    let mut share = owned(tx, id, owner)?;
    if share.record.state(tx.now) != ShareState::Staged {
        return Ok(Done::before(share.record.receipt(tx.now)));
    }
    if stored(tx, &share)?.len() as u64 != share.record.size.parts() {
        return Err(StoreError::PartsMissing);
    }
    share.record.publish(admission, &tx.retention, tx.now);
    tx.save(&share)?;
    tx.keep_content(share.key, share.record.content_until())?;
    tx.db
        .prepare_cached("UPDATE part SET staged_until = NULL WHERE share = ?")?
        .execute([share.key])?;
    tx.usage.publish(share.record.size);
    Ok(Done::now(share.record.receipt(tx.now)))
}

pub(super) fn owned(tx: &Tx<'_>, id: ShareId, owner: TokenHash) -> Result<Share, StoreError> {
    let share = tx.share(id)?;
    if share.record.owner == owner { Ok(share) } else { Err(StoreError::Unknown) }
}

/// A request of the owner keeps a staged share for another while.
fn keep_staged(tx: &Tx<'_>, share: &mut Share) -> Result<(), StoreError> {
    share.record.gone_at = tx.now.after(tx.retention.staged);
    tx.save(share)
}

/// The numbers of the parts that are there, ascending.
pub(super) fn stored(tx: &Tx<'_>, share: &Share) -> Result<Vec<u64>, StoreError> {
    let mut statement = tx.db.prepare_cached(
        "SELECT n FROM part WHERE share = ? AND (staged_until IS NULL OR staged_until > ?)
         ORDER BY n",
    )?;
    let numbers = statement.query_map((share.key, tx.now.unix_millis() as i64), |row| {
        Ok(row.get::<_, i64>(0)? as u64)
    })?;
    Ok(numbers.collect::<Result<_, _>>()?)
}
