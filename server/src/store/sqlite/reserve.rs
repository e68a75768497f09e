//! Room on the disk that is kept for what must not fail when other programs have filled it.
//!
//! Invariant: the file is [`LENGTH`] bytes long or, on a full disk, as long as it could get, but while a
//! transaction needs its room. Nothing is ever read from it.

use super::{super::StoreError, files::private_options};
use std::{
    fs::File,
    io::{self, ErrorKind, Seek, SeekFrom, Write},
    path::Path,
};

/// More than the journal of any single request, such as the acknowledgement of 2,000 parts, with room
/// for the rows of some thousand claims.
const LENGTH: usize = 1024 * 1024;

/// What is written at a time.
const PIECE: usize = 64 * 1024;

/// The file.
pub(super) struct Reserve {
    file: File,
    piece: Vec<u8>,
}

impl Reserve {
    /// Takes the room, or as much of it as there is.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let file = private_options().write(true).truncate(false).open(path)?;
        // A file system that compresses would keep no room for zeros.
        let mut state = 1_u64;
        let noise = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_be_bytes()
        });
        let piece = noise.take(PIECE / 8).flatten().collect();
        let reserve = Self { file, piece };
        reserve.fill();
        Ok(reserve)
    }

    /// Gives the room away; says whether there was any.
    pub(super) fn release(&self) -> bool {
        let had_room = self.file.metadata().is_ok_and(|file| file.len() > 0);
        had_room && self.file.set_len(0).is_ok()
    }

    /// Takes the room again, or as much of it as there is.
    pub(super) fn fill(&self) {
        if let Err(error) = self.try_fill()
            && !matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
        {
            tracing::warn!(%error, "no room is kept for when the disk is full");
        }
    }

    fn try_fill(&self) -> io::Result<()> {
        let mut file = &self.file;
        let mut len = usize::try_from(file.seek(SeekFrom::End(0))?).unwrap_or(LENGTH);
        while len < LENGTH {
            len += file.write(&self.piece[..PIECE.min(LENGTH - len)])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::HashSet, fs};

    #[test]
    fn it_takes_its_room_and_gives_it_away_and_takes_it_again() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("reserve");
        let len = || fs::metadata(&path).expect("it is there").len();
        let reserve = Reserve::open(&path).expect("it can be made");
        assert_eq!(len(), LENGTH as u64);
        assert!(reserve.release());
        assert_eq!(len(), 0);
        assert!(!reserve.release());
        reserve.fill();
        assert_eq!(len(), LENGTH as u64);
        let content = fs::read(&path).expect("it is there");
        let words: HashSet<_> = content[..PIECE].chunks_exact(8).collect();
        assert_eq!(words.len(), PIECE / 8, "nothing to compress");
        drop(reserve);
        drop(Reserve::open(&path).expect("it can be opened"));
        assert_eq!(len(), LENGTH as u64);
    }
}
