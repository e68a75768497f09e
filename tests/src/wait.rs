//! Waiting for what is to come: a condition is asked for again until it holds.
//!
//! Invariant: no wait is without an end.

use anyhow::{Result, bail};
use std::time::{Duration, Instant};

/// How long anything may take that a server does by itself.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// How long anything may take, browsers included; the slowest machine is meant.
const LONGEST: Duration = Duration::from_secs(60);

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(10);

/// Asks until there is an answer.
///
/// # Errors
/// Those of `ask`; that there was no answer in time, naming `what`.
pub async fn until<T>(what: &str, ask: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    within(LONGEST, what, ask).await
}

/// As [`until`], for what may take longer.
///
/// # Errors
/// Those of `ask`; that there was no answer in time, naming `what`.
pub async fn within<T>(
    patience: Duration,
    what: &str,
    mut ask: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + patience;
    loop {
        // The last question is asked after that, however long each takes.
        let is_last = Instant::now() > deadline;
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        if is_last {
            bail!("waited in vain for {what}");
        }
        tokio::time::sleep(PAUSE).await;
    }
}
