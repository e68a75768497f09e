//! Large parts as files, each named by the key of its row.
//!
//! Invariant: a file is on the disk before the transaction that names it commits, and is removed only
//! after the one that no longer does; files that no row names are removed when the store opens.

use super::super::{Full, StoreError};
use std::{
    cell::{Cell, RefCell},
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write},
    path::PathBuf,
};

/// Longer parts are files.
pub(super) const LARGE: usize = 64 * 1024;

/// The folder of the files.
pub(super) struct Files {
    folder: PathBuf,
    reserve: u64,
    /// Whether the folder has entries that are not yet surely on the disk.
    unsynced: Cell<bool>,
    written: RefCell<Vec<i64>>,
    doomed: RefCell<Vec<i64>>,
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
        self.written.borrow_mut().push(key);
        self.unsynced.set(true);
        let mut file = private_options().write(true).truncate(true).open(self.path(key))?;
        file.write_all(bytes)?;
        Ok(file.sync_data()?)
    }

    /// Opens a file to read it, also after it is removed.
    pub(super) fn open(&self, key: i64) -> Result<File, StoreError> {
        Ok(File::open(self.path(key))?)
    }

    /// Removes the file once the running transaction is committed.
    pub(super) fn remove(&self, key: i64) {
        self.doomed.borrow_mut().push(key);
    }

    /// Makes the names of the written files durable.
    pub(super) fn before_commit(&self) -> Result<(), StoreError> {
        if self.unsynced.replace(false) {
            #[cfg(unix)]
            File::open(&self.folder)?.sync_all()?;
        }
        Ok(())
    }

    pub(super) fn after_commit(&self) {
        self.written.borrow_mut().clear();
        self.remove_all(&self.doomed);
    }

    pub(super) fn after_rollback(&self) {
        self.doomed.borrow_mut().clear();
        self.remove_all(&self.written);
    }

    fn remove_all(&self, keys: &RefCell<Vec<i64>>) {
        for key in keys.borrow_mut().drain(..) {
            if let Err(error) = fs::remove_file(self.path(key))
                && error.kind() != ErrorKind::NotFound
            {
                tracing::warn!(%error, "a file of a deleted part stays until the next start");
            }
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

/// Creates files that nobody else may read.
pub(super) fn private_options() -> OpenOptions {
    let mut options = File::options();
    options.create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
