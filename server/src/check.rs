//! `--check-config`: what would keep the server from starting, as far as this machine alone can tell.
//!
//! Invariant: nothing is written and nobody is asked, so that the store, the mail server and an application
//! need not be there. No text repeats a secret.

use crate::{
    config::{AuditTo, Settings, StoreUrl},
    identity::Identity,
    net::Certificates,
    store::redis::RedisStore,
};
use rustix::fs::{Access, access};
use std::{
    fmt::Display,
    fs::{File, OpenOptions},
    io::{self, Read},
    path::Path,
};

/// What every database of SQLite begins with (<https://sqlite.org/fileformat.html#the_database_header>).
const SQLITE: [u8; 16] = *b"SQLite format 3\0";

/// What is wrong with settings that fit together: with the files that they name. By the settings' names.
pub fn faults(settings: &Settings) -> Vec<String> {
    let mut faults = Faults::default();
    if let Some(files) = settings.tls.files() {
        faults.note("tls-certificate, tls-key", Certificates::load(files));
    }
    match settings.store() {
        StoreUrl::Sqlite(path) => faults.note("store", database(&path).map_err(at(&path))),
        StoreUrl::Redis(address) => {
            let certificates = "redis-ca, redis-cert, redis-key";
            match settings.deployment(&address) {
                Ok(deployment) => faults.note(certificates, RedisStore::check(&deployment)),
                Err(error) => faults.note(certificates, Err::<(), _>(error)),
            }
        }
    }
    let mode = format!("identity-mode={}", settings.identity.mode.as_str());
    faults.note(&mode, Identity::check(settings));
    faults.note("audit-key-file", settings.audit.key());
    if let AuditTo::File(path) = &settings.audit.audit {
        faults.note("audit", appendable(path).map_err(at(path)));
    }
    faults.0
}

/// Those found so far.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn note<T>(&mut self, setting: &str, tried: Result<T, impl Display>) {
        if let Err(error) = tried {
            self.0.push(format!("{setting}: {error}"));
        }
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> String {
    move |error| format!("{}: {error}", path.display())
}

/// Whether there is a database, or one can be made with the folders above it.
fn database(path: &Path) -> io::Result<()> {
    let mut folder = folder_of(path);
    if path.exists() {
        let mut file = OpenOptions::new().read(true).write(true).open(path)?;
        let mut head = Vec::new();
        file.by_ref().take(SQLITE.len() as u64).read_to_end(&mut head)?;
        if !head.is_empty() && head != SQLITE {
            return Err(io::Error::other("it is no database of SQLite"));
        }
    } else {
        while !folder.exists() && folder != folder_of(folder) {
            folder = folder_of(folder);
        }
    }
    changeable(folder)
}

/// Whether there is a file to add to, or one can be made.
fn appendable(path: &Path) -> io::Result<()> {
    if path.exists() {
        OpenOptions::new().append(true).open(path).map(drop::<File>)
    } else {
        changeable(folder_of(path))
    }
}

/// Whether files can be made there.
fn changeable(folder: &Path) -> io::Result<()> {
    if folder.exists() && !folder.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    Ok(access(folder, Access::WRITE_OK | Access::EXEC_OK)?)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => path,
    }
}
