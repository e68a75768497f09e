//! Shares to test with.
//!
//! Invariant: no two have anything in common, and their content looks like ciphertext.

use bytes::Bytes;
use std::{
    collections::HashSet,
    sync::atomic::{AtomicU64, Ordering},
};
use waxseal_core::{
    layout::{BodySize, PART, SEAL},
    token::{ShareId, TokenHash},
    wire::ExpiresIn,
};
use waxseal_server::store::NewShare;

/// A share as its owner has it.
#[derive(Clone)]
pub(crate) struct Sample {
    pub(crate) new: NewShare,
    pub(crate) body: Bytes,
    pub(crate) proof: Option<TokenHash>,
}

impl Sample {
    /// A small share for one view and a day.
    pub(crate) fn one_time() -> Self {
        Self::with_plaintext(1024).viewed(Some(1))
    }

    /// A share that may be viewed any number of times.
    pub(crate) fn with_plaintext(plaintext: u64) -> Self {
        let size = BodySize::of_plaintext(plaintext).expect("a possible length");
        let body = noise(size.get() as usize);
        let new = NewShare {
            id: ShareId::from_bytes(fresh()),
            access: token(),
            owner: token(),
            passphrase: None,
            size,
            expires_in: ExpiresIn::try_from(86_400).expect("a day is a possible expiry"),
            views: None,
            head: size.is_one_part().then(|| body.clone()),
            request: false,
            answers: None,
        };
        Self { new, body, proof: None }
    }

    pub(crate) fn viewed(mut self, views: Option<u32>) -> Self {
        self.new.views = views.map(|views| views.try_into().expect("a possible number of views"));
        self
    }

    pub(crate) fn expiring_in(mut self, seconds: u32) -> Self {
        self.new.expires_in = seconds.try_into().expect("a possible expiry");
        self
    }

    pub(crate) fn with_passphrase(mut self) -> Self {
        self.proof = Some(token());
        self.new.passphrase = self.proof;
        self
    }

    /// Part `n`, part 0 with the seal.
    pub(crate) fn part(&self, n: u64) -> Bytes {
        let len = self.new.size.part_len(n).expect("a part of the share");
        let start = if n == 0 { 0 } else { SEAL + n as usize * PART };
        self.body.slice(start..start + len)
    }

    /// The head without the seal.
    pub(crate) fn part_0(&self) -> Bytes {
        self.part(0).slice(SEAL..)
    }

    /// The content as words of 8 bytes: 15 bytes of it in a row have at least one of them.
    pub(crate) fn words(&self) -> HashSet<u64> {
        let (words, _) = self.body.as_chunks();
        words.iter().copied().map(u64::from_be_bytes).collect()
    }
}

/// A token's hash that no other share or claim has.
pub(crate) fn token() -> TokenHash {
    TokenHash::from_bytes(fresh())
}

fn fresh<const N: usize>() -> [u8; N] {
    noise(N).as_ref().try_into().expect("as long as asked")
}

/// Bytes that never come again (xorshift64*).
fn noise(len: usize) -> Bytes {
    static SEED: AtomicU64 = AtomicU64::new(1);
    let mut state = SEED.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_be_bytes()
    };
    let words = (0..len.div_ceil(8)).flat_map(|_| next());
    words.take(len).collect::<Vec<u8>>().into()
}
