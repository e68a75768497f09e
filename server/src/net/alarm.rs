//! Wakes a task in time.
//!
//! Invariant: whoever asked to be woken is, at the deadline at the latest.

use std::{pin::Pin, task::Context, time::Instant};
use tokio::time::{Sleep, sleep_until};

/// Made when first needed; wakes too early rather than being moved with every request.
#[derive(Default)]
pub(super) struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Wakes the task at `deadline` or before.
    pub(super) fn wake_at(&mut self, deadline: Instant, context: &mut Context<'_>) {
        let deadline = deadline.into();
        let alarm = self.0.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if alarm.is_elapsed() || alarm.deadline() > deadline {
            alarm.as_mut().reset(deadline);
        }
        if alarm.as_mut().poll(context).is_ready() {
            context.waker().wake_by_ref();
        }
    }
}
