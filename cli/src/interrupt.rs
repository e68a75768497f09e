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
    let terminal = Terminal::remember();
    // Without a handler a signal ends the process, which is no worse than at any other time.
    let _ = ctrlc::set_handler(move || {
        let mut state = state();
        if state.careful == 0 || state.came {
            // A passphrase may just be asked for, with nothing shown of what is typed.
            terminal.restore();
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

/// How the terminal was.
#[cfg(unix)]
struct Terminal(Option<(std::fs::File, rustix::termios::Termios)>);

#[cfg(unix)]
impl Terminal {
    fn remember() -> Self {
        let Ok(terminal) = std::fs::File::open("/dev/tty") else { return Self(None) };
        let modes = rustix::termios::tcgetattr(&terminal);
        Self(modes.ok().map(|modes| (terminal, modes)))
    }

    fn restore(&self) {
        if let Some((terminal, modes)) = &self.0 {
            // A terminal that is gone needs nothing.
            let _ =
                rustix::termios::tcsetattr(terminal, rustix::termios::OptionalActions::Now, modes);
        }
    }
}

/// Windows gives each program modes of its own.
#[cfg(not(unix))]
struct Terminal;

#[cfg(not(unix))]
impl Terminal {
    const fn remember() -> Self {
        Self
    }

    const fn restore(&self) {}
}

impl Drop for Careful {
    fn drop(&mut self) {
        state().careful -= 1;
    }
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}
