//! Fetching, opening and saving parts, a few at once.
//!
//! Invariant: nothing of a part is written before all that is wanted of it was verified; the lease is
//! renewed and progress kept while anything is under way.

use super::{claim::Opened, place::Place, saving::Saving};
use crate::{
    App,
    api::{Api, ApiError, Patience, Refused},
    failure::{Failure, Kind},
    interrupt,
};
use indicatif::ProgressBar;
use std::{
    sync::{
        Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use waxseal_core::{
    chunk::ChunkCipher,
    layout::{PART, PLAIN_PART},
    token::ShareId,
};
use zeroize::Zeroizing;

/// How much time a crash may cost.
const CHECKPOINT: Duration = Duration::from_secs(1);
/// How often the lease is renewed.
const RENEWAL: Duration = Duration::from_secs(60);

/// What threads share.
struct Download<'a> {
    api: &'a Api,
    id: ShareId,
    opened: &'a Opened,
    saving: &'a Saving,
    cipher: ChunkCipher,
    patience: Patience<'a>,
    bar: &'a ProgressBar,
    next: AtomicUsize,
    stop: AtomicBool,
    failed: Mutex<Option<Failure>>,
}

/// Fetches all that is missing.
///
/// # Errors
/// The first failure; what was saved before is kept, unless the content is damaged.
pub(super) fn run(
    app: &App,
    api: &Api,
    id: ShareId,
    opened: &Opened,
    saving: &Saving,
    place: &Place,
) -> Result<(), Failure> {
    let missing = saving.missing();
    let wanted = saving.wanted();
    let bar = app.ui.bar(wanted.end - wanted.start, "Saving");
    let held = |n: &u64| opened.head.size().part_plaintext(*n);
    let to_come: u64 = missing.iter().map(held).map(|part| part.end - part.start).sum();
    bar.set_position((wanted.end - wanted.start).saturating_sub(to_come));
    let download = Download {
        api,
        id,
        opened,
        saving,
        cipher: ChunkCipher::new(opened.head.key().clone()),
        patience: Patience::new(app.settings.retry_for, |why| bar.set_message(why.to_owned())),
        bar: &bar,
        next: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
        failed: Mutex::default(),
    };
    let threads = usize::from(app.settings.jobs).min(missing.len());
    let (over, changed) = (Mutex::new(false), Condvar::new());
    thread::scope(|scope| {
        scope.spawn(|| download.keep_going(place, &over, &changed));
        let workers: Vec<_> =
            (0..threads).map(|_| scope.spawn(|| download.work(&missing))).collect();
        for worker in workers {
            // A scope tells only of panics in threads that nobody joined.
            if worker.join().is_err() {
                download.fail(Failure::new(Kind::Interrupted, "a part could not be saved"));
            }
        }
        *over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
    });
    bar.finish_and_clear();
    let failed = download.failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    match failed {
        None => saving.checkpoint(place),
        Some(failure) if failure.kind == Kind::Damaged => {
            saving.discard(place)?;
            Err(failure)
        }
        Some(failure) => {
            // The failure goes before what it may have led to.
            let _ = saving.checkpoint(place);
            Err(failure)
        }
    }
}

impl Download<'_> {
    fn work(&self, missing: &[u64]) {
        let mut sealed = Vec::with_capacity(PART);
        let mut plaintext = Zeroizing::new(Vec::with_capacity(PLAIN_PART as usize));
        while !self.stop.load(Ordering::Acquire)
            && let Some(n) = missing.get(self.next.fetch_add(1, Ordering::Relaxed))
        {
            match self.part(*n, &mut sealed, &mut plaintext) {
                Ok(()) => {
                    self.bar.set_message("Saving");
                    self.bar.inc(plaintext.len() as u64);
                }
                Err(failure) => self.fail(failure),
            }
        }
    }

    /// Part `n`, from the server to the disk.
    fn part(&self, n: u64, sealed: &mut Vec<u8>, plaintext: &mut Vec<u8>) -> Result<(), Failure> {
        let size = self.opened.head.size();
        let sealed: &[u8] = if n == 0 {
            &self.opened.part_0
        } else {
            let len = size.part_chunk_bytes(n).unwrap_or_default();
            let fetched = self.patience.until(|| {
                if self.stop.load(Ordering::Acquire) {
                    // Another thread's failure is the one that is told.
                    return Err(ApiError::Foreign);
                }
                self.api.part(self.id, &self.opened.claim, n, len, sealed)
            });
            match fetched {
                Ok(()) => sealed,
                // Something between may answer instead of the server, and be gone the next time.
                Err(Refused::Error(error @ (ApiError::Foreign | ApiError::Moved(_)))) => {
                    return Err(Failure { kind: Kind::Interrupted, ..error.into() });
                }
                Err(refused) => return Err(refused.into()),
            }
        };
        plaintext.clear();
        self.opened
            .head
            .contents()
            .open_part(&self.cipher, n, sealed, &self.saving.wanted(), plaintext)
            .map_err(|_| damaged())?;
        self.saving.store(n, plaintext)
    }

    /// Until all is over: what was written is made durable, and the lease renewed.
    fn keep_going(&self, place: &Place, over: &Mutex<bool>, changed: &Condvar) {
        let mut renewed = Instant::now();
        let mut done = over.lock().unwrap_or_else(PoisonError::into_inner);
        while !*done {
            done = changed.wait_timeout(done, CHECKPOINT).unwrap_or_else(PoisonError::into_inner).0;
            drop(done);
            if let Err(failure) = self.saving.checkpoint(place) {
                self.fail(failure);
            }
            if interrupt::came() {
                self.fail(Failure::cancelled());
            }
            if renewed.elapsed() >= RENEWAL {
                // Parts renew it too, and say what is wrong where something is.
                let _ = self.api.lease(self.id, &self.opened.claim);
                renewed = Instant::now();
            }
            done = over.lock().unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn fail(&self, failure: Failure) {
        // In this order: who sees that it is over must not be the first to say why.
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failure);
        self.stop.store(true, Ordering::Release);
    }
}

fn damaged() -> Failure {
    Failure::new(
        Kind::Damaged,
        "what the server has is damaged; nothing of the damaged part was saved",
    )
}
