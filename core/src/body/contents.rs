//! Opening parts: which chunks of a part hold what is wanted, and what of them.
//!
//! Invariant: what is handed on of a chunk was verified, and so was its padding.

use crate::{
    chunk::{ChunkCipher, Damaged},
    layout::{BodySize, CHUNK, PLAIN_PART, TAG},
};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use zeroize::Zeroizing;

/// How long a body and its content are: enough to open any of its parts by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// Length of the whole ciphertext in bytes.
    pub size: BodySize,
    /// Bytes of plaintext before the padding.
    pub content: u64,
}

/// One chunk of a part, and what of it is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The chunk's number in the body.
    pub index: u64,
    /// Where it lies in the part (part 0 without the seal).
    pub sealed: Range<usize>,
    /// Bytes of its plaintext that are wanted.
    wanted: Range<usize>,
    /// Bytes of its plaintext before the padding.
    content: usize,
}

impl Contents {
    /// Which parts hold the plaintext bytes `range`; none for an empty range.
    pub const fn parts_of(range: &Range<u64>) -> Range<u64> {
        if range.start >= range.end {
            return 0..0;
        }
        range.start / PLAIN_PART..(range.end - 1) / PLAIN_PART + 1
    }

    /// The chunks of part `n` that hold some of the plaintext bytes `range`, in order.
    pub fn spans(self, n: u64, range: &Range<u64>) -> impl Iterator<Item = Span> {
        let chunks = self.size.part_chunks(n);
        let first = chunks.start;
        let range = range.clone();
        chunks.filter_map(move |index| {
            let len = self.size.chunk_len(index)?;
            let start = index * CHUNK as u64;
            let end = start + (len - TAG) as u64;
            if range.start >= end || range.end <= start {
                return None;
            }
            let sealed = (index - first) as usize * (CHUNK + TAG);
            let from = range.start.max(start) - start;
            let to = range.end.min(end) - start;
            Some(Span {
                index,
                sealed: sealed..sealed + len,
                wanted: from as usize..to as usize,
                content: self.content.clamp(start, end) as usize - start as usize,
            })
        })
    }

    /// Appends what part `n` holds of the plaintext bytes `range` to `out`. `part` is the part as the
    /// server hands it out: part 0 without the seal. Only the chunks that are needed are opened.
    ///
    /// # Errors
    /// [`Damaged`] if the part has not the length it must have, or a chunk does not verify; what was
    /// appended before it did.
    pub fn open_part(
        self,
        cipher: &ChunkCipher,
        n: u64,
        part: &[u8],
        range: &Range<u64>,
        out: &mut Vec<u8>,
    ) -> Result<(), Damaged> {
        if self.size.part_chunk_bytes(n) != Some(part.len()) {
            return Err(Damaged);
        }
        let mut plaintext = Zeroizing::new(Vec::with_capacity(CHUNK));
        for span in self.spans(n, range) {
            plaintext.clear();
            cipher.open_chunk(span.index, &part[span.sealed.clone()], &mut plaintext)?;
            out.extend_from_slice(span.take(&plaintext)?);
        }
        Ok(())
    }
}

impl Span {
    /// Bytes of the chunk's plaintext that are wanted.
    pub const fn wanted(&self) -> &Range<usize> {
        &self.wanted
    }

    /// Bytes of the chunk's plaintext before the padding; behind them all must be zero.
    pub const fn content_len(&self) -> usize {
        self.content
    }

    /// What is wanted of the chunk's `plaintext`.
    ///
    /// # Errors
    /// [`Damaged`] if it is not as long as the chunk, or its padding is not zero.
    pub fn take<'a>(&self, plaintext: &'a [u8]) -> Result<&'a [u8], Damaged> {
        let whole = plaintext.len() + TAG == self.sealed.len();
        if whole && plaintext[self.content..].iter().all(|byte| *byte == 0) {
            Ok(&plaintext[self.wanted.clone()])
        } else {
            Err(Damaged)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_in_the_parts_that_hold_its_first_and_its_last_byte() {
        for (range, parts) in [
            (0..0, 0..0),
            (PLAIN_PART..PLAIN_PART, 0..0),
            (0..1, 0..1),
            (0..PLAIN_PART, 0..1),
            (0..PLAIN_PART + 1, 0..2),
            (PLAIN_PART - 1..PLAIN_PART, 0..1),
            (PLAIN_PART..PLAIN_PART + 1, 1..2),
            (PLAIN_PART - 1..3 * PLAIN_PART, 0..3),
        ] {
            assert_eq!(Contents::parts_of(&range), parts, "{range:?}");
        }
    }

    #[test]
    fn a_chunk_ends_its_content_where_the_padding_begins() {
        let size = BodySize::of_plaintext(3 * CHUNK as u64).expect("a possible length");
        let content = CHUNK as u64 + 7;
        let range = 10..content;
        let spans = Contents { size, content }.spans(0, &range);
        let spans: Vec<_> =
            spans.map(|span| (span.index, span.wanted.clone(), span.content_len())).collect();
        assert_eq!(spans, [(0, 10..CHUNK, CHUNK), (1, 0..7, 7)]);
    }
}
