//! When the answer leaves that a share is unknown: at even times after its request came.
//!
//! Invariant: how long the store looked, a little longer for a wrong token than for an id that it never
//! had, is not to be seen in when the answer comes.

use crate::problem::ApiError;
use actix_web::dev::ServiceResponse;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Many times what the store takes for one share.
const STEP: Duration = Duration::from_millis(5);

/// Holds an answer that a share is unknown until it is due.
pub(crate) async fn answer_unknown<B>(start: Instant, response: &ServiceResponse<B>) {
    let error = response.response().error().and_then(|error| error.as_error::<ApiError>());
    if error.is_some_and(ApiError::is_unknown_share) {
        wait(start).await;
    }
}

/// Waits until the next even time after `start`.
pub(crate) async fn wait(start: Instant) {
    sleep_until(start + due(start.elapsed())).await;
}

/// When an answer leaves that is there after `took`.
fn due(took: Duration) -> Duration {
    let steps = took.as_nanos() / STEP.as_nanos() + 1;
    // Nothing takes as long as a number of steps that does not fit: 248 days.
    STEP * u32::try_from(steps).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_leave_together_whenever_they_are_there() {
        for (took, leaves) in
            [(0, 5), (3, 5), (80, 5), (4_999, 5), (5_000, 10), (9_999, 10), (60_000, 65)]
        {
            assert_eq!(due(Duration::from_micros(took)).as_millis(), leaves, "{took} µs");
        }
    }
}
