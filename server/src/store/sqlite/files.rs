//! Large parts as files, each named by the key of its row.
//!
//! Invariant: a file is on the disk before the transaction that names it commits, and is removed only
//! after the one that no longer does; files that no row names are removed when the store opens. A key
//! is used again only if its transaction was undone, and then its file is gone before.

use super::{
    super::{Full, StoreError},
    remover::remove,
};
use std::{
    cell::{Cell, RefCell},
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Longer parts are files.
pub(super) const LARGE: usize = 64 * 1024;

/// The folder of the files.
pub(super) struct Files {
    folder: PathBuf,
    reserve: u64,
    /// Whether the folder has entries that are not yet surely on the disk.
    unsynced: Cell<bool>,
    written: RefCell<Vec<PathBuf>>,
    doomed: RefCell<Vec<PathBuf>>,
}

impl Files {
    pub(super) const fn new(folder: PathBuf, reserve: u64) -> Self {
        Self {
            folder,
            reserve,
            unsynced: Cell::new(false),
            written: RefCell::new(Vec::new()),
            doomed: RefCell::new(Vec::new()),
        }
    }

    fn path(&self, key: i64) -> PathBuf {
        self.folder.join(key.to_string())
    }

    /// [`Full::Engine`] if `more` bytes would leave less than the reserve.
    pub(super) fn check_room(&self, more: usize) -> Result<(), StoreError> {
        let needed = self.reserve.saturating_add(more as u64);
        if fs4::available_space(&self.folder)? < needed {
            return Err(StoreError::Full(Full::Engine));
        }
        Ok(())
    }

    /// Writes a file of the running transaction.
    pub(super) fn write(&self, key: i64, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.path(key);
        self.written.borrow_mut().push(path.clone());
        self.unsynced.set(true);
        let mut file = private_options().write(true).truncate(true).open(path)?;
        file.write_all(bytes)?;
        Ok(file.sync_data()?)
    }

    /// Opens a file to read it, also after it is removed.
    pub(super) fn open(&self, key: i64) -> Result<File, StoreError> {
        Ok(File::open(self.path(key))?)
    }

    /// Notes that the running transaction leaves the file without a row.
    pub(super) fn doom(&self, key: i64) {
        self.doomed.borrow_mut().push(self.path(key));
    }

    /// What was doomed since this was asked last: to be removed once the transaction is committed.
    pub(super) fn doomed(&self) -> Vec<PathBuf> {
        self.doomed.take()
    }

    /// Makes the names of the written files durable.
    pub(super) fn before_commit(&self) -> Result<(), StoreError> {
        if self.unsynced.replace(false) {
            sync_folder(&self.folder)?;
        }
        Ok(())
    }

    pub(super) fn after_commit(&self) {
        self.written.borrow_mut().clear();
    }

    pub(super) fn after_rollback(&self) {
        self.doomed.borrow_mut().clear();
        for file in self.written.take() {
            remove(&file);
        }
    }

    /// Removes every file whose key is not `known`.
    pub(super) fn retain(
        &self,
        mut known: impl FnMut(i64) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let key = entry.file_name().to_str().and_then(|name| name.parse().ok());
            if !key.map_or(Ok(false), &mut known)? {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// Creates files that nobody else may read.
pub(super) fn private_options() -> OpenOptions {
    let mut options = File::options();
    options.create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
