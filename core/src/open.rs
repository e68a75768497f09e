//! Opening a stream: ciphertext in, verified plaintext out, with one chunk of memory.
//!
//! Invariant: no byte of a chunk is handed on before the chunk's tag was verified; only
//! [`Opener::finish`] says that the whole was complete.

use crate::{
    chunk::{ChunkCipher, Damaged},
    layout::SEALED_CHUNK,
};

/// Opens the chunks that follow a seal, pushed in pieces of any size. Broken for good by an error.
pub struct Opener {
    cipher: ChunkCipher,
    next: u64,
    pending: Vec<u8>,
    damaged: bool,
}

impl Opener {
    /// Starts at chunk 0, with the cipher that the seal was verified for.
    pub fn new(cipher: ChunkCipher) -> Self {
        Self { cipher, next: 0, pending: Vec::with_capacity(SEALED_CHUNK), damaged: false }
    }

    /// Takes `ciphertext` and appends the plaintext of every full chunk to `out`.
    ///
    /// # Errors
    /// [`Damaged`] if a chunk does not verify; what was appended before it did.
    pub fn push(&mut self, mut ciphertext: &[u8], out: &mut Vec<u8>) -> Result<(), Damaged> {
        if self.damaged {
            return Err(Damaged);
        }
        while self.pending.len() + ciphertext.len() >= SEALED_CHUNK {
            let opened = if self.pending.is_empty() {
                // Whole chunks need no copy.
                let (chunk, rest) = ciphertext.split_at(SEALED_CHUNK);
                ciphertext = rest;
                self.cipher.open_chunk(self.next, chunk, out)
            } else {
                let (missing, rest) = ciphertext.split_at(SEALED_CHUNK - self.pending.len());
                ciphertext = rest;
                self.pending.extend_from_slice(missing);
                let opened = self.cipher.open_chunk(self.next, &self.pending, out);
                self.pending.clear();
                opened
            };
            if opened.is_err() {
                self.damaged = true;
                return Err(Damaged);
            }
            self.next += 1;
        }
        self.pending.extend_from_slice(ciphertext);
        Ok(())
    }

    /// Appends the plaintext of the last chunk, which must be short, to `out`.
    ///
    /// # Errors
    /// [`Damaged`] if it is missing (the stream was cut at a chunk's end) or does not verify.
    pub fn finish(self, out: &mut Vec<u8>) -> Result<(), Damaged> {
        if self.damaged {
            return Err(Damaged);
        }
        self.cipher.open_chunk(self.next, &self.pending, out)
    }
}
