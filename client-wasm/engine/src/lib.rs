//! Bulk sealing and opening in a browser, in a page or a worker.
//!
//! Scheme, keys and nonces are `waxseal-core`'s; the AES is the platform's (SubtleCrypto), or
//! `aes-gcm` in WASM where the page has none. Both make the same bytes.
//!
//! Invariant: no plaintext is handed out unless every chunk that was asked for with it verified.

// The build takes away what formats for debugging.
#![warn(clippy::use_debug)]

mod platform;

use js_sys::Uint8Array;
use platform::Platform;
use std::ops::Range;
use waxseal_core::{
    body::{Contents, Span},
    chunk::{ChunkCipher, ChunkKey, Damaged},
    layout::{BodySize, CHUNK, TAG},
};
use zeroize::Zeroizing;

/// Seals and opens the chunks of one body.
pub struct Engine(Aes);

enum Aes {
    /// Bytes stay outside WASM's memory.
    Platform(Platform),
    Portable(Box<ChunkCipher>),
}

/// Why a part was not sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealFailure {
    /// Not as much plaintext as the part holds, or no room for it.
    #[error("a file changed while it was being read")]
    Length,
    /// The browser's AES failed, for lack of memory for instance.
    #[error("the browser could not encrypt")]
    Platform,
}

impl Engine {
    /// The fastest engine that there is here.
    pub async fn new(key: &ChunkKey) -> Self {
        match Self::platform(key).await {
            Some(engine) => engine,
            None => Self::portable(key),
        }
    }

    /// SubtleCrypto; `None` where a page has none, as over plain http, or where it refuses the key.
    pub async fn platform(key: &ChunkKey) -> Option<Self> {
        Platform::new(key).await.map(|platform| Self(Aes::Platform(platform)))
    }

    /// `aes-gcm`.
    pub fn portable(key: &ChunkKey) -> Self {
        Self(Aes::Portable(Box::new(ChunkCipher::new(key.clone()))))
    }

    /// Writes part `n` of a body of `size`, sealed, to the start of `out`, behind `front`: the seal
    /// before part 0, else nothing. Gives what was written. One `out` will do for many parts, and
    /// spares the browser half of its time.
    ///
    /// # Errors
    /// [`SealFailure`].
    pub async fn seal_part(
        &self,
        size: BodySize,
        n: u64,
        plaintext: &Uint8Array,
        front: &[u8],
        out: &Uint8Array,
    ) -> Result<Uint8Array, SealFailure> {
        let range = size.part_plaintext(n);
        if range.end - range.start != u64::from(plaintext.length()) {
            return Err(SealFailure::Length);
        }
        self.seal_chunks(size.part_chunks(n), plaintext, front, out).await
    }

    /// As [`Self::seal_part`], for any `chunks` of a body, all full but the last.
    ///
    /// # Errors
    /// [`SealFailure`].
    pub async fn seal_chunks(
        &self,
        chunks: Range<u64>,
        plaintext: &Uint8Array,
        front: &[u8],
        out: &Uint8Array,
    ) -> Result<Uint8Array, SealFailure> {
        let tags = (chunks.end - chunks.start) as u32 * TAG as u32;
        let len = front.len() as u32 + plaintext.length() + tags;
        if out.length() < len {
            return Err(SealFailure::Length);
        }
        let out = out.subarray(0, len);
        match &self.0 {
            Aes::Platform(platform) => {
                out.subarray(0, front.len() as u32).copy_from(front);
                let behind = out.subarray(front.len() as u32, len);
                let sealed = platform.seal(chunks, plaintext, &behind).await;
                sealed.map_err(|_| SealFailure::Platform)?;
            }
            Aes::Portable(cipher) => {
                let plaintext = Zeroizing::new(plaintext.to_vec());
                let mut sealed = Vec::with_capacity(len as usize);
                sealed.extend_from_slice(front);
                let mut rest = plaintext.as_slice();
                for index in chunks {
                    let (chunk, behind) = rest.split_at(rest.len().min(CHUNK));
                    cipher.seal_chunk(index, chunk, &mut sealed);
                    rest = behind;
                }
                out.copy_from(&sealed);
            }
        }
        Ok(out)
    }

    /// What part `n` holds of the plaintext bytes `range`; `part` is as the server hands it out, part
    /// 0 without the seal. Its buffer is where the plaintext is put.
    ///
    /// # Errors
    /// [`Damaged`] if the part has not the length it must have, or one of the chunks wanted does not
    /// verify; then nothing of the part is given.
    pub async fn open_part(
        &self,
        contents: Contents,
        n: u64,
        part: Uint8Array,
        range: &Range<u64>,
    ) -> Result<Uint8Array, Damaged> {
        if contents.size.part_chunk_bytes(n) != Some(part.length() as usize) {
            return Err(Damaged);
        }
        match &self.0 {
            Aes::Platform(platform) => {
                let spans: Vec<Span> = contents.spans(n, range).collect();
                platform.open(&spans, part).await
            }
            Aes::Portable(cipher) => {
                let mut out = Zeroizing::new(Vec::with_capacity(part.length() as usize));
                contents.open_part(cipher, n, &part.to_vec(), range, &mut out)?;
                let part = part.subarray(0, out.len() as u32);
                part.copy_from(&out);
                Ok(part)
            }
        }
    }

    /// The plaintext of chunk `index`.
    ///
    /// # Errors
    /// [`Damaged`] if it does not verify.
    pub async fn open_chunk(&self, index: u64, sealed: &Uint8Array) -> Result<Uint8Array, Damaged> {
        match &self.0 {
            Aes::Platform(platform) => platform.open_chunk(index, sealed).await,
            Aes::Portable(cipher) => {
                let mut out = Zeroizing::new(Vec::new());
                cipher.open_chunk(index, &sealed.to_vec(), &mut out)?;
                Ok(Uint8Array::from(out.as_slice()))
            }
        }
    }
}
