//! A connection's state, as its stream and the requests on it know it.
//!
//! Invariant: between two requests there is always a deadline, for the next head or for the rest of a body
//! that nobody wants; while a request is served its body and its store have deadlines of their own.

use super::{
    Limits,
    crowd::Place,
    pace::{Pace, Patience},
};
use crate::metrics::Refusal;
use actix_web::http::StatusCode;
use std::{
    cell::Cell,
    time::{Duration, Instant},
};

/// Bytes that may come before there is a request.
const HEAD_LIMIT: usize = 32 * 1024;

/// Bytes after which is looked whether they are a request: few, as each of them may be a dozen, and is
/// kept in memory till it is its turn.
pub(super) const LOOK: usize = 2 * 1024;

/// For the rest of a body that nobody wants, so that whoever sends it gets to read the answer.
pub(super) const LINGER: Duration = Duration::from_secs(1);

/// One connection.
pub(crate) struct Line {
    limits: Limits,
    place: Place,
    phase: Cell<Phase>,
    /// Whether no request was served yet: whatever is sent now is no part of an answer.
    fresh: Cell<bool>,
    /// Whether there is more of the request's body.
    unread: Cell<bool>,
    answer: Cell<Option<Answer>>,
}

#[derive(Clone, Copy)]
enum Phase {
    /// Nothing of a request has come.
    Idle { since: Instant },
    /// A part of a head has, or of a body that was of no use; the first `looked` bytes were found to be
    /// no whole head.
    Head { since: Instant, bytes: usize, looked: usize },
    /// A handler has the request.
    Serving,
    /// It was answered before its body had come.
    Parting { since: Instant },
    /// Nothing more is read.
    Over,
}

/// An answer that is not taken as fast as it is made.
#[derive(Clone, Copy)]
struct Answer {
    pace: Pace,
    blocked: bool,
}

/// What to do about a read.
pub(super) enum Turn {
    /// Read.
    Read,
    /// Read little.
    ReadHead,
    /// Nothing before the answer is gone.
    Later,
    /// Let the head be parsed first.
    Look,
    /// There is nothing more to read; if a status is given nobody was told yet.
    End(Option<StatusCode>),
}

impl Line {
    pub(super) const fn new(limits: Limits, place: Place, now: Instant) -> Self {
        Self {
            limits,
            place,
            phase: Cell::new(Phase::Idle { since: now }),
            fresh: Cell::new(true),
            unread: Cell::new(false),
            answer: Cell::new(None),
        }
    }

    /// How slow bodies and answers may be.
    pub(crate) const fn patience(&self) -> Patience {
        self.limits.patience
    }

    /// A handler gets a request.
    pub(super) fn serve(&self, has_body: bool) {
        self.fresh.set(false);
        self.unread.set(has_body);
        self.answer.set(None);
        self.phase.set(Phase::Serving);
    }

    /// The request's body is read to its end.
    pub(crate) fn body_is_read(&self) {
        self.unread.set(false);
    }

    /// The handler has answered. Whether the connection can serve no other request.
    pub(super) fn answered(&self, now: Instant) -> bool {
        let parting = self.unread.get();
        let (idle, part) = (Phase::Idle { since: now }, Phase::Parting { since: now });
        self.phase.set(if parting { part } else { idle });
        parting
    }

    /// Whether to read.
    pub(super) fn turn(&self, now: Instant) -> Turn {
        match self.phase.get() {
            Phase::Over => Turn::End(None),
            _ if self.is_blocked() => Turn::Later,
            Phase::Serving if !self.unread.get() => Turn::Later,
            Phase::Head { since, bytes, looked } if bytes >= looked + LOOK => {
                self.phase.set(Phase::Head { since, bytes, looked: bytes });
                Turn::Look
            }
            Phase::Head { bytes, .. } if bytes >= HEAD_LIMIT => {
                self.end(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
            }
            // What comes is of no use, and may never end.
            Phase::Parting { .. } => self.turn_without_bytes(now),
            Phase::Idle { .. } | Phase::Head { .. } => Turn::ReadHead,
            Phase::Serving => Turn::Read,
        }
    }

    /// Whether a next request may be read.
    pub(super) fn may_read(&self) -> bool {
        !self.is_blocked() && !matches!(self.phase.get(), Phase::Serving)
    }

    /// Whether to wait, with nothing there to be read. What is there is never too late: that it was not
    /// read before is no fault of the peer's.
    pub(super) fn turn_without_bytes(&self, now: Instant) -> Turn {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return Turn::Read;
        }
        self.end(StatusCode::REQUEST_TIMEOUT)
    }

    fn end(&self, status: StatusCode) -> Turn {
        let phase = self.phase.replace(Phase::Over);
        let is_head = matches!(phase, Phase::Head { .. });
        if is_head {
            self.place.refused(match status {
                StatusCode::REQUEST_TIMEOUT => Refusal::Slow,
                _ => Refusal::Large,
            });
        }
        Turn::End((is_head && self.fresh.get()).then_some(status))
    }

    /// So many bytes came.
    pub(super) fn came(&self, more: usize, now: Instant) {
        match self.phase.get() {
            Phase::Idle { .. } => {
                self.phase.set(Phase::Head { since: now, bytes: more, looked: 0 });
            }
            Phase::Head { since, bytes, looked } => {
                self.phase.set(Phase::Head { since, bytes: bytes + more, looked });
            }
            Phase::Serving | Phase::Parting { .. } | Phase::Over => {}
        }
    }

    /// When to look whether to stop reading: at the deadline, or before where it may come closer.
    pub(super) fn next_look(&self, now: Instant) -> Option<Instant> {
        self.deadline().map(|deadline| match self.phase.get() {
            Phase::Idle { .. } => deadline.min(now + self.limits.head),
            _ => deadline,
        })
    }

    /// When to stop reading, if nothing else happens.
    fn deadline(&self) -> Option<Instant> {
        // Whoever waits for an answer to be taken has no reason to hear more.
        if self.is_blocked() {
            return None;
        }
        match self.phase.get() {
            Phase::Idle { since } if self.fresh.get() => Some(since + self.limits.head),
            Phase::Idle { since } => Some(since + self.idle()),
            Phase::Head { since, .. } => Some(since + self.limits.head),
            Phase::Parting { since } => Some(since + LINGER),
            Phase::Serving | Phase::Over => None,
        }
    }

    fn is_blocked(&self) -> bool {
        self.answer.get().is_some_and(|answer| answer.blocked)
    }

    /// Kept for a next request; shorter where there are many.
    fn idle(&self) -> Duration {
        if self.place.is_crowded() {
            self.limits.idle.min(self.limits.head)
        } else {
            self.limits.idle
        }
    }

    /// The reader takes no more of the answer. When that has lasted too long.
    pub(super) fn blocked(&self, now: Instant) -> Instant {
        let pace = self.answer.get().map_or(Pace::start(now), |answer| answer.pace);
        self.answer.set(Some(Answer { pace, blocked: true }));
        pace.deadline(self.limits.patience)
    }

    /// The reader takes so many bytes of the answer.
    pub(super) fn took(&self, bytes: usize) {
        if let Some(Answer { mut pace, .. }) = self.answer.get() {
            pace.moved(bytes, Instant::now());
            self.answer.set(Some(Answer { pace, blocked: false }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::crowd::Crowd, *};
    use crate::metrics::Metrics;
    use std::sync::Arc;

    #[test]
    fn what_is_there_is_never_too_late() {
        let second = Duration::from_secs(1);
        let patience = Patience { stall: second, rate: 0 };
        let limits = Limits { head: second, idle: second, patience };
        let crowd = Arc::new(Crowd::new(0, 0, Metrics::default()));
        let place = crowd.enter([192, 0, 2, 1].into(), false);
        let start = Instant::now();
        let line = Line::new(limits, place.expect("there is room"), start);
        let (late, later) = (start + 3 * second, start + 9 * second);
        // The server was busy, and the bytes have waited for it.
        assert!(matches!(line.turn(late), Turn::ReadHead));
        line.came(100, late);
        assert!(matches!(line.turn_without_bytes(late), Turn::Read));
        assert!(matches!(line.turn(later), Turn::ReadHead));
        let told = Some(StatusCode::REQUEST_TIMEOUT);
        assert!(matches!(line.turn_without_bytes(later), Turn::End(status) if status == told));
        assert!(matches!(line.turn(later), Turn::End(None)), "it was told, and ends");
    }
}
