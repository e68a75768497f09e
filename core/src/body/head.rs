//! Opening the head: what a share holds, and the way to the rest.
//!
//! Invariant: an [`OpenedHead`] comes from a body whose length follows from its manifest.

use super::{Contents, LENGTH, content_len};
use crate::{
    chunk::{ChunkCipher, ChunkKey, Damaged, Seal},
    keys::BodyKey,
    layout::{BodySize, CHUNK, SEAL, SEALED_CHUNK, TAG},
    manifest::{self, Manifest},
    padding,
};
use std::ops::Range;
use zeroize::Zeroizing;

/// A head, opened.
pub struct OpenedHead {
    /// What the share holds.
    pub manifest: Manifest,
    key: ChunkKey,
    contents: Contents,
    /// Bytes of plaintext before the first file.
    files_start: u64,
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
        let key = ChunkKey::open(key, &Seal::from_bytes(*seal))?;
        let cipher = ChunkCipher::new(key.clone());

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
        let padding = usize::try_from(content)
            .map_or(&[][..], |content| plaintext.get(content..).unwrap_or_default());
        if padding.iter().any(|byte| *byte != 0) {
            return Err(Damaged);
        }
        let contents = Contents { size, content };
        Ok(Self { manifest, key, contents, files_start: (LENGTH + length) as u64 })
    }

    /// Length of the whole ciphertext.
    pub const fn size(&self) -> BodySize {
        self.contents.size
    }

    /// What opens the chunks.
    pub const fn key(&self) -> &ChunkKey {
        &self.key
    }

    /// What opens single parts, with [`Self::key`], on another thread as well.
    pub const fn contents(&self) -> Contents {
        self.contents
    }

    /// Where file `n` lies in the plaintext; `None` past the last.
    pub fn file_range(&self, n: usize) -> Option<Range<u64>> {
        let size = self.manifest.files.get(n)?.size;
        let start: u64 = self.manifest.files[..n].iter().map(|file| file.size).sum();
        Some(self.files_start + start..self.files_start + start + size)
    }
}

/// Opens a whole body that is one part: every chunk is verified.
///
/// # Errors
/// [`Damaged`], as [`OpenedHead::open`].
pub fn open(key: &BodyKey, body: &[u8]) -> Result<OpenedHead, Damaged> {
    let size = BodySize::try_from(body.len() as u64).map_err(|_| Damaged)?;
    let head = OpenedHead::open(key, body, size)?;
    let cipher = ChunkCipher::new(head.key.clone());
    let everything = 0..size.plaintext();
    let mut plaintext = Zeroizing::new(Vec::with_capacity(body.len()));
    head.contents.open_part(&cipher, 0, &body[SEAL..], &everything, &mut plaintext)?;
    // An empty last chunk holds nothing that anybody wants.
    let last = size.chunks() - 1;
    let sealed = body.get(SEAL + last as usize * SEALED_CHUNK..).ok_or(Damaged)?;
    if sealed.len() == TAG {
        cipher.open_chunk(last, sealed, &mut plaintext)?;
    }
    Ok(head)
}
