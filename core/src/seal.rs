//! Sealing a stream: plaintext in, authenticated chunks out, with one chunk of memory.
//!
//! Invariant: nothing can follow the last chunk; [`Sealer::finish`] takes `self`.

use crate::{chunk::ChunkCipher, layout::CHUNK};
use zeroize::Zeroizing;

/// Seals plaintext pushed in pieces of any size.
pub struct Sealer {
    cipher: ChunkCipher,
    next: u64,
    pending: Zeroizing<Vec<u8>>,
}

impl Sealer {
    /// Starts at chunk 0. The seal that came with `cipher` goes before the output.
    pub fn new(cipher: ChunkCipher) -> Self {
        Self { cipher, next: 0, pending: Zeroizing::new(Vec::with_capacity(CHUNK)) }
    }

    /// Takes `plaintext` and appends every chunk that is full to `out`.
    pub fn push(&mut self, mut plaintext: &[u8], out: &mut Vec<u8>) {
        while self.pending.len() + plaintext.len() >= CHUNK {
            if self.pending.is_empty() {
                // Whole chunks need no copy.
                let (chunk, rest) = plaintext.split_at(CHUNK);
                self.cipher.seal_chunk(self.next, chunk, out);
                plaintext = rest;
            } else {
                let (missing, rest) = plaintext.split_at(CHUNK - self.pending.len());
                self.pending.extend_from_slice(missing);
                self.cipher.seal_chunk(self.next, &self.pending, out);
                self.pending.clear();
                plaintext = rest;
            }
            self.next += 1;
        }
        self.pending.extend_from_slice(plaintext);
    }

    /// Appends the last chunk, which is short and may be empty, to `out`.
    pub fn finish(self, out: &mut Vec<u8>) {
        self.cipher.seal_chunk(self.next, &self.pending, out);
    }
}
