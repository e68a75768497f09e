//! The body: manifest, files and padding, sealed; and its head, opened.
//!
//! Plaintext: `u32 length of manifest ‖ manifest ‖ file 0 ‖ file 1 ‖ … ‖ zero bytes`, padded to
//! PADMÉ(max(1024, length)). The manifest always lies within the head, so the head alone says what
//! there is and where.
//!
//! Invariant: a body is as long as its manifest says, to the byte, and its padding is zero.

use crate::{
    chunk::{ChunkCipher, Damaged, Seal},
    keys::BodyKey,
    layout::{BodySize, CHUNK, SEAL, SEALED_CHUNK},
    manifest::{self, Manifest, ManifestError},
    open::Opener,
    padding,
    seal::Sealer,
};
use rand_core::TryCryptoRng;
use std::{fmt, ops::Range};
use zeroize::Zeroizing;

const LENGTH: usize = 4;

/// Seals one body: the manifest first, then the files' contents, pushed in their order.
pub struct BodySealer {
    sealer: Sealer,
    size: BodySize,
    files_left: u64,
    padding: u64,
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

/// A head, opened: what a share holds, and the way to the rest.
pub struct OpenedHead {
    /// What the share holds.
    pub manifest: Manifest,
    cipher: ChunkCipher,
    size: BodySize,
    /// Bytes of plaintext before the first file.
    files_start: u64,
    /// Bytes of plaintext before the padding.
    content: u64,
}

impl BodySealer {
    /// Starts a body and appends its seal, and what is full of its first chunks, to `out`.
    ///
    /// # Errors
    /// [`SealError::Manifest`] or [`SealError::Rng`].
    pub fn new<R: TryCryptoRng>(
        key: &BodyKey,
        manifest: &Manifest,
        rng: &mut R,
        out: &mut Vec<u8>,
    ) -> Result<Self, SealError>
    where
        R::Error: fmt::Display,
    {
        let json = Zeroizing::new(manifest.to_json()?);
        let files_left = manifest.files_len()?;
        let content = content_len(json.len(), files_left).ok_or(ManifestError::TooLarge)?;
        let padded = padding::padded(content).ok_or(ManifestError::TooLarge)?;
        let size = BodySize::of_plaintext(padded).map_err(|_| ManifestError::TooLarge)?;
        let (cipher, seal) =
            ChunkCipher::seal(key, rng).map_err(|error| SealError::Rng(error.to_string()))?;
        out.extend_from_slice(seal.as_bytes());
        let mut sealer = Sealer::new(cipher);
        let length = u32::try_from(json.len()).map_err(|_| ManifestError::TooLong)?;
        sealer.push(&length.to_be_bytes(), out);
        sealer.push(&json, out);
        Ok(Self { sealer, size, files_left, padding: padded - content })
    }

    /// Length of the whole ciphertext, known before the files are read.
    pub const fn size(&self) -> BodySize {
        self.size
    }

    /// Takes the next bytes of the files and appends every chunk that is full to `out`.
    ///
    /// # Errors
    /// [`SealError::FileChanged`] for more bytes than the manifest says.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), SealError> {
        self.files_left =
            self.files_left.checked_sub(bytes.len() as u64).ok_or(SealError::FileChanged)?;
        self.sealer.push(bytes, out);
        Ok(())
    }

    /// Appends at most `len` bytes of the padding to `out` and says how many are left: a large body
    /// has more of it than anybody wants in memory at once.
    ///
    /// # Errors
    /// [`SealError::FileChanged`] for fewer bytes of files than the manifest says.
    pub fn pad(&mut self, len: u64, out: &mut Vec<u8>) -> Result<u64, SealError> {
        if self.files_left > 0 {
            return Err(SealError::FileChanged);
        }
        let mut take = self.padding.min(len);
        self.padding -= take;
        let zeros = [0; CHUNK];
        while take > 0 {
            let some = take.min(CHUNK as u64);
            self.sealer.push(&zeros[..some as usize], out);
            take -= some;
        }
        Ok(self.padding)
    }

    /// Appends what is left of the padding, and the last chunk, to `out`.
    ///
    /// # Errors
    /// [`SealError::FileChanged`] for fewer bytes of files than the manifest says.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), SealError> {
        self.pad(u64::MAX, out)?;
        self.sealer.finish(out);
        Ok(())
    }
}

/// Seals a body without files whole.
///
/// # Errors
/// [`SealError`].
pub fn seal<R: TryCryptoRng>(
    key: &BodyKey,
    manifest: &Manifest,
    rng: &mut R,
) -> Result<Vec<u8>, SealError>
where
    R::Error: fmt::Display,
{
    let mut out = Vec::new();
    BodySealer::new(key, manifest, rng, &mut out)?.finish(&mut out)?;
    Ok(out)
}

impl OpenedHead {
    /// Opens as much of `head` (part 0, seal included) as the manifest needs; if that reaches into
    /// the padding, the padding is checked. `size` is that of the whole ciphertext.
    ///
    /// # Errors
    /// [`Damaged`] for a wrong key, a wrong length, a chunk that does not verify, a manifest that is
    /// none, a size that does not follow from the manifest, or padding that is not zero.
    pub fn open(key: &BodyKey, head: &[u8], size: BodySize) -> Result<Self, Damaged> {
        if size.part_len(0) != Some(head.len()) {
            return Err(Damaged);
        }
        let (seal, chunks) = head.split_first_chunk::<SEAL>().ok_or(Damaged)?;
        let cipher = ChunkCipher::open(key, &Seal::from_bytes(*seal))?;

        let mut plaintext = Zeroizing::new(Vec::with_capacity(CHUNK));
        let mut opened = 0;
        let mut open_until = |plaintext: &mut Vec<u8>, len: usize| {
            while plaintext.len() < len {
                let start = opened as usize * SEALED_CHUNK;
                let sealed = size.chunk_len(opened).ok_or(Damaged)?;
                let sealed = chunks.get(start..start + sealed).ok_or(Damaged)?;
                cipher.open_chunk(opened, sealed, plaintext)?;
                opened += 1;
            }
            Ok(())
        };
        open_until(&mut plaintext, LENGTH)?;
        let length = *plaintext.first_chunk::<LENGTH>().ok_or(Damaged)?;
        let length = u32::from_be_bytes(length) as usize;
        if !(1..=manifest::MAX_BYTES).contains(&length) {
            return Err(Damaged);
        }
        open_until(&mut plaintext, LENGTH + length)?;
        let manifest =
            Manifest::from_json(&plaintext[LENGTH..LENGTH + length]).map_err(|_| Damaged)?;

        let files = manifest.files_len().map_err(|_| Damaged)?;
        let content = content_len(length, files).ok_or(Damaged)?;
        if padding::padded(content) != Some(size.plaintext()) {
            return Err(Damaged);
        }
        let head = Self { manifest, cipher, size, files_start: (LENGTH + length) as u64, content };
        head.check_padding(0, &plaintext)?;
        Ok(head)
    }

    /// Length of the whole ciphertext.
    pub const fn size(&self) -> BodySize {
        self.size
    }

    /// Where file `n` lies in the plaintext; `None` past the last.
    pub fn file_range(&self, n: usize) -> Option<Range<u64>> {
        let size = self.manifest.files.get(n)?.size;
        let start: u64 = self.manifest.files[..n].iter().map(|file| file.size).sum();
        Some(self.files_start + start..self.files_start + start + size)
    }

    /// Which parts hold the plaintext bytes `range`; none for an empty range.
    pub fn parts_of(&self, range: &Range<u64>) -> Range<u64> {
        const PLAIN_PART: u64 = crate::layout::PART_CHUNKS * CHUNK as u64;
        if range.is_empty() {
            return 0..0;
        }
        range.start / PLAIN_PART..(range.end - 1) / PLAIN_PART + 1
    }

    /// Appends what part `n` holds of the plaintext bytes `range` to `out`. `part` is the part as
    /// stored (part 0 with the seal). Only the chunks that are needed are opened.
    ///
    /// # Errors
    /// [`Damaged`] if the part has not the length it must have, or a chunk does not verify; what was
    /// appended before it did.
    pub fn open_part(
        &self,
        n: u64,
        part: &[u8],
        range: &Range<u64>,
        out: &mut Vec<u8>,
    ) -> Result<(), Damaged> {
        if self.size.part_len(n) != Some(part.len()) {
            return Err(Damaged);
        }
        let mut rest = if n == 0 { &part[SEAL..] } else { part };
        let mut plaintext = Zeroizing::new(Vec::with_capacity(CHUNK));
        for chunk in self.size.part_chunks(n) {
            let (sealed, behind) =
                rest.split_at_checked(self.size.chunk_len(chunk).ok_or(Damaged)?).ok_or(Damaged)?;
            rest = behind;
            let start = chunk * CHUNK as u64;
            let end = start + (sealed.len() - crate::layout::TAG) as u64;
            if range.start >= end || range.end <= start {
                continue;
            }
            plaintext.clear();
            self.cipher.open_chunk(chunk, sealed, &mut plaintext)?;
            self.check_padding(start, &plaintext)?;
            let from = range.start.max(start) - start;
            let to = range.end.min(end) - start;
            out.extend_from_slice(&plaintext[from as usize..to as usize]);
        }
        Ok(())
    }

    /// Refuses anything but zeros behind the content, in `plaintext` that starts at `start`.
    fn check_padding(&self, start: u64, plaintext: &[u8]) -> Result<(), Damaged> {
        let content = self.content.saturating_sub(start).min(plaintext.len() as u64);
        if plaintext[content as usize..].iter().all(|byte| *byte == 0) {
            Ok(())
        } else {
            Err(Damaged)
        }
    }
}

/// Opens a whole body that is one part: every chunk is verified.
///
/// # Errors
/// [`Damaged`], as [`OpenedHead::open`].
pub fn open(key: &BodyKey, body: &[u8]) -> Result<Manifest, Damaged> {
    let size = BodySize::try_from(body.len() as u64).map_err(|_| Damaged)?;
    let head = OpenedHead::open(key, body, size)?;
    let everything = 0..size.plaintext();
    let mut plaintext = Zeroizing::new(Vec::with_capacity(body.len()));
    head.open_part(0, body, &everything, &mut plaintext)?;
    Ok(head.manifest.clone())
}

/// Opens a ciphertext as a stream of plaintext, whatever it holds.
///
/// # Errors
/// [`Damaged`] if the seal was not made with this key.
pub fn opener(key: &BodyKey, seal: &Seal) -> Result<Opener, Damaged> {
    ChunkCipher::open(key, seal).map(Opener::new)
}

/// Bytes of plaintext before the padding.
fn content_len(manifest: usize, files: u64) -> Option<u64> {
    files.checked_add((LENGTH + manifest) as u64)
}
