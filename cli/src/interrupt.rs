//! Ctrl-C, and the signals that mean the same.
//!
//! Invariant: while something would be left behind, the first signal is only noted; the second, and
//! any at another time, ends the process at once with the code for it.

use crate::failure::Kind;
use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

struct State {
    careful: usize,
    came: bool,
}

static STATE: Mutex<State> = Mutex::new(State { careful: 0, came: false });
static CHANGED: Condvar = Condvar::new();

/// While this lives, the first signal is only noted.
pub(crate) struct Careful(());

/// Listens from now on.
pub(crate) fn install() {
    // Without a handler a signal ends the process, which is no worse than at any other time.
    let _ = ctrlc::set_handler(|| {
        let mut state = state();
        if state.careful == 0 || state.came {
            std::process::exit(Kind::Cancelled.code().into());
        }
        state.came = true;
        CHANGED.notify_all();
    });
}

/// From here on there is something to tidy up.
pub(crate) fn careful() -> Careful {
    state().careful += 1;
    Careful(())
}

/// Whether a signal came.
pub(crate) fn came() -> bool {
    state().came
}

/// Waits so long, or until a signal comes; whether one came.
pub(crate) fn wait(duration: Duration) -> bool {
    let until = Instant::now() + duration;
    let mut state = state();
    while !state.came {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        state = CHANGED.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
    }
    state.came
}

impl Drop for Careful {
    fn drop(&mut self) {
        state().careful -= 1;
    }
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}
