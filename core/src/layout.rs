//! Where everything lies in a sealed body: chunks, parts, sizes.
//!
//! Invariant: a [`BodySize`] is a length that a Cobblestone ciphertext with at least 1024 bytes of
//! plaintext can have, so part and chunk arithmetic cannot fail.

use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Plaintext bytes of a full chunk.
pub const CHUNK: usize = 16 * 1024;
/// Bytes that the authentication tag adds to a chunk.
pub const TAG: usize = 16;
/// Ciphertext bytes of a full chunk.
pub const SEALED_CHUNK: usize = CHUNK + TAG;
/// Bytes of the seal: 24 of salt, 32 of key commitment.
pub const SEAL: usize = 56;
/// Chunks of a full part.
pub const PART_CHUNKS: u64 = 64;
/// The most chunks of a body (C2SP chunked-encryption): 4 PiB of plaintext.
pub const MAX_CHUNKS: u64 = 1 << 38;
/// Ciphertext bytes of a full part; part 0 has the seal in front of it.
pub const PART: usize = PART_CHUNKS as usize * SEALED_CHUNK;
/// Plaintext bytes of a full part.
pub const PLAIN_PART: u64 = PART_CHUNKS * CHUNK as u64;
/// The shortest plaintext, padding included.
pub const MIN_PLAINTEXT: u64 = 1024;

/// Length in bytes of a whole ciphertext, seal included; at most 2³⁸ chunks, which is below 2⁵³.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = u64, minimum = 1096))]
pub struct BodySize(u64);

/// No ciphertext has this length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no sealed body has this size")]
pub struct BodySizeError;

impl TryFrom<u64> for BodySize {
    type Error = BodySizeError;

    /// Refuses less than 1096, more than 2³⁸ chunks, a full last chunk and one shorter than its tag.
    fn try_from(size: u64) -> Result<Self, BodySizeError> {
        let smallest = SEAL as u64 + MIN_PLAINTEXT + TAG as u64;
        let bound = SEAL as u64 + MAX_CHUNKS * SEALED_CHUNK as u64;
        if !(smallest..bound).contains(&size) {
            return Err(BodySizeError);
        }
        match (size - SEAL as u64) % SEALED_CHUNK as u64 {
            0..16 => Err(BodySizeError),
            _ => Ok(Self(size)),
        }
    }
}

impl From<BodySize> for u64 {
    fn from(size: BodySize) -> Self {
        size.0
    }
}

impl BodySize {
    /// The ciphertext's length for a padded plaintext of `plaintext` bytes.
    ///
    /// # Errors
    /// [`BodySizeError`] below 1024 bytes and where there would be more than 2³⁸ chunks.
    pub fn of_plaintext(plaintext: u64) -> Result<Self, BodySizeError> {
        let chunks = plaintext / CHUNK as u64 + 1;
        (chunks * TAG as u64)
            .checked_add(plaintext)
            .and_then(|sealed| sealed.checked_add(SEAL as u64))
            .ok_or(BodySizeError)?
            .try_into()
    }

    /// Bytes of ciphertext.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Bytes of ciphertext behind the seal.
    const fn chunk_bytes(self) -> u64 {
        self.0 - SEAL as u64
    }

    /// Number of chunks, the short last one included.
    pub const fn chunks(self) -> u64 {
        self.chunk_bytes().div_ceil(SEALED_CHUNK as u64)
    }

    /// Length of the padded plaintext.
    pub const fn plaintext(self) -> u64 {
        self.chunk_bytes() - self.chunks() * TAG as u64
    }

    /// Number of parts.
    pub const fn parts(self) -> u64 {
        self.chunk_bytes().div_ceil(PART as u64)
    }

    /// Length of part `n`, that of part 0 with the seal; `None` past the last.
    pub fn part_len(self, n: u64) -> Option<usize> {
        if n >= self.parts() {
            return None;
        }
        let rest = self.chunk_bytes() - n * PART as u64;
        let len = rest.min(PART as u64) as usize;
        Some(if n == 0 { len + SEAL } else { len })
    }

    /// Length of the chunks of part `n`: that of part 0 without the seal; `None` past the last.
    pub fn part_chunk_bytes(self, n: u64) -> Option<usize> {
        self.part_len(n).map(|len| if n == 0 { len - SEAL } else { len })
    }

    /// Whether the whole ciphertext is the head.
    pub const fn is_one_part(self) -> bool {
        self.parts() == 1
    }

    /// Which chunks part `n` holds.
    pub fn part_chunks(self, n: u64) -> Range<u64> {
        let start = (n * PART_CHUNKS).min(self.chunks());
        start..(start + PART_CHUNKS).min(self.chunks())
    }

    /// Which bytes of the plaintext part `n` holds; empty past the last, and for a part that is the
    /// tag of an empty chunk only.
    pub fn part_plaintext(self, n: u64) -> Range<u64> {
        let plaintext = self.plaintext();
        let start = n.saturating_mul(PLAIN_PART).min(plaintext);
        start..(start + PLAIN_PART).min(plaintext)
    }

    /// Ciphertext length of chunk `n`; `None` past the last.
    pub fn chunk_len(self, n: u64) -> Option<usize> {
        if n >= self.chunks() {
            return None;
        }
        Some((self.chunk_bytes() - n * SEALED_CHUNK as u64).min(SEALED_CHUNK as u64) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_follow_the_formula() {
        for (plaintext, size, parts) in [
            (1024, 1096, 1),
            (CHUNK as u64 - 1, 56 + 16_383 + 16, 1),
            (CHUNK as u64, 56 + 16_384 + 32, 1),
            (1_048_575, 56 + 1_048_575 + 16 * 64, 1),
            (1_048_576, 56 + 1_048_576 + 16 * 65, 2),
            (1_048_577, 56 + 1_048_577 + 16 * 65, 2),
        ] {
            let body = BodySize::of_plaintext(plaintext).expect("a possible plaintext");
            assert_eq!(body.get(), size);
            assert_eq!(body.plaintext(), plaintext);
            assert_eq!(body.parts(), parts);
            let lens = (0..parts).filter_map(|n| body.part_len(n)).sum::<usize>();
            assert_eq!(lens as u64, size);
            assert_eq!(body.part_len(parts), None);
            let chunks = (0..body.chunks()).filter_map(|n| body.chunk_len(n)).sum::<usize>();
            assert_eq!((chunks + SEAL) as u64, size);
        }
    }

    #[test]
    fn a_last_chunk_of_its_own_tag_only_makes_a_part_of_its_own() {
        let body = BodySize::of_plaintext(1_048_576).expect("a possible plaintext");
        assert_eq!(body.part_len(1), Some(TAG));
        assert_eq!(body.part_chunks(1), 64..65);
    }

    #[test]
    fn impossible_sizes_are_refused() {
        let full = SEAL as u64 + SEALED_CHUNK as u64;
        for bad in [0, 56, 1095, full, full + 1, full + 15, 56 + PART as u64, 1 << 53, u64::MAX] {
            assert_eq!(BodySize::try_from(bad), Err(BodySizeError), "{bad}");
        }
        assert!(BodySize::try_from(full + 16).is_ok());
        assert!(BodySize::of_plaintext(u64::MAX).is_err());
    }
}
