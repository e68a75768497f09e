//! The thread that owns the database.
//!
//! Invariant: requests that wait together share one transaction, and none is answered before it is
//! committed and the files that it left without a row are gone. If one of them fails, all are undone
//! and done again, each in a transaction of its own. However slow the disk is, only so many bytes of
//! bodies wait for it here.

use super::{
    super::{Clock, Full, Retention, StoreError},
    expirations::Expirations,
    files::Files,
    remover::Remover,
    reserve::Reserve,
    rows::Tx,
    sweep,
    usage::Usage,
};
use rusqlite::Connection;
use std::{
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Requests in one transaction, at most.
const BATCH: usize = 256;

/// Bytes of bodies that the thread has or is to get. Those of further requests stay with their
/// connections, and go with them.
const QUEUE: usize = 16 * 1024 * 1024;

/// Between two looks for what is due to go.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Handle of the thread; dropping it waits until the database is closed.
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Box<dyn Job>>>,
    /// Bytes for which there is room in the queue.
    room: Arc<Semaphore>,
    thread: Option<JoinHandle<()>>,
}

/// A request on its way through the thread.
trait Job: Send {
    /// Does it; says whether that may be committed. What a quota refuses is refused before anything is
    /// written.
    fn run(&mut self, tx: &Tx<'_>) -> bool;
    /// Whether it must not fail for want of room.
    fn is_essential(&self) -> bool;
    /// Whether there was no room for it.
    fn found_disk_full(&self) -> bool;
    /// Replaces its result: the transaction failed.
    fn fail(&mut self, error: StoreError);
    /// Hands over its result.
    fn answer(self: Box<Self>);
}

struct Call<T, F> {
    work: F,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
    /// Its body's place in the queue, if it has one.
    room: Option<OwnedSemaphorePermit>,
}

impl<T: Send, F: Fn(&Tx<'_>) -> Result<T, StoreError> + Send> Job for Call<T, F> {
    fn run(&mut self, tx: &Tx<'_>) -> bool {
        let result = (self.work)(tx);
        let failed = matches!(
            result,
            Err(StoreError::Full(Full::Engine) | StoreError::Unavailable(_) | StoreError::Fault(_))
        );
        self.result = Some(result);
        !failed
    }

    fn is_essential(&self) -> bool {
        self.room.is_none()
    }

    fn found_disk_full(&self) -> bool {
        matches!(self.result, Some(Err(StoreError::Full(Full::Engine))))
    }

    fn fail(&mut self, error: StoreError) {
        self.result = Some(Err(error));
    }

    fn answer(self: Box<Self>) {
        if let Some(result) = self.result {
            // Whoever asked may have gone.
            let _ = self.reply.send(result);
        }
    }
}

impl Writer {
    pub(super) fn start(
        db: Connection,
        files: Files,
        reserve: Reserve,
        usage: Usage,
        expirations: Expirations,
        retention: Retention,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let (jobs, waiting) = mpsc::channel();
        let remover = Remover::start()?;
        let owner = Owner { db, files, reserve, remover, usage, expirations, retention, clock };
        let thread =
            thread::Builder::new().name("sqlite".to_owned()).spawn(move || owner.run(&waiting))?;
        let room = Arc::new(Semaphore::new(QUEUE));
        Ok(Self { jobs: Some(jobs), room, thread: Some(thread) })
    }

    /// Does `work` in a transaction and returns its result once that is committed; on a full disk with
    /// the room that is kept for that.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        work: impl Fn(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.enqueue(work, None).await
    }

    /// As [`Self::call`], for work that holds so many bytes of a body.
    pub(super) async fn call_with_body<T: Send + 'static>(
        &self,
        len: usize,
        work: impl Fn(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        // One longer than the queue would wait for ever.
        let bytes = u32::try_from(len.min(QUEUE)).expect("the queue is shorter than 4 GiB");
        let room = Arc::clone(&self.room).acquire_many_owned(bytes).await;
        self.enqueue(work, Some(room.expect("nobody closes it"))).await
    }

    async fn enqueue<T: Send + 'static>(
        &self,
        work: impl Fn(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
        room: Option<OwnedSemaphorePermit>,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        if let Some(jobs) = &self.jobs {
            // If the thread has gone, so has `reply`.
            let _ = jobs.send(Box::new(Call { work, result: None, reply, room }));
        }
        answer.await.unwrap_or_else(|_| {
            Err(StoreError::Unavailable("the database's thread has ended".to_owned()))
        })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A panic in there has been reported as such.
            let _ = thread.join();
        }
    }
}

struct Owner {
    db: Connection,
    files: Files,
    reserve: Reserve,
    remover: Remover,
    usage: Usage,
    expirations: Expirations,
    retention: Retention,
    clock: Arc<dyn Clock>,
}

impl Owner {
    fn run(self, waiting: &mpsc::Receiver<Box<dyn Job>>) {
        let mut next_sweep = Instant::now();
        loop {
            if next_sweep <= Instant::now() {
                let more = self.sweep();
                next_sweep = Instant::now() + if more { Duration::ZERO } else { SWEEP_EVERY };
            }
            match waiting.recv_timeout(next_sweep.saturating_duration_since(Instant::now())) {
                Ok(first) => {
                    let mut batch = vec![first];
                    batch.extend(waiting.try_iter().take(BATCH - 1));
                    self.serve(batch);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn serve(&self, batch: Vec<Box<dyn Job>>) {
        let mut batch: Vec<_> = batch.into_iter().map(|job| (job, Vec::new())).collect();
        let run = |(job, doomed): &mut (Box<dyn Job>, Vec<PathBuf>)| {
            let fine = job.run(&self.tx());
            *doomed = self.files.doomed();
            fine
        };
        let together = self.transact(|| batch.iter_mut().all(run));
        if !matches!(together, Ok(true)) {
            for each in &mut batch {
                let mut alone = self.transact(|| run(each));
                let full = is_full(&alone) || each.0.found_disk_full();
                if full && each.0.is_essential() && self.reserve.release() {
                    alone = self.transact(|| run(each));
                    self.reserve.fill();
                }
                let (job, doomed) = each;
                if !matches!(alone, Ok(true)) {
                    doomed.clear();
                }
                if let Err(error) = alone {
                    job.fail(error);
                }
            }
        }
        for (job, doomed) in batch {
            self.remover.remove(doomed, || job.answer());
        }
    }

    /// Removes some of what is due to go; says whether there may be more.
    fn sweep(&self) -> bool {
        // Where there was no room for it there may be now.
        self.reserve.fill();
        let mut swept = self.try_sweep();
        if is_full(&swept) && self.reserve.release() {
            swept = self.try_sweep();
            self.reserve.fill();
        }
        swept.unwrap_or_else(|error| {
            tracing::warn!(%error, "what is due to go could not be removed, and is tried again");
            false
        })
    }

    fn try_sweep(&self) -> Result<bool, StoreError> {
        let (mut more, mut doomed) = (Ok(false), Vec::new());
        self.transact(|| {
            more = sweep::sweep(&self.tx());
            doomed = self.files.doomed();
            more.is_ok()
        })?;
        let more = more?;
        self.remover.remove(doomed, || {});
        Ok(more)
    }

    fn tx(&self) -> Tx<'_> {
        Tx {
            db: &self.db,
            files: &self.files,
            usage: &self.usage,
            expirations: &self.expirations,
            retention: self.retention,
            now: self.clock.now(),
        }
    }

    /// Commits what `work` does if it says so, and says whether it is committed.
    fn transact(&self, work: impl FnOnce() -> bool) -> Result<bool, StoreError> {
        let result = self.try_transact(work);
        if matches!(result, Ok(true)) {
            self.usage.after_commit();
            self.files.after_commit();
            self.expirations.after_commit();
        } else {
            // SQLite may have undone it by itself, when the disk is full for example.
            let undone =
                if self.db.is_autocommit() { Ok(()) } else { self.db.execute_batch("ROLLBACK") };
            // Whatever came of it: what this transaction was to remove must not go with the next one.
            self.usage.after_rollback();
            self.files.after_rollback();
            self.expirations.after_rollback();
            undone?;
        }
        result
    }

    fn try_transact(&self, work: impl FnOnce() -> bool) -> Result<bool, StoreError> {
        self.db.execute_batch("BEGIN IMMEDIATE")?;
        if !work() {
            return Ok(false);
        }
        self.files.before_commit()?;
        self.db.execute_batch("COMMIT")?;
        Ok(true)
    }
}

const fn is_full<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Full(Full::Engine)))
}

#[cfg(test)]
mod tests;
