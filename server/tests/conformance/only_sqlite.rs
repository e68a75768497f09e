//! What only the embedded engine does.

use crate::{
    bench::{Engine, Hands, folder_holds},
    sample::{Sample, token},
};
use futures_util::future::join_all;
use rusqlite::OpenFlags;
use std::{
    collections::HashSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use waxseal_core::token::ShareId;
use waxseal_server::store::{
    Admission, Full, NewShare, Quota, Retention, Store, StoreError, sqlite::SqliteStore,
};

const LEASE: Duration = Duration::from_secs(15 * 60);

/// How long to wait for what takes its time.
const PATIENCE: Duration = Duration::from_secs(20);

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("waxseal.db");
    (folder, path)
}

fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, Retention::default(), Quota::default(), Hands::new())
}

/// Stores a share, whatever its size.
async fn store(store: &SqliteStore, sample: &Sample) {
    store.create(sample.new.clone(), Admission::Live).await.expect("it is new");
    if sample.new.head.is_none() {
        for n in 0..sample.new.size.parts() {
            let part = sample.part(n);
            store.put_part(sample.new.id, sample.new.owner, n, part).await.expect("it fits");
        }
        store
            .publish(sample.new.id, sample.new.owner, Admission::Live)
            .await
            .expect("all parts are there");
    }
}

fn words<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> HashSet<u64> {
    samples.into_iter().flat_map(Sample::words).collect()
}

#[tokio::test]
async fn a_lapsed_lease_takes_the_content_without_a_request() {
    let bench = Engine::Sqlite.start().await;
    let sample = Sample::with_plaintext(1_100_000).viewed(Some(1));
    bench.upload(&sample).await;
    bench.claim(&sample, token()).await.expect("a view is left");
    bench.advance(LEASE);
    bench.loses_unasked(&sample);
}

/// Deletes in an order that makes SQLite merge and split its pages: shares of all sizes next to each
/// other, every third one staying.
#[tokio::test]
async fn no_byte_of_deleted_content_stays_in_any_file() {
    let (folder, path) = folder();
    let engine = open(&path).expect("it opens");
    let sizes = [1024, 1500, 3000, 4000, 4200, 9000, 20_000, 50_000, 65_000, 70_000];
    let mut samples: Vec<Sample> = (0..300)
        .map(|n| Sample::with_plaintext(sizes[n * 7 % sizes.len()]).viewed(Some(1)))
        .collect();
    samples.push(Sample::with_plaintext(1_100_000).viewed(Some(1)));
    samples.push(Sample::with_plaintext(2_000_000).viewed(Some(1)));
    for sample in &samples {
        store(&engine, sample).await;
    }
    let (kept, deleted): (Vec<_>, Vec<_>) =
        samples.iter().enumerate().partition(|(n, _)| n % 3 == 0);
    assert!(folder_holds(folder.path(), &words(deleted.iter().map(|(_, sample)| *sample))));
    for (n, sample) in &deleted {
        let new = &sample.new;
        if n % 2 == 0 {
            engine.revoke(new.id, new.owner).await.expect("the owner may");
        } else {
            let claim = token();
            engine.claim(new.id, new.access, claim, None).await.expect("a view is left");
            engine.acknowledge(new.id, claim).await.expect("it was answered");
        }
    }
    let deleted = words(deleted.into_iter().map(|(_, sample)| sample));
    assert!(!folder_holds(folder.path(), &deleted), "while it is open");
    drop(engine);
    assert!(!folder_holds(folder.path(), &deleted), "once it is closed");
    let engine = open(&path).expect("it opens again");
    for (_, sample) in kept {
        let answer = engine.claim(sample.new.id, sample.new.access, token(), None).await;
        assert_eq!(answer.expect("it was kept").head, sample.part(0));
    }
}

#[tokio::test]
async fn files_that_no_part_has_are_removed_when_it_opens() {
    let (_folder, path) = folder();
    let sample = Sample::with_plaintext(1_100_000).viewed(Some(1));
    let engine = open(&path).expect("it opens");
    store(&engine, &sample).await;
    drop(engine);
    let parts = path.with_file_name("waxseal.db.parts");
    let files = || fs::read_dir(&parts).expect("it is there").count();
    let before = files();
    assert!(size_of(&parts) > 1_000_000, "the large part is a file");
    for orphan in ["12345", "1.tmp", "x"] {
        fs::write(parts.join(orphan), "orphan").expect("it can be written");
    }
    let engine = open(&path).expect("it opens");
    assert_eq!(files(), before);
    let answer = engine.claim(sample.new.id, sample.new.access, token(), None).await;
    assert_eq!(answer.expect("a view is left").head, sample.part(0));
}

#[tokio::test]
async fn only_one_may_have_the_database_open() {
    let (_folder, path) = folder();
    let first = open(&path).expect("it opens");
    assert_refused!(
        open(&path).map(drop),
        StoreError::Unavailable(text) if text.contains("in use by another process")
    );
    drop(first);
    open(&path).expect("it is free again");
}

#[tokio::test]
async fn a_server_does_not_start_on_the_database_of_another_process() {
    let (_folder, path) = folder();
    let _first = open(&path).expect("it opens");
    let mut server = Command::new(env!("CARGO_BIN_EXE_waxseal-server"))
        .args(["--listen", "127.0.0.1:0", "--store", &format!("sqlite:{}", path.display())])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it is built");
    let deadline = Instant::now() + PATIENCE;
    while server.try_wait().expect("it is a child").is_none() {
        if Instant::now() > deadline {
            server.kill().expect("it is a child");
        }
        std::thread::yield_now();
    }
    let Output { status, stdout, stderr } = server.wait_with_output().expect("it has ended");
    assert!(!status.success());
    let said = [stdout, stderr].concat();
    assert!(String::from_utf8_lossy(&said).contains("in use by another process"));
}

#[tokio::test]
async fn a_database_of_another_version_is_refused() {
    let (_folder, path) = folder();
    drop(open(&path).expect("it opens"));
    rusqlite::Connection::open(&path)
        .and_then(|db| db.execute_batch("PRAGMA user_version = 99"))
        .expect("it is a database");
    assert_refused!(open(&path).map(drop), StoreError::Fault(text) if text.contains("version 99"));
    fs::write(&path, "this is no database, but something else").expect("it can be written");
    assert_refused!(open(&path).map(drop), StoreError::Fault(_));
}

#[tokio::test]
async fn nobody_else_may_read_its_files() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let data = folder.path().join("made").join("data");
    let path = data.join("waxseal.db");
    let engine = open(&path).expect("it opens");
    store(&engine, &Sample::with_plaintext(1_100_000)).await;
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    for entry in fs::read_dir(&data).expect("it is there") {
        let path = entry.expect("it can be read").path();
        assert_eq!(mode(&path), if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
    }
    let parts = path.with_file_name("waxseal.db.parts");
    for entry in fs::read_dir(parts).expect("it is there") {
        assert_eq!(mode(&entry.expect("it can be read").path()), 0o600);
    }
}

#[tokio::test]
async fn a_full_disk_refuses_only_what_takes_room() {
    let (folder, path) = folder();
    let [opened, revoked, burned] = [(); 3].map(|()| Sample::one_time().with_passphrase());
    let staged = Sample::with_plaintext(1_100_000);
    let engine = open(&path).expect("it opens");
    for sample in [&opened, &revoked, &burned, &staged] {
        engine.create(sample.new.clone(), Admission::Live).await.expect("it is new");
    }
    drop(engine);

    let clock = Hands::new();
    let quota = Quota { free_disk: 1 << 62, ..Quota::default() };
    let engine = SqliteStore::open(&path, Retention::default(), quota, Arc::clone(&clock) as _)
        .expect("it opens");
    assert_refused!(
        engine.create(Sample::one_time().new, Admission::Live).await,
        StoreError::Full(Full::Engine)
    );
    let put = engine.put_part(staged.new.id, staged.new.owner, 1, staged.part(1)).await;
    assert_refused!(put, StoreError::Full(Full::Engine));
    engine.create(opened.new.clone(), Admission::Live).await.expect("it is there already");
    let claim = token();
    engine
        .claim(opened.new.id, opened.new.access, claim, opened.proof)
        .await
        .expect("a view is left");
    engine.part(opened.new.id, claim, 0).await.expect("the lease lasts");
    engine.acknowledge(opened.new.id, claim).await.expect("it was answered");
    let wrong = engine.claim(burned.new.id, burned.new.access, token(), Some(token())).await;
    assert_refused!(wrong, StoreError::WrongPassphrase { tries_left: 9 });
    engine.revoke(revoked.new.id, revoked.new.owner).await.expect("the owner may");
    assert!(!folder_holds(folder.path(), &words([&opened, &revoked])));
}

#[tokio::test]
async fn records_go_when_their_time_is_over() {
    let (_folder, path) = folder();
    let clock = Hands::new();
    let retention = Retention { record: Duration::ZERO, ..Retention::default() };
    let engine = SqliteStore::open(&path, retention, Quota::default(), Arc::clone(&clock) as _)
        .expect("it opens");
    for n in 0..200 {
        let sample = Sample::one_time();
        store(&engine, &sample).await;
        if n % 2 == 0 {
            let Sample { new, .. } = sample;
            engine.claim(new.id, new.access, token(), None).await.expect("a view is left");
        }
    }
    engine.create(Sample::with_plaintext(1_100_000).new, Admission::Live).await.expect("it is new");
    let rows = |table| row_count(&path, table).expect("nothing is being written");
    assert_eq!(rows("share"), 201);
    assert_eq!(rows("claim"), 100);

    clock.advance(Duration::from_secs(86_400));
    let deadline = Instant::now() + PATIENCE;
    while row_count(&path, "share") != Some(0) {
        assert!(Instant::now() < deadline, "records stay");
        std::thread::yield_now();
    }
    for table in ["part", "content", "claim"] {
        assert_eq!(rows(table), 0, "{table}");
    }
}

/// Opens a store that tells of what has expired.
fn open_telling(path: &Path, clock: &Arc<Hands>) -> (SqliteStore, mpsc::Receiver<ShareId>) {
    let (tell, told) = mpsc::channel();
    // Nobody may listen any more.
    let tell = move |id| tell.send(id).unwrap_or_default();
    let clock = Arc::clone(clock) as _;
    let (retention, quota) = (Retention::default(), Quota::default());
    let engine = SqliteStore::open_telling(path, retention, quota, clock, tell);
    (engine.expect("it opens"), told)
}

#[tokio::test]
async fn each_share_that_expires_is_told_of_once_and_no_other() {
    let (_folder, path) = folder();
    let clock = Hands::new();
    let (engine, told) = open_telling(&path, &clock);
    let [opened, revoked, burned, expired, late] =
        [(); 5].map(|()| Sample::one_time().expiring_in(60).with_passphrase());
    let (large, again) = (Sample::with_plaintext(9_000_000).expiring_in(60), Sample::one_time());
    for sample in [&opened, &revoked, &burned, &expired, &late, &large, &again] {
        store(&engine, sample).await;
    }
    let unconfirmed = Sample::one_time();
    engine.create(unconfirmed.new.clone(), Admission::Pending).await.expect("it is new");
    engine.create(Sample::with_plaintext(1_100_000).new, Admission::Live).await.expect("staged");
    let new = &opened.new;
    engine.claim(new.id, new.access, token(), opened.proof).await.expect("a view is left");
    engine.revoke(revoked.new.id, revoked.new.owner).await.expect("the owner may");
    for _ in 0..10 {
        let wrong = engine.claim(burned.new.id, burned.new.access, token(), Some(token())).await;
        assert_refused!(wrong, StoreError::WrongPassphrase { .. });
    }
    clock.advance(Duration::from_secs(60));
    // Whoever comes before it is swept finds it expired, too.
    engine.revoke(late.new.id, late.new.owner).await.expect("the owner may");
    let mut ids = HashSet::new();
    for _ in 0..3 {
        assert!(ids.insert(told.recv_timeout(PATIENCE).expect("three have expired")));
    }
    assert_eq!(ids, [&late, &expired, &large].map(|sample| sample.new.id).into());
    clock.advance(Duration::from_secs(600));
    assert_eq!(told.recv_timeout(PATIENCE), Ok(unconfirmed.new.id));
    clock.advance(Duration::from_secs(3600));
    drop(engine);
    assert!(told.recv().is_err(), "there is nothing else");

    // What expires while nobody looks is told of at the next start.
    clock.advance(Duration::from_secs(86_400));
    let (engine, told) = open_telling(&path, &clock);
    assert_eq!(told.recv_timeout(PATIENCE), Ok(again.new.id));
    drop(engine);
    assert!(told.recv().is_err(), "there is nothing else");
}

#[tokio::test]
async fn a_part_being_sent_is_sent_to_its_end_when_the_share_is_revoked() {
    let (_folder, path) = folder();
    let engine = open(&path).expect("it opens");
    let sample = Sample::with_plaintext(2_000_000).viewed(Some(1));
    let new = &sample.new;
    store(&engine, &sample).await;
    let claim = token();
    engine.claim(new.id, new.access, claim, None).await.expect("a view is left");
    let sending = engine.part(new.id, claim, 0).await.expect("the lease lasts");
    engine.revoke(new.id, new.owner).await.expect("the owner may");
    assert_refused!(engine.part(new.id, claim, 0).await, StoreError::ClaimOver);
    assert_eq!(sending.whole().await.expect("it is open"), sample.part_0());
}

/// Bytes of all files in the folder and below.
fn size_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let sizes = entries.map(|entry| {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            size_of(&path)
        } else {
            fs::metadata(&path).map_or(0, |file| file.len())
        }
    });
    sizes.sum()
}

/// Rows and files, 320 MB of them in turn, some left to the sweeper.
#[tokio::test]
async fn shares_that_come_and_go_take_no_more_and_more_room() {
    const ROUNDS: u8 = 25;
    const MIB: u64 = 1024 * 1024;
    let (folder, path) = folder();
    let clock = Hands::new();
    let retention = Retention { record: Duration::ZERO, ..Retention::default() };
    let engine = SqliteStore::open(&path, retention, Quota::default(), Arc::clone(&clock) as _)
        .expect("it opens");
    let large = Sample::with_plaintext(12_000_000).viewed(Some(1)).expiring_in(3600);
    // As long as a part may be that is no file.
    let small = Sample::with_plaintext(60_000).viewed(Some(1)).expiring_in(3600);
    let again = |sample: &Sample, n: u8, round: u8| {
        let mut id = [n; 16];
        id[0] = round;
        let new = NewShare { id: ShareId::from_bytes(id), ..sample.new.clone() };
        Sample { new, ..sample.clone() }
    };
    let mut first = None;
    for round in 0..ROUNDS {
        let mut samples: Vec<_> = (0..16).map(|n| again(&small, n, round)).collect();
        samples.push(again(&large, 16, round));
        join_all(samples.iter().map(|sample| store(&engine, sample))).await;
        let full = size_of(folder.path());
        // The first round makes the room that all others use again.
        let first = *first.get_or_insert(full);
        assert!(full <= first + MIB / 4, "{full} bytes in round {round}, {first} in the first");
        // The sweeper comes once a second, so it gets only some of it.
        let sweeping = round % 5 == 0;
        let ends = samples.iter().enumerate().map(async |(n, Sample { new, .. })| match n % 3 {
            0 if sweeping => {}
            0 | 1 => drop(engine.revoke(new.id, new.owner).await.expect("the owner may")),
            _ => {
                let claim = token();
                engine.claim(new.id, new.access, claim, None).await.expect("a view is left");
                engine.acknowledge(new.id, claim).await.expect("it was answered");
            }
        });
        join_all(ends).await;
        if !sweeping {
            continue;
        }
        let unfinished = again(&large, 17, round).new;
        engine.create(unfinished.clone(), Admission::Live).await.expect("it is new");
        let put = engine.put_part(unfinished.id, unfinished.owner, 1, large.part(1)).await;
        put.expect("it fits");
        clock.advance(Duration::from_secs(60 * 60));
        let parts = path.with_file_name("waxseal.db.parts");
        let deadline = Instant::now() + PATIENCE;
        while fs::read_dir(&parts).expect("it is there").count() > 0 {
            assert!(Instant::now() < deadline, "files stay");
            tokio::task::yield_now().await;
        }
    }
}

/// Looks into a database that the store has open, unless it is just being written.
fn row_count(path: &Path, table: &str) -> Option<i64> {
    let uri = format!("file:{}?immutable=1", path.display());
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    rusqlite::Connection::open_with_flags(uri, flags)
        .and_then(|db| db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)))
        .ok()
}
