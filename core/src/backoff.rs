//! How long to wait before asking again.
//!
//! Invariant: waiting is bounded, so that a connection that comes back is noticed within half a minute.

use std::time::Duration;

/// The wait after so many failures in a row: half a second, doubled by each, at most 30 seconds.
pub const fn delay(failures: u32) -> Duration {
    const LONGEST: u64 = 30_000;
    let doubled = 500 << if failures < 7 { failures } else { 7 };
    Duration::from_millis(if doubled < LONGEST { doubled } else { LONGEST })
}
