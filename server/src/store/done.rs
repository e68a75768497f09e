//! What a call answers that may be sent again: the same each time, and whether this was the time that
//! counted.
//!
//! Invariant: of all the same calls, however many at once, exactly one that was answered did it.

use std::ops::Deref;

/// An answer, and whether the call that got it did what it says. Another one found it done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done<T> {
    /// What is answered, whoever did it.
    pub answer: T,
    /// Whether this very call changed anything.
    pub now: bool,
}

impl<T> Done<T> {
    /// The call did it.
    pub const fn now(answer: T) -> Self {
        Self { answer, now: true }
    }

    /// There was nothing left to do.
    pub const fn before(answer: T) -> Self {
        Self { answer, now: false }
    }

    /// The same for another answer.
    pub fn map<U>(self, to: impl FnOnce(T) -> U) -> Done<U> {
        Done { answer: to(self.answer), now: self.now }
    }
}

impl<T> Deref for Done<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.answer
    }
}
