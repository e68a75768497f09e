//! The place of an opening: what it takes to carry on after a crash.
//!
//! Invariant: the claim is on the disk before the server hears of it; the place is one process's at a
//! time; nothing in it opens the share without the link.

use super::slot::Slot;
use crate::{
    failure::{Failure, Kind},
    places::{self, Places},
};
use serde::{Deserialize, Serialize};
use std::{
    fs::{File, TryLockError},
    io,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};
use waxseal_core::token::{ClaimToken, ShareId};

/// What is on the disk.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Record {
    /// What the server knows this opening by.
    pub(super) claim: ClaimToken,
    /// Whether a passphrase is needed beside the link.
    pub(super) passphrase: bool,
    /// Where its files are, once some are.
    pub(super) files: Option<Files>,
}

/// Files that are being saved.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Files {
    /// Their folder.
    pub(super) out: PathBuf,
    /// One for each file of the manifest.
    pub(super) slots: Vec<Slot>,
    /// Parts that are on the disk, as runs from one to before another.
    pub(super) done: Vec<(u64, u64)>,
}

/// The place, locked.
pub(super) struct Place {
    path: PathBuf,
    lock: PathBuf,
    /// Holds the lock.
    _locked: File,
    record: Mutex<Option<Record>>,
}

impl Place {
    /// Takes the place of share `id`, as an earlier process left it.
    ///
    /// # Errors
    /// [`Kind::Failed`] if another process has it; [`Kind::Disk`] if nothing can be kept.
    pub(super) fn enter(places: &Places, id: ShareId) -> Result<Self, Failure> {
        let name = id.to_base64url();
        let path = places.openings.join(format!("{name}.json"));
        let lock = places.openings.join(format!("{name}.lock"));
        let unkept = |error: io::Error| Failure::disk(path.display(), &error);
        places::private_folder(&places.openings).map_err(unkept)?;
        let locked = places::private_options().write(true).create(true).truncate(false).open(&lock);
        let locked = locked.map_err(unkept)?;
        match locked.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::new(Kind::Failed, "it is being opened by another process"));
            }
            Err(TryLockError::Error(error)) => return Err(unkept(error)),
        }
        // One that cannot be read is of no use to anybody.
        let record = places::kept(&path).unwrap_or_default();
        Ok(Self { path, lock, _locked: locked, record: Mutex::new(record) })
    }

    /// What is known of an opening that was begun.
    pub(super) fn record(&self) -> Option<Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps a claim that is about to be sent.
    ///
    /// # Errors
    /// [`Kind::Disk`]: then it must not be sent.
    pub(super) fn begin(&self, claim: &ClaimToken, passphrase: bool) -> Result<(), Failure> {
        self.keep(Record { claim: claim.clone(), passphrase, files: None })
    }

    /// Keeps where the files are.
    ///
    /// # Errors
    /// [`Kind::Disk`].
    pub(super) fn keep_files(&self, files: Option<Files>) -> Result<(), Failure> {
        match self.record() {
            Some(record) => self.keep(Record { files, ..record }),
            None => Ok(()),
        }
    }

    /// Forgets the opening, and removes what it left of files that are not complete.
    pub(super) fn abandon(&self) {
        if let Some(files) = self.record().and_then(|record| record.files) {
            files.slots.iter().for_each(|slot| slot.discard(&files.out));
        }
        self.leave();
    }

    /// Forgets the opening. What cannot be removed does no harm: its claim is over.
    pub(super) fn leave(&self) {
        *self.record.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let _ = places::forget(&self.path);
    }

    fn keep(&self, record: Record) -> Result<(), Failure> {
        places::keep(&self.path, &record)
            .map_err(|error| Failure::disk(self.path.display(), &error))?;
        *self.record.lock().unwrap_or_else(PoisonError::into_inner) = Some(record);
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Whoever waits for nothing finds it again at once, so a leftover does no harm either.
        if self.record().is_none() {
            let _ = places::remove(&self.lock);
        }
    }
}
