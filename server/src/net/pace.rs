//! How long bytes may be on their way, in or out.
//!
//! Invariant: what moves no byte ends after the patience, and what moves some ends unless they come to
//! the least rate on average; so no number of bytes buys more time than it is worth.

use std::time::{Duration, Instant};

/// How slow something may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// For the next byte; and to begin with, for the rate.
    pub(crate) stall: Duration,
    /// Bytes a second; 0 = any.
    pub(crate) rate: u32,
}

/// What moved so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    start: Instant,
    last: Instant,
    bytes: u64,
}

impl Pace {
    /// Nothing yet.
    pub(crate) const fn start(now: Instant) -> Self {
        Self { start: now, last: now, bytes: 0 }
    }

    /// So many more bytes.
    pub(crate) const fn moved(&mut self, bytes: usize, now: Instant) {
        self.bytes += bytes as u64;
        self.last = now;
    }

    /// When it was too slow, unless more moves till then.
    pub(crate) fn deadline(&self, patience: Patience) -> Instant {
        let stalled = self.last + patience.stall;
        match (self.bytes * 1000).checked_div(patience.rate.into()) {
            Some(earned) => {
                stalled.min(self.start + patience.stall + Duration::from_millis(earned))
            }
            None => stalled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STALL: Duration = Duration::from_secs(20);

    /// When it ends if these many bytes come every so many seconds.
    fn ends(bytes: usize, every: u64, rate: u32) -> Option<u64> {
        let start = Instant::now();
        let mut pace = Pace::start(start);
        for step in 1..10_000 {
            let at = Duration::from_secs(step * every);
            let deadline = pace.deadline(Patience { stall: STALL, rate });
            if start + at >= deadline {
                return Some((deadline - start).as_secs());
            }
            pace.moved(bytes, start + at);
        }
        None
    }

    #[test]
    fn what_is_too_slow_ends_and_nothing_else() {
        for (bytes, every, rate, end) in [
            // Nothing at all, now and then a byte, just too little, just enough.
            (0, 1, 1024, Some(20)),
            (1, 1, 1024, Some(20)),
            (1, 19, 1024, Some(20)),
            (1000, 1, 1024, Some(811)),
            (1024, 1, 1024, None),
            (10_240, 10, 1024, None),
            // More than enough, but not all the time.
            (1_000_000, 21, 1024, Some(20)),
            // Any rate will do, if there is progress.
            (1, 19, 0, None),
            (1, 20, 0, Some(20)),
        ] {
            assert_eq!(ends(bytes, every, rate), end, "{bytes} bytes every {every} s");
        }
    }
}
