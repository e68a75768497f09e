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
