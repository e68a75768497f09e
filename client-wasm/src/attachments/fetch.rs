//! Bytes of an attachment, from the parts that hold them and no others.
//!
//! Invariant: what is handed on was verified; part 0 is the head and never fetched again.

use super::session::Session;
use crate::{
    transfer::{self, Progress},
    worker::{Failure, Fetch, OpenPart},
};
use js_sys::Uint8Array;
use std::{cell::RefCell, ops::Range};
use waxseal_core::{body::Contents, chunk::ChunkCipher};

/// Opens the plaintext bytes `range` of the body and gives each stretch to `write`, with its place in
/// the range, in any order.
///
/// # Errors
/// The first [`Failure`] that trying again does not mend, and those of `write`.
pub(super) async fn range(
    session: &Session,
    range: &Range<u64>,
    progress: &Progress,
    write: impl AsyncFn(u64, Uint8Array) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let parts = Contents::parts_of(range);
    if parts == (0..1) {
        // A worker would take longer to start than this does.
        let bytes = open_head(session, range)?;
        let len = u64::from(bytes.length());
        write(0, bytes).await?;
        progress.add(len);
        return Ok(());
    }
    transfer::run(parts, progress, async |worker, n| {
        let fetch = (n > 0).then(|| Fetch { id: session.id, claim: session.claim.clone() });
        let (key, contents) = (session.key.clone(), session.contents);
        let job = OpenPart { key, contents, n, range: range.clone(), fetch };
        let bytes = worker.open(job, (n == 0).then_some(&session.head)).await?;
        let len = u64::from(bytes.length());
        let start = contents.size.part_plaintext(n).start.max(range.start);
        write(start - range.start, bytes).await?;
        Ok(len)
    })
    .await
}

/// The same for a small range, as a whole.
///
/// # Errors
/// As [`range`].
pub(super) async fn bytes(
    session: &Session,
    wanted: &Range<u64>,
    progress: &Progress,
) -> Result<Vec<u8>, Failure> {
    let whole = RefCell::new(vec![0; (wanted.end - wanted.start) as usize]);
    range(session, wanted, progress, async |start, bytes| {
        let start = start as usize;
        let mut whole = whole.borrow_mut();
        let place = whole.get_mut(start..start + bytes.length() as usize);
        bytes.copy_to(place.ok_or(Failure::Damaged)?);
        Ok(())
    })
    .await?;
    Ok(whole.into_inner())
}

fn open_head(session: &Session, range: &Range<u64>) -> Result<Uint8Array, Failure> {
    let cipher = ChunkCipher::new(session.chunk_key.clone());
    let mut out = Vec::with_capacity((range.end - range.start) as usize);
    let opened = session.contents.open_part(&cipher, 0, &session.head.to_vec(), range, &mut out);
    opened.map_err(|_| Failure::Damaged)?;
    Ok(Uint8Array::from(out.as_slice()))
}
