//! From the plan of a body to a share that can be opened.
//!
//! Invariant: memory is bounded by the number of threads; no two contents are ever sent for one part,
//! whatever the server claims to have lost: under one nonce they would give both away. Whatever
//! fails, nothing stays on the server that nobody has a link to, as far as it can be reached.

use super::{
    sources::{Reader, Sources},
    unsealable,
};
use crate::{
    App,
    api::{Api, ApiError, Patience, Refused},
    failure::{Failure, Kind},
    interrupt,
};
use indicatif::ProgressBar;
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};
use waxseal_core::{
    body::{BodyPlan, Piece, SealError},
    chunk::ChunkCipher,
    layout::{PART, PLAIN_PART, SEAL, SEALED_CHUNK, TAG},
    wire::{CreateRequest, OwnedShare, ProblemType, ShareReceipt},
};
use zeroize::Zeroizing;

/// How long to try to take back what was stored.
const TAKING_BACK: Duration = Duration::from_secs(5);
/// How often parts that the server lost are sent again.
const ROUNDS: usize = 3;

/// One upload.
pub(super) struct Upload<'a> {
    app: &'a App,
    api: &'a Api,
    plan: &'a BodyPlan,
    sources: &'a Sources,
    share: &'a OwnedShare,
    cipher: ChunkCipher,
    bar: ProgressBar,
    /// What was sent of each part.
    sent: Mutex<BTreeMap<u64, Fingerprint>>,
}

/// SHA-256 of a sealed part's tags: with one key and nonce, equal only if the contents are.
type Fingerprint = [u8; 32];

impl<'a> Upload<'a> {
    pub(super) fn new(
        app: &'a App,
        api: &'a Api,
        plan: &'a BodyPlan,
        sources: &'a Sources,
        share: &'a OwnedShare,
    ) -> Self {
        let cipher = ChunkCipher::new(plan.key().clone());
        let bar = app.ui.bar(plan.size().plaintext(), "Sending");
        Self { app, api, plan, sources, share, cipher, bar, sent: Mutex::default() }
    }

    /// Uploads and publishes, with the grant that the server wants, if it does.
    ///
    /// # Errors
    /// What failed; then nothing is left on the server.
    pub(super) fn run(
        &self,
        request: CreateRequest,
        grant: Option<&str>,
    ) -> Result<ShareReceipt, Failure> {
        let _careful = interrupt::careful();
        let patience =
            Patience::new(self.app.settings.retry_for, |why| self.bar.set_message(why.to_owned()));
        let sent = if self.plan.size().is_one_part() {
            self.whole(request, grant, &patience)
        } else {
            self.in_parts(&request, grant, &patience)
        };
        self.bar.finish_and_clear();
        sent.map_err(|failure| self.take_back(failure))
    }

    /// One request creates and publishes.
    fn whole(
        &self,
        mut request: CreateRequest,
        grant: Option<&str>,
        patience: &Patience<'_>,
    ) -> Result<ShareReceipt, Failure> {
        let mut head = Vec::new();
        self.seal(&mut Reader::new(self.sources), 0, &mut Zeroizing::default(), &mut head)?;
        self.sources.check()?;
        request.head = Some(head);
        Ok(patience.until(|| self.api.create(&request, grant))?)
    }

    fn in_parts(
        &self,
        request: &CreateRequest,
        grant: Option<&str>,
        patience: &Patience<'_>,
    ) -> Result<ShareReceipt, Failure> {
        patience.until(|| self.api.create(request, grant))?;
        let mut missing: Vec<u64> = (0..self.plan.size().parts()).collect();
        for _ in 0..ROUNDS {
            self.put_all(&missing, patience)?;
            self.sources.check()?;
            match patience.until(|| self.api.publish(self.share)) {
                Err(Refused::Error(error)) if error.is(ProblemType::Conflict) => {
                    let stored = patience.until(|| self.api.parts(self.share))?.stored;
                    missing = (0..self.plan.size().parts())
                        .filter(|n| stored.binary_search(n).is_err())
                        .collect();
                    if missing.is_empty() {
                        return Err(error.into());
                    }
                }
                published => return Ok(published?),
            }
        }
        Err(Failure::new(Kind::Failed, "the server keeps losing parts"))
    }

    /// Seals and stores parts, a few at once.
    fn put_all(&self, parts: &[u64], patience: &Patience<'_>) -> Result<(), Failure> {
        let next = AtomicUsize::new(0);
        let stop = AtomicBool::new(false);
        let failed = Mutex::new(None);
        let worker = || {
            let mut reader = Reader::new(self.sources);
            let mut plaintext = Zeroizing::new(Vec::with_capacity(PLAIN_PART as usize));
            let mut sealed = Vec::with_capacity(PART + SEAL);
            while !stop.load(Ordering::Acquire)
                && let Some(n) = parts.get(next.fetch_add(1, Ordering::Relaxed))
            {
                let put = self
                    .seal(&mut reader, *n, &mut plaintext, &mut sealed)
                    .and_then(|()| Ok(self.put(*n, &sealed, patience, &stop)?));
                match put {
                    Ok(()) => {
                        self.bar.set_message("Sending");
                        self.bar.inc(plaintext.len() as u64);
                    }
                    Err(failure) => {
                        failed
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .get_or_insert(failure);
                        stop.store(true, Ordering::Release);
                    }
                }
            }
        };
        let threads = usize::from(self.app.settings.jobs).min(parts.len());
        thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(worker))));
        match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }

    /// Reads and seals part `n` into `sealed`.
    fn seal(
        &self,
        reader: &mut Reader<'_>,
        n: u64,
        plaintext: &mut Zeroizing<Vec<u8>>,
        sealed: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        plaintext.clear();
        sealed.clear();
        for piece in self.plan.pieces(n) {
            match piece {
                Piece::Prefix(range) => plaintext.extend_from_slice(&self.plan.prefix()[range]),
                Piece::File { index, range } => reader.read(index, &range, plaintext)?,
                // A part is about 1 MiB.
                Piece::Zeros(len) => plaintext.extend(std::iter::repeat_n(0, len as usize)),
            }
        }
        self.plan.seal_part(&self.cipher, n, plaintext, sealed).map_err(unsealable)?;
        let now = fingerprint(n, sealed);
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        if *sent.entry(n).or_insert(now) == now {
            Ok(())
        } else {
            sealed.clear();
            Err(unsealable(SealError::FileChanged))
        }
    }

    /// Stores part `n`. Where an answer was lost, the server is asked first whether it has the part.
    fn put(
        &self,
        n: u64,
        sealed: &[u8],
        patience: &Patience<'_>,
        stop: &AtomicBool,
    ) -> Result<(), Refused> {
        let mut lost = false;
        patience.until(|| {
            if stop.load(Ordering::Acquire) {
                // Another thread's failure is the one that is told.
                return Ok(());
            }
            if lost && self.api.parts(self.share)?.stored.binary_search(&n).is_ok() {
                return Ok(());
            }
            let put = self.api.put_part(self.share, n, sealed);
            lost = matches!(put, Err(ApiError::NoAnswer { .. }));
            put
        })
    }

    /// Takes back what may be stored, and says so if that fails.
    fn take_back(&self, failure: Failure) -> Failure {
        let patience = Patience::new(TAKING_BACK, |_| {}).after_a_signal();
        match patience.until(|| self.api.revoke(self.share)) {
            Ok(_) => failure,
            Err(Refused::Error(error)) if error.is(ProblemType::UnknownShare) => failure,
            Err(_) => {
                failure.and("; what the server has of it, sealed, stays there until it expires")
            }
        }
    }
}

fn fingerprint(n: u64, part: &[u8]) -> Fingerprint {
    let chunks = if n == 0 { part.get(SEAL..).unwrap_or_default() } else { part };
    let tags = chunks.chunks(SEALED_CHUNK).map(|chunk| &chunk[chunk.len().saturating_sub(TAG)..]);
    tags.fold(Sha256::new(), Sha256::chain_update).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use waxseal_core::{
        body::seal_part,
        chunk::ChunkKey,
        layout::{BodySize, CHUNK},
    };

    #[test]
    fn a_part_whose_content_changed_anywhere_has_another_fingerprint() {
        let cipher = ChunkCipher::new(ChunkKey::from_bytes(&[1; ChunkKey::LEN]));
        let size = BodySize::of_plaintext(3 * CHUNK as u64 + 7).expect("a possible size");
        let content = vec![7; 3 * CHUNK + 7];
        let of = |content: &[u8]| {
            let mut part = vec![0; SEAL];
            seal_part(&cipher, size, 0, content, &mut part).expect("as long as it must be");
            fingerprint(0, &part)
        };
        assert_eq!(of(&content), of(&content));
        for at in [0, CHUNK - 1, CHUNK, 3 * CHUNK, content.len() - 1] {
            let mut changed = content.clone();
            changed[at] ^= 1;
            assert_ne!(of(&content), of(&changed), "byte {at}");
        }
    }
}
