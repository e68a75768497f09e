//! What hostile bytes are given to, and what must hold whatever they are: each function panics where it
//! does not.
//!
//! Invariant: a function here takes any bytes. `libfuzzer/` searches for bytes that break it, `seeds/`
//! is where the search begins, and `tests/smoke.rs` gives it those and some thousands like them.

mod bodies;
mod http;
mod messages;
mod stores;
mod texts;

pub use bodies::body;
pub use http::request;
pub use messages::{manifest, message};
pub use stores::Stores;
pub use texts::{link, token};

/// Bytes to make choices of; zeros when they are used up.
struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// One of `count`.
    fn below(&mut self, count: u8) -> u8 {
        self.byte() % count
    }

    fn number(&mut self) -> u64 {
        u64::from_be_bytes([0; 8].map(|_| self.byte()))
    }

    fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    fn rest(&self) -> &'a [u8] {
        self.0
    }
}
