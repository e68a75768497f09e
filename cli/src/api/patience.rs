//! Asking again while an answer may still come.
//!
//! Invariant: what may pass is waited for with growing pauses, and given up once nobody has got an
//! answer for the time agreed; a signal ends a pause.

use super::ApiError;
use crate::{failure::Failure, interrupt};
use std::{
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};
use waxseal_core::backoff;

/// The longest wait that a server may ask for.
const LONGEST: Duration = Duration::from_secs(60);

/// Shared by all threads that talk to one server.
pub(crate) struct Patience<'a> {
    limit: Duration,
    /// When anybody last got an answer.
    answered: Mutex<Instant>,
    waiting: Box<dyn Fn(&str) + Sync + 'a>,
    heeds_signals: bool,
}

impl<'a> Patience<'a> {
    /// Keeps trying for `limit` without an answer; `waiting` is told why there is a pause.
    pub(crate) fn new(limit: Duration, waiting: impl Fn(&str) + Sync + 'a) -> Self {
        Self {
            limit,
            answered: Mutex::new(Instant::now()),
            waiting: Box::new(waiting),
            heeds_signals: true,
        }
    }

    /// The same for tidying up, which a signal may have caused.
    #[must_use]
    pub(crate) fn after_a_signal(self) -> Self {
        Self { heeds_signals: false, ..self }
    }

    /// Asks until there is an answer or an error that does not pass.
    ///
    /// # Errors
    /// That error, the last one that did not pass in time, or that a signal came.
    pub(crate) fn until<T>(
        &self,
        mut ask: impl FnMut() -> Result<T, ApiError>,
    ) -> Result<T, Refused> {
        let mut failures = 0;
        let start = Instant::now();
        loop {
            if self.heeds_signals && interrupt::came() {
                return Err(Refused::Cancelled);
            }
            let error = match ask() {
                Ok(answer) => {
                    *self.answered.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                    return Ok(answer);
                }
                Err(error) if error.is_passing() => error,
                Err(error) => return Err(Refused::Error(error)),
            };
            let answered = *self.answered.lock().unwrap_or_else(PoisonError::into_inner);
            let pause = error.retry_after().unwrap_or_default().min(LONGEST);
            let pause = pause.max(backoff::delay(failures));
            if answered.max(start).elapsed() + pause > self.limit {
                return Err(Refused::Error(error));
            }
            (self.waiting)("no answer, trying again");
            failures += 1;
            if self.heeds_signals {
                interrupt::wait(pause);
            } else {
                thread::sleep(pause);
            }
        }
    }
}

/// Why asking ended.
#[derive(Debug)]
pub(crate) enum Refused {
    /// An error that did not pass.
    Error(ApiError),
    /// A signal.
    Cancelled,
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Error(error) => error.into(),
            Refused::Cancelled => Self::cancelled(),
        }
    }
}
