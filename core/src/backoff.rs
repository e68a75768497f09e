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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_half_a_minute() {
        let millis = |failures| delay(failures).as_millis();
        let first = [0, 1, 2, 3, 4, 5, 6, 7, 8].map(millis);
        assert_eq!(first, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
        assert_eq!([63, 64, u32::MAX].map(millis), [30_000; 3]);
    }
}
