//! Parts on their way, several at once, for as long as it takes.
//!
//! Invariant: a part that did not get through is tried again with the same content; what ends a
//! transfer is an answer or the person, never a lost connection.

mod cancel;
mod progress;

pub use cancel::Cancel;
pub use progress::{Progress, Snapshot};

use crate::{
    dom,
    worker::{BulkWorker, Failure},
};
use futures_util::future::try_join4;
use js_sys::Promise;
use std::cell::{Cell, RefCell};
use wasm_bindgen_futures::JsFuture;
use waxseal_core::{backoff, wire::ProblemType};

/// A worker that breaks so often at one part will not get better.
const BREAKDOWNS: u32 = 5;

/// Does `work` for each of `parts`, which says how many bytes that was; four at once, with a worker each,
/// whatever the processor: some wait for the network while others seal. What cannot reach the server is tried again, later and later; the first other failure
/// ends it all. Dropped, it ends the workers.
///
/// # Errors
/// The first [`Failure`] that trying again does not mend.
pub async fn run(
    parts: impl Iterator<Item = u64>,
    progress: &Progress,
    work: impl AsyncFn(&BulkWorker, u64) -> Result<u64, Failure>,
) -> Result<(), Failure> {
    let parts = RefCell::new(parts);
    let lane = || async {
        let worker = Cell::new(None);
        // Not in the condition: the queue would stay borrowed while a part is on its way.
        loop {
            let Some(n) = parts.borrow_mut().next() else { return Ok(()) };
            let bytes = with(&worker, progress, async |worker| work(worker, n).await).await?;
            progress.add(bytes);
        }
    };
    try_join4(lane(), lane(), lane(), lane()).await.map(|_| ())
}

/// Does `work` till it gets through: what cannot reach the server, or is too much for now, is tried
/// again, later and later.
///
/// # Errors
/// The first [`Failure`] that trying again does not mend.
pub async fn insist<T>(
    progress: &Progress,
    work: impl AsyncFn() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut failures = 0;
    // Till it gets through: that it is tried again is no connection yet.
    let mut waiting = None;
    loop {
        match work().await {
            Err(Failure::Unreachable) => {}
            Err(Failure::Problem(problem)) if problem.kind == ProblemType::TooMany => {}
            done => return done,
        }
        drop(waiting.replace(progress.wait()));
        pause(backoff::delay(failures).as_millis() as i32).await;
        failures += 1;
    }
}

/// As [`insist`], with a worker that is started anew when it breaks.
async fn with(
    worker: &Cell<Option<BulkWorker>>,
    progress: &Progress,
    work: impl AsyncFn(&BulkWorker) -> Result<u64, Failure>,
) -> Result<u64, Failure> {
    let breakdowns = Cell::new(0);
    insist(progress, async || {
        let ready = match worker.take() {
            Some(ready) => Ok(ready),
            None => BulkWorker::start().await,
        };
        let done = match ready {
            Ok(ready) => {
                let done = work(&ready).await;
                if !matches!(done, Err(Failure::Broken)) {
                    worker.set(Some(ready));
                }
                done
            }
            Err(failure) => Err(failure),
        };
        match done {
            Err(Failure::Broken) if breakdowns.get() < BREAKDOWNS => {
                breakdowns.set(breakdowns.get() + 1);
                Err(Failure::Unreachable)
            }
            done => done,
        }
    })
    .await
}

/// Waits so long, or till the browser is online again.
pub async fn pause(millis: i32) {
    let woken = Promise::new(&mut |resolve, _| {
        dom::once(&dom::window(), "online", &resolve);
        let set =
            dom::window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, millis);
        debug_assert!(set.is_ok(), "a window has timers");
    });
    JsFuture::from(woken).await.ok();
}
