//! What SQLite and the file system say, as the store's errors.
//!
//! Invariant: no text holds a value that a request brought.

use super::super::{Full, StoreError};
use rusqlite::ErrorCode;
use std::io;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full(Full::Engine),
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::ReadOnly
                | ErrorCode::SystemIoFailure,
            ) => Self::Unavailable(error.to_string()),
            _ => Self::Fault(error.to_string()),
        }
    }
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(Full::Engine),
            io::ErrorKind::NotFound => Self::Fault("a file of a part is missing".to_owned()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    #[test]
    fn a_full_disk_is_told_from_one_that_fails_and_from_a_fault() {
        let is_full = |error: &StoreError| matches!(error, StoreError::Full(Full::Engine));
        let is_away = |error: &StoreError| matches!(error, StoreError::Unavailable(_));
        let is_fault = |error: &StoreError| matches!(error, StoreError::Fault(_));
        for (code, is_right) in [
            (ffi::SQLITE_FULL, is_full as fn(&StoreError) -> bool),
            (ffi::SQLITE_BUSY, is_away),
            (ffi::SQLITE_CANTOPEN, is_away),
            (ffi::SQLITE_PERM, is_away),
            (ffi::SQLITE_READONLY, is_away),
            (ffi::SQLITE_IOERR, is_away),
            (ffi::SQLITE_CONSTRAINT, is_fault),
            (ffi::SQLITE_CORRUPT, is_fault),
        ] {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None).into();
            assert!(is_right(&error), "{code}: {error:?}");
        }
        for (kind, is_right) in [
            (io::ErrorKind::StorageFull, is_full as fn(&StoreError) -> bool),
            (io::ErrorKind::QuotaExceeded, is_full),
            (io::ErrorKind::NotFound, is_fault),
            (io::ErrorKind::PermissionDenied, is_away),
        ] {
            let error = io::Error::from(kind).into();
            assert!(is_right(&error), "{kind}: {error:?}");
        }
    }
}
