//! One file on its way to the disk.
//!
//! Invariant: until it is whole it is hidden, of its user alone, and the very file that was made for
//! it: what another process puts in its place is not written to.

use super::names;
use crate::places::private_options;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// What tells a file from all others of its folder, where a system has that: its number. A device's
/// may change when the machine starts anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileId(u64);

/// Where a file is.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Slot {
    /// Not whole yet.
    Part {
        /// Its name in the folder.
        name: String,
        /// Which file it is.
        id: FileId,
    },
    /// On the disk under its own name.
    Saved {
        /// Which.
        path: PathBuf,
    },
}

impl Slot {
    /// A new, empty one.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        let name = names::hidden()?;
        let file = private_options().write(true).create_new(true).open(folder.join(&name))?;
        Ok(Self::Part { name, id: id_of(&file.metadata()?) })
    }

    /// Whether what it names is there.
    pub(super) fn is_there(&self, folder: &Path) -> bool {
        match self {
            Self::Part { .. } => self.open(folder, private_options().write(true)).is_ok(),
            Self::Saved { path } => path.is_file(),
        }
    }

    /// Where it is, if it is saved.
    pub(super) fn saved(&self) -> Option<PathBuf> {
        match self {
            Self::Part { .. } => None,
            Self::Saved { path } => Some(path.clone()),
        }
    }

    /// Opens one that is not whole.
    ///
    /// # Errors
    /// Those of the file system; `NotFound` if there is none, or it is saved; `Other` if another file
    /// is in its place.
    pub(super) fn open(&self, folder: &Path, options: &OpenOptions) -> io::Result<File> {
        let Self::Part { name, id } = self else { return Err(ErrorKind::NotFound.into()) };
        let file = options.open(folder.join(name))?;
        let metadata = file.metadata()?;
        if metadata.is_file() && id_of(&metadata) == *id {
            Ok(file)
        } else {
            Err(io::Error::other("another file is in its place"))
        }
    }

    /// Gives it its name, durably; again is fine. With `force` it takes the place of another file that
    /// is none of `kept`.
    ///
    /// # Errors
    /// Those of the file system; those of [`Self::open`].
    pub(super) fn settle(
        &self,
        folder: &Path,
        name: &str,
        force: bool,
        kept: &[PathBuf],
    ) -> io::Result<PathBuf> {
        match self {
            Self::Saved { path } => Ok(path.clone()),
            Self::Part { name: hidden, id } => {
                let from = folder.join(hidden);
                match self.open(folder, private_options().write(true)) {
                    Ok(file) => file.sync_all()?,
                    // It may have its name already.
                    Err(error) if error.kind() == ErrorKind::NotFound && is_gone(&from) => {}
                    Err(error) => return Err(error),
                }
                names::settle(&from, *id, folder, name, force, kept)
            }
        }
    }

    /// Removes it if it is not whole. What cannot be removed stays hidden.
    pub(super) fn discard(&self, folder: &Path) {
        if let Self::Part { name, .. } = self
            && self.is_there(folder)
        {
            let _ = fs::remove_file(folder.join(name));
        }
    }
}

fn is_gone(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

/// Which file this is.
pub(super) fn id_of(metadata: &Metadata) -> FileId {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        FileId(metadata.ino())
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        FileId::default()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_put_in_its_place_gets_no_name() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let folder = folder.path();
        let slot = Slot::create(folder)?;
        let Slot::Part { name, .. } = &slot else { return Err(ErrorKind::InvalidData.into()) };
        fs::write(folder.join("other"), "mine")?;
        fs::rename(folder.join("other"), folder.join(name))?;
        for force in [false, true] {
            assert!(slot.settle(folder, "a", force, &[]).is_err());
        }
        assert!(!folder.join("a").exists());
        assert_eq!(fs::read_to_string(folder.join(name))?, "mine");
        Ok(())
    }
}
