//! How far a transfer is, how fast, and how long it will take.
//!
//! Invariant: what is shown never goes back.

use crate::words;
use js_sys::Date;
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    time::Duration,
};

/// The speed is that of so many milliseconds.
const WINDOW_MILLIS: f64 = 5000.0;
/// Before that it would be a guess.
const LEAST_MILLIS: f64 = 1000.0;
/// Between two looks at it.
const PACE_MILLIS: f64 = 200.0;

/// A transfer's progress, shown as it goes.
pub struct Progress {
    total: u64,
    done: Cell<u64>,
    waiting: Cell<u32>,
    /// Whether something got through since something last did not.
    moving: Cell<bool>,
    shown: Cell<f64>,
    /// When how much was done, of the last while.
    past: RefCell<VecDeque<(f64, u64)>>,
    show: Box<dyn Fn(&Snapshot)>,
}

/// A transfer at one moment.
#[derive(Clone, Copy)]
pub struct Snapshot {
    /// Bytes that got through.
    pub done: u64,
    /// Bytes in all.
    pub total: u64,
    /// Bytes a second of the last while, once that is long enough.
    pub bytes_per_second: Option<u64>,
    /// Time left at that speed.
    pub seconds_left: Option<u64>,
    /// Whether there is no connection.
    pub waiting: bool,
}

/// There is no connection, as long as this is not dropped.
pub(super) struct Waiting<'a>(&'a Progress);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.set(self.0.waiting.get() - 1);
        self.0.look();
    }
}

impl Progress {
    /// Of `total` bytes; `show` is called at once and at most five times a second.
    pub fn new(total: u64, show: impl Fn(&Snapshot) + 'static) -> Self {
        let progress = Self {
            total,
            done: Cell::new(0),
            waiting: Cell::new(0),
            moving: Cell::new(false),
            shown: Cell::new(0.0),
            past: RefCell::default(),
            show: Box::new(show),
        };
        progress.past.borrow_mut().push_back((Date::now(), 0));
        progress.look();
        progress
    }

    /// So many bytes got through.
    pub fn add(&self, bytes: u64) {
        self.done.set(self.total.min(self.done.get() + bytes));
        self.moving.set(true);
        let now = Date::now();
        let mut past = self.past.borrow_mut();
        past.push_back((now, self.done.get()));
        while past.len() > 2 && past[1].0 < now - WINDOW_MILLIS {
            past.pop_front();
        }
        drop(past);
        if now - self.shown.get() >= PACE_MILLIS || self.done.get() == self.total {
            self.look();
        }
    }

    pub(super) fn wait(&self) -> Waiting<'_> {
        self.waiting.set(self.waiting.get() + 1);
        self.moving.set(false);
        self.look();
        Waiting(self)
    }

    fn look(&self) {
        self.shown.set(Date::now());
        let bytes_per_second = self.speed();
        let left = self.total - self.done.get();
        (self.show)(&Snapshot {
            done: self.done.get(),
            total: self.total,
            bytes_per_second,
            seconds_left: bytes_per_second.map(|speed| left.div_ceil(speed.max(1))),
            waiting: self.waiting.get() > 0 && !self.moving.get(),
        });
    }

    fn speed(&self) -> Option<u64> {
        let past = self.past.borrow();
        let ((start, before), (end, after)) = (past.front()?, past.back()?);
        let millis = end - start;
        (millis >= LEAST_MILLIS).then(|| (after - before) * 1000 / millis as u64)
    }
}

impl Snapshot {
    /// 0 … 100, rounded down; nothing to do is all done.
    pub fn percent(&self) -> u64 {
        self.done.saturating_mul(100).checked_div(self.total).unwrap_or(100)
    }

    /// “12.3 MB of 1.0 GB · 45.1 MB/s · 20 seconds left”
    pub fn words(&self) -> String {
        let mut text = format!("{} of {}", words::size(self.done), words::size(self.total));
        if self.waiting {
            text += " · no connection";
        } else if let (Some(speed), Some(left)) = (self.bytes_per_second, self.seconds_left)
            && self.done < self.total
        {
            let left = if left < 60 {
                words::plural(left.max(1), "second")
            } else {
                words::span(Duration::from_secs(left))
            };
            text += &format!(" · {}/s · {left} left", words::size(speed));
        }
        text
    }
}
