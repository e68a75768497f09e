//! Opening the database: safe settings, one process, the schema.
//!
//! Invariant: what a deleted row held stays nowhere in the database's files. Deleted bytes and pages are
//! overwritten (`secure_delete`), the journal is cut off (`TRUNCATE`), and content lies where SQLite
//! never copies it: it moves rows from page to page and leaves copies behind, but not the overflow
//! pages of a row, so `content` has a page's length of padding before what matters.

use super::{
    super::StoreError,
    files::{Files, sync_folder},
    reserve::Reserve,
};
use rusqlite::{Connection, ErrorCode, types::FromSql};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Bytes of a database page, and of the padding.
const PAGE: i64 = 4096;

/// What makes a database of each version out of one of the version before; none is ever changed.
const VERSIONS: [&str; 4] = [SHARES, CONFIRMATIONS, GRANTS, REQUESTS];

const SHARES: &str = "
    CREATE TABLE share (
        key INTEGER PRIMARY KEY,
        id BLOB NOT NULL UNIQUE,
        access BLOB NOT NULL,
        owner BLOB NOT NULL,
        passphrase BLOB,
        size INTEGER NOT NULL,
        expires_in INTEGER NOT NULL,
        views INTEGER,
        digest BLOB NOT NULL,
        created_at INTEGER NOT NULL,
        expires_at INTEGER,
        gone_at INTEGER NOT NULL,
        views_left INTEGER,
        failed INTEGER NOT NULL,
        opened_at BLOB NOT NULL,
        used_up_at INTEGER,
        revoked_at INTEGER,
        burned_at INTEGER,
        -- When the content is due to go; null while staged and once it is gone.
        content_until INTEGER
    ) STRICT;
    CREATE INDEX share_gone ON share (gone_at);
    CREATE INDEX share_content ON share (content_until) WHERE content_until IS NOT NULL;

    CREATE TABLE part (
        -- Also the name of its file, hence never used again.
        key INTEGER PRIMARY KEY AUTOINCREMENT,
        share INTEGER NOT NULL REFERENCES share,
        n INTEGER NOT NULL,
        in_file INTEGER NOT NULL,
        -- Null once published.
        staged_until INTEGER,
        UNIQUE (share, n)
    ) STRICT;
    CREATE INDEX part_staged ON part (staged_until) WHERE staged_until IS NOT NULL;

    CREATE TABLE content (
        part INTEGER PRIMARY KEY REFERENCES part,
        padding BLOB NOT NULL,
        -- With part 0 only.
        seal BLOB,
        -- Null where it is a file.
        bytes BLOB
    ) STRICT;

    CREATE TABLE claim (
        share INTEGER NOT NULL REFERENCES share,
        hash BLOB NOT NULL,
        first_at INTEGER NOT NULL,
        until INTEGER NOT NULL,
        PRIMARY KEY (share, hash)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX claim_until ON claim (share, until);
";

const CONFIRMATIONS: &str = "
    ALTER TABLE share ADD COLUMN pending_until INTEGER;
    -- SHA-256 of what was mailed, the number that goes with it, and whose session it begins.
    ALTER TABLE share ADD COLUMN token BLOB;
    ALTER TABLE share ADD COLUMN number INTEGER;
    ALTER TABLE share ADD COLUMN session_of BLOB;
    ALTER TABLE share ADD COLUMN wrong_numbers INTEGER NOT NULL DEFAULT 0;

    CREATE TABLE session (
        hash BLOB PRIMARY KEY,
        address BLOB NOT NULL,
        until INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX session_until ON session (until);
";

const GRANTS: &str = "
    -- Grants of applications that are used, and by which share.
    CREATE TABLE used_grant (
        hash BLOB PRIMARY KEY,
        share BLOB NOT NULL,
        until INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX used_grant_until ON used_grant (until);
";

const REQUESTS: &str = "
    ALTER TABLE share ADD COLUMN request INTEGER NOT NULL DEFAULT 0;
    -- The request that the share may answer.
    ALTER TABLE share ADD COLUMN answers BLOB;
    -- Of a request: the ids of those that may answer, one behind the other.
    ALTER TABLE share ADD COLUMN offers BLOB NOT NULL DEFAULT x'';
    -- The id of the share that has answered, then its sealed secret; and when it expires.
    ALTER TABLE share ADD COLUMN answer BLOB;
    ALTER TABLE share ADD COLUMN answer_until INTEGER;
";

/// Opens the database, the folder of its parts and the room kept for a full disk.
pub(super) fn open(
    path: &Path,
    free_disk: u64,
) -> Result<(Connection, Files, Reserve), StoreError> {
    let home = folder_of(path);
    make_private_dir(home).map_err(|error| at(home, &error))?;
    touch_private(path).map_err(|error| at(path, &error))?;
    let db = Connection::open(path).map_err(|error| refused(path, error))?;
    configure(&db).map_err(|error| refused(path, error))?;
    check_settings(&db)?;
    prepare_schema(&db)?;

    let folder = beside(path, ".parts");
    make_private_dir(&folder).map_err(|error| at(&folder, &error))?;
    let files = Files::new(folder, free_disk);
    remove_orphans(&db, &files)?;
    let reserve = Reserve::open(&beside(path, ".reserve"))?;
    Ok((db, files, reserve))
}

/// What is called as the database is, and something behind that.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Sets all that SQLite forgets when it closes, and takes the lock for as long as it is open.
fn configure(db: &Connection) -> rusqlite::Result<()> {
    db.set_prepared_statement_cache_capacity(64);
    db.execute_batch(&format!(
        "PRAGMA busy_timeout = 500;
         PRAGMA page_size = {PAGE};
         PRAGMA locking_mode = EXCLUSIVE;
         PRAGMA secure_delete = ON;
         PRAGMA synchronous = FULL;
         PRAGMA journal_mode = TRUNCATE;
         PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY;
         BEGIN EXCLUSIVE;
         COMMIT;"
    ))
}

/// A pragma that SQLite does not take is no error to it.
fn check_settings(db: &Connection) -> Result<(), StoreError> {
    fn check<T: FromSql + PartialEq>(
        db: &Connection,
        name: &str,
        wanted: T,
    ) -> Result<(), StoreError> {
        if db.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, T>(0))? == wanted {
            Ok(())
        } else {
            Err(StoreError::Fault(format!("SQLite did not take the setting {name}")))
        }
    }
    check(db, "page_size", PAGE)?;
    check(db, "secure_delete", 1)?;
    check(db, "synchronous", 2)?;
    check(db, "foreign_keys", 1)?;
    check(db, "journal_mode", "truncate".to_owned())?;
    check(db, "locking_mode", "exclusive".to_owned())
}

fn prepare_schema(db: &Connection) -> Result<(), StoreError> {
    let version: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let steps = usize::try_from(version).ok().and_then(|version| VERSIONS.get(version..));
    let newest = VERSIONS.len();
    match steps {
        Some([]) => Ok(()),
        Some(steps) => {
            let steps = steps.concat();
            Ok(db.execute_batch(&format!(
                "BEGIN; {steps} PRAGMA user_version = {newest}; COMMIT;"
            ))?)
        }
        None => Err(StoreError::Fault(format!(
            "the database has version {version}, this program knows up to version {newest}"
        ))),
    }
}

/// Inserts the content of a part: its key, the seal, the bytes.
pub(super) fn insert_content() -> String {
    format!("INSERT INTO content (part, padding, seal, bytes) VALUES (?, zeroblob({PAGE}), ?, ?)")
}

/// A crash between a commit and the removal of files leaves files that no row names.
fn remove_orphans(db: &Connection, files: &Files) -> Result<(), StoreError> {
    let mut known = db.prepare("SELECT 1 FROM part WHERE key = ? AND in_file")?;
    files.retain(|key| Ok(known.exists([key])?))
}

fn refused(path: &Path, error: rusqlite::Error) -> StoreError {
    if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) {
        let path = path.display();
        return StoreError::Unavailable(format!("{path} is in use by another process"));
    }
    match error.into() {
        StoreError::Fault(text) => StoreError::Fault(format!("{}: {text}", path.display())),
        StoreError::Unavailable(text) => {
            StoreError::Unavailable(format!("{}: {text}", path.display()))
        }
        other => other,
    }
}

fn at(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Unavailable(format!("{}: {error}", path.display()))
}

/// Makes a directory that nobody else may look into, and those above it; one that is there stays as
/// it is. Its name is on the disk when this returns: what is stored in it must not go with it.
fn make_private_dir(path: &Path) -> io::Result<()> {
    let above = folder_of(path);
    if !path.is_dir() {
        if above != path {
            make_private_dir(above)?;
        }
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path)?;
    }
    match sync_folder(above) {
        // Then it was not we who made it there.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        synced => synced,
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => path,
    }
}

/// Makes a file that nobody else may read, before SQLite makes one that others may.
fn touch_private(path: &Path) -> io::Result<()> {
    super::files::private_options().append(true).open(path).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, HashSet};

    /// Rows in one run, and how long their bytes may be besides the seal.
    const STEPS: i64 = 10_000;
    const LENGTHS: [usize; 9] = [0, 0, 0, 1040, 1104, 1300, 1900, 3000, 3800];

    /// A run in which SQLite leaves a deleted seal in the file if there is no padding.
    const SEED: u64 = 2;

    #[test]
    fn rows_of_content_that_come_and_go_leave_no_copies() {
        assert_eq!(churn(SEED).expect("SQLite works"), 0);
    }

    #[test]
    fn every_path_is_in_a_folder() {
        for (path, folder) in [("/a/b.db", "/a"), ("a/b.db", "a"), ("b.db", "."), ("/", "/")] {
            assert_eq!(folder_of(Path::new(path)), Path::new(folder), "{path}");
        }
    }

    #[test]
    fn a_database_of_the_first_version_is_taken_over_with_what_is_in_it() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("waxseal.db");
        let old = Connection::open(&path).expect("it can be made");
        let share = "INSERT INTO share (id, access, owner, size, expires_in, digest, created_at,
                gone_at, failed, opened_at)
            VALUES (x'01', x'02', x'03', 1096, 60, x'04', 1, 2, 0, x'')";
        old.execute_batch(&format!("{SHARES} {share}; PRAGMA user_version = 1"))
            .expect("it is empty");
        drop(old);
        for _ in 0..2 {
            let (db, ..) = open(&path, 0).expect("it is taken over");
            let found = db.query_row(
                "SELECT gone_at, wrong_numbers, pending_until FROM share",
                [],
                |row| <(i64, i64, Option<i64>)>::try_from(row),
            );
            assert_eq!(found, Ok((2, 0, None)));
            let version: i64 =
                db.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("it has one");
            assert_eq!(version, VERSIONS.len() as i64);
        }
    }

    /// Inserts and deletes at random; returns how many words of what was deleted are in the file.
    fn churn(seed: u64) -> Result<usize, StoreError> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("waxseal.db");
        let (db, ..) = open(&path, 0)?;
        db.execute_batch("PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; BEGIN")?;
        let mut random = xorshift(seed);
        let (mut kept, mut deleted) = (BTreeMap::new(), HashSet::new());
        for key in 0..STEPS {
            let nth = random() as usize % (kept.len() + 1);
            let some = kept.keys().nth(nth).copied();
            if let Some(some) = some.filter(|_| random() % 100 < 48) {
                deleted.extend(kept.remove(&some));
                db.prepare_cached("DELETE FROM content WHERE part = ?")?.execute([some])?;
            } else {
                let word = random();
                kept.insert(key, word);
                let bytes = vec![0; LENGTHS[random() as usize % LENGTHS.len()]];
                db.prepare_cached(&insert_content())?.execute((
                    key,
                    word.to_be_bytes().repeat(7),
                    bytes,
                ))?;
            }
            if key % 20 == 0 {
                db.execute_batch("COMMIT; BEGIN")?;
            }
        }
        db.execute_batch("COMMIT")?;
        let mut word = 0;
        let ends_word = |byte: &u8| {
            word = word << 8 | u64::from(*byte);
            deleted.contains(&word)
        };
        Ok(fs::read(&path)?.iter().copied().filter(ends_word).count())
    }

    fn xorshift(seed: u64) -> impl FnMut() -> u64 {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        move || {
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            state.wrapping_mul(0x2545_f491_4f6c_dd1d)
        }
    }
}
