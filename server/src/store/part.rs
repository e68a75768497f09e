//! A part on its way to a recipient.
//!
//! Invariant: of one that is a file, no more than a piece is in memory at a time, and no thread that
//! serves requests waits for the disk.

use super::StoreError;
use bytes::Bytes;
use futures_util::{Stream, TryStreamExt, stream};
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
};

/// Bytes that are read at a time.
const PIECE: usize = 64 * 1024;

/// The bytes of a part, at hand or in a file. They stay readable when the share is deleted meanwhile.
#[derive(Debug)]
pub struct Part(Source);

#[derive(Debug)]
enum Source {
    Bytes(Bytes),
    File(File, usize),
}

impl From<Bytes> for Part {
    fn from(bytes: Bytes) -> Self {
        Self(Source::Bytes(bytes))
    }
}

impl Part {
    /// The part that is the whole of this file.
    pub(super) fn file(file: File) -> io::Result<Self> {
        let len = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        Ok(Self(Source::File(file, len)))
    }

    /// Its length in bytes.
    pub const fn length(&self) -> usize {
        match &self.0 {
            Source::Bytes(bytes) => bytes.len(),
            Source::File(_, len) => *len,
        }
    }

    /// The bytes in a range that is within its length, as they are read.
    ///
    /// # Errors
    /// Those of the file.
    pub fn pieces(self, range: Range<usize>) -> impl Stream<Item = io::Result<Bytes>> {
        stream::try_unfold((self.0, range), async |(source, mut rest)| {
            let end = rest.end.min(rest.start + PIECE);
            let piece = rest.start..end;
            rest.start = end;
            Ok(match source {
                _ if piece.is_empty() => None,
                Source::Bytes(bytes) => {
                    let piece = bytes.slice(piece);
                    Some((piece, (Source::Bytes(bytes), rest)))
                }
                Source::File(file, len) => {
                    let (piece, file) = read(file, piece).await?;
                    Some((piece, (Source::File(file, len), rest)))
                }
            })
        })
    }

    /// All of its bytes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the file cannot be read.
    pub async fn whole(self) -> Result<Bytes, StoreError> {
        match self.0 {
            Source::Bytes(bytes) => Ok(bytes),
            Source::File(_, len) => {
                let all: Vec<Bytes> = self.pieces(0..len).try_collect().await?;
                Ok(all.concat().into())
            }
        }
    }
}

async fn read(mut file: File, range: Range<usize>) -> io::Result<(Bytes, File)> {
    // Not allocated by the threads for the disk, of which there may be many.
    let mut piece = vec![0; range.len()];
    let read = tokio::task::spawn_blocking(move || {
        file.seek(SeekFrom::Start(range.start as u64))?;
        file.read_exact(&mut piece)?;
        Ok((piece.into(), file))
    });
    read.await?
}
