//! Sealing: what goes where in a body, so that its parts can be sealed in any order and by any number
//! of threads.
//!
//! Invariant: a part is sealed from exactly the plaintext it must hold, to the byte.

use super::{LENGTH, content_len};
use crate::{
    chunk::{ChunkCipher, ChunkKey, Seal},
    keys::BodyKey,
    layout::{BodySize, CHUNK},
    manifest::{Manifest, ManifestError},
    padding,
};
use rand_core::TryCryptoRng;
use std::{fmt, ops::Range};
use zeroize::Zeroizing;

/// A body that is to be sealed.
pub struct BodyPlan {
    key: ChunkKey,
    seal: Seal,
    /// The manifest behind its length.
    prefix: Zeroizing<Vec<u8>>,
    /// Length of each file in bytes.
    files: Vec<u64>,
    size: BodySize,
}

/// Where a stretch of a part's plaintext comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// These bytes of [`BodyPlan::prefix`].
    Prefix(Range<usize>),
    /// These bytes of a file.
    File {
        /// Which of the manifest's files.
        index: usize,
        /// Bytes of the file.
        range: Range<u64>,
    },
    /// So many zero bytes.
    Zeros(u64),
}

/// Why a body could not be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The manifest is beyond the format's limits.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The files' contents are not as long as the manifest says.
    #[error("a file changed while it was being read")]
    FileChanged,
    /// The random number generator failed.
    #[error("no random numbers: {0}")]
    Rng(String),
}

impl BodyPlan {
    /// Plans the body of `manifest`, whose files need not be read for that.
    ///
    /// # Errors
    /// [`SealError::Manifest`] or [`SealError::Rng`].
    pub fn new<R: TryCryptoRng>(
        key: &BodyKey,
        manifest: &Manifest,
        rng: &mut R,
    ) -> Result<Self, SealError>
    where
        R::Error: fmt::Display,
    {
        let json = Zeroizing::new(manifest.to_json()?);
        let content =
            content_len(json.len(), manifest.files_len()?).ok_or(ManifestError::TooLarge)?;
        let padded = padding::padded(content).ok_or(ManifestError::TooLarge)?;
        let size = BodySize::of_plaintext(padded).map_err(|_| ManifestError::TooLarge)?;
        let length = u32::try_from(json.len()).map_err(|_| ManifestError::TooLong)?;
        let mut prefix = Zeroizing::new(Vec::with_capacity(LENGTH + json.len()));
        prefix.extend_from_slice(&length.to_be_bytes());
        prefix.extend_from_slice(&json);
        let (key, seal) =
            ChunkKey::seal(key, rng).map_err(|error| SealError::Rng(error.to_string()))?;
        let files = manifest.files.iter().map(|file| file.size).collect();
        Ok(Self { key, seal, prefix, files, size })
    }

    /// Length of the whole ciphertext.
    pub const fn size(&self) -> BodySize {
        self.size
    }

    /// What seals the chunks.
    pub const fn key(&self) -> &ChunkKey {
        &self.key
    }

    /// What goes in front of part 0.
    pub const fn seal(&self) -> &Seal {
        &self.seal
    }

    /// What goes in front of the files.
    pub fn prefix(&self) -> &[u8] {
        &self.prefix
    }

    /// The plaintext of part `n`, in order; none is empty.
    pub fn pieces(&self, n: u64) -> Vec<Piece> {
        let part = self.size.part_plaintext(n);
        let mut pieces = Vec::new();
        let mut start = 0;
        let mut add = |len: u64, piece: &dyn Fn(Range<u64>) -> Piece| {
            let from = part.start.clamp(start, start + len) - start;
            let to = part.end.clamp(start, start + len) - start;
            if from < to {
                pieces.push(piece(from..to));
            }
            start += len;
        };
        let bytes = |range: Range<u64>| range.start as usize..range.end as usize;
        add(self.prefix.len() as u64, &|range| Piece::Prefix(bytes(range)));
        for (index, len) in self.files.iter().enumerate() {
            add(*len, &|range| Piece::File { index, range });
        }
        let padding =
            self.size.plaintext() - self.prefix.len() as u64 - self.files.iter().sum::<u64>();
        add(padding, &|range| Piece::Zeros(range.end - range.start));
        pieces
    }

    /// Appends part `n`, sealed, to `out`: part 0 with the seal in front. `plaintext` is what
    /// [`Self::pieces`] says.
    ///
    /// # Errors
    /// [`SealError::FileChanged`] if it is longer or shorter.
    pub fn seal_part(
        &self,
        cipher: &ChunkCipher,
        n: u64,
        plaintext: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        if n == 0 {
            out.extend_from_slice(self.seal.as_bytes());
        }
        seal_part(cipher, self.size, n, plaintext, out)
    }
}

/// Appends the chunks of part `n` of a body of `size`, sealed, to `out`: part 0 lacks the seal.
///
/// # Errors
/// [`SealError::FileChanged`] if `plaintext` has not the length that the part holds.
pub fn seal_part(
    cipher: &ChunkCipher,
    size: BodySize,
    n: u64,
    plaintext: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), SealError> {
    let range = size.part_plaintext(n);
    if range.end - range.start != plaintext.len() as u64 {
        return Err(SealError::FileChanged);
    }
    let mut rest = plaintext;
    for index in size.part_chunks(n) {
        let (chunk, behind) = rest.split_at(rest.len().min(CHUNK));
        cipher.seal_chunk(index, chunk, out);
        rest = behind;
    }
    Ok(())
}

/// Seals a body without files whole.
///
/// # Errors
/// [`SealError`]; [`SealError::FileChanged`] if the manifest has files that are not empty.
pub fn seal<R: TryCryptoRng>(
    key: &BodyKey,
    manifest: &Manifest,
    rng: &mut R,
) -> Result<Vec<u8>, SealError>
where
    R::Error: fmt::Display,
{
    let plan = BodyPlan::new(key, manifest, rng)?;
    if plan.files.iter().any(|len| *len > 0) {
        return Err(SealError::FileChanged);
    }
    // Padded, a manifest of any length still fits one part.
    let mut plaintext = Zeroizing::new(plan.prefix.to_vec());
    plaintext.resize(plan.size.plaintext() as usize, 0);
    let mut out = Vec::new();
    plan.seal_part(&ChunkCipher::new(plan.key.clone()), 0, &plaintext, &mut out)?;
    Ok(out)
}
