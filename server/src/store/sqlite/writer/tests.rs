//! What the thread does with requests that fail.

use super::{
    super::{super::Quota, database},
    *,
};
use crate::store::SystemClock;
use std::{
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};
use waxseal_core::token::ShareId;

fn owner(folder: &Path, tell: impl Fn(ShareId) + Send + 'static) -> Owner {
    let (db, files, reserve) = database::open(&folder.join("waxseal.db"), 0).expect("it opens");
    let usage = Usage::new(&db, Quota::default()).expect("it is empty");
    Owner {
        db,
        files,
        reserve,
        remover: Remover::start().expect("a thread can be started"),
        usage,
        expirations: Expirations::new(tell),
        retention: Retention::default(),
        clock: Arc::new(SystemClock),
    }
}

type Answer = oneshot::Receiver<Result<(), StoreError>>;

/// A request, with a body or without, and where its answer comes.
fn job(
    has_body: bool,
    work: impl Fn(&Tx<'_>) -> Result<(), StoreError> + Send + 'static,
) -> (Box<dyn Job>, Answer) {
    let room =
        has_body.then(|| Arc::new(Semaphore::new(1)).try_acquire_owned().expect("it is free"));
    let (reply, answer) = oneshot::channel();
    (Box::new(Call { work, result: None, reply, room }), answer)
}

fn unavailable() -> StoreError {
    StoreError::Unavailable("as the test has it".to_owned())
}

#[test]
fn a_transaction_that_is_undone_takes_nothing_back_of_one_that_was_committed() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (tell, told) = mpsc::channel();
    let owner = owner(folder.path(), move |id| tell.send(id).expect("it is listened to"));
    let [first, second] = [1, 2].map(|n| ShareId::from_bytes([n; 16]));
    let change = |key, id, doomed, is_fine| {
        let committed = owner.transact(|| {
            owner.files.write(key, &[0; 5]).expect("there is room");
            owner.files.doom(doomed);
            owner.usage.add(5, false);
            owner.expirations.note(id);
            is_fine
        });
        committed.expect("SQLite works")
    };
    let state = || {
        let there = [1, 2].map(|key| owner.files.open(key).is_ok());
        (there, owner.usage.now().stored, told.try_iter().collect::<Vec<_>>())
    };

    assert!(change(1, first, 7, true));
    assert_eq!(owner.files.doomed().len(), 1);
    assert_eq!(state(), ([true, false], 5, vec![first]));
    assert!(!change(2, second, 1, false));
    assert_eq!(owner.files.doomed(), Vec::<PathBuf>::new());
    assert_eq!(state(), ([true, false], 5, vec![]));
    assert!(change(2, second, 7, true));
    assert_eq!(state(), ([true, true], 10, vec![second]));
}

#[test]
fn of_requests_that_wait_together_each_has_its_own_end() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let owner = owner(folder.path(), |_| {});
    let written = owner.transact(|| (1..=3).all(|key| owner.files.write(key, &[0; 5]).is_ok()));
    assert!(written.expect("SQLite works"));

    let dooming = |key, then: fn(&Tx<'_>) -> Result<(), StoreError>| {
        job(false, move |tx| {
            tx.files.doom(key);
            then(tx)
        })
    };
    let (fails, failed) = dooming(1, |_| Err(unavailable()));
    let (works, worked) = dooming(2, |_| Ok(()));
    // A part of no share, which SQLite finds out when it commits.
    let (cannot_be_committed, uncommitted) = dooming(3, |tx| {
        Ok(tx.db.execute_batch(
            "PRAGMA defer_foreign_keys = ON; INSERT INTO part (share, n, in_file) VALUES (9, 0, 0)",
        )?)
    });
    owner.serve(vec![fails, works, cannot_be_committed]);
    let [failed, worked, uncommitted] = [failed, worked, uncommitted]
        .map(|answer| answer.blocking_recv().expect("each is answered"));
    assert!(matches!(failed, Err(StoreError::Unavailable(_))), "{failed:?}");
    assert!(worked.is_ok(), "{worked:?}");
    assert!(matches!(uncommitted, Err(StoreError::Fault(_))), "{uncommitted:?}");
    assert_eq!([1, 2, 3].map(|key| owner.files.open(key).is_ok()), [true, false, true]);
}

#[test]
fn the_room_that_is_kept_is_for_what_must_not_fail() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let owner = owner(folder.path(), |_| {});
    let full = || StoreError::Full(Full::Engine);
    for (has_body, error, tries) in [
        // With the others, alone, with the room that is kept.
        (false, full as fn() -> StoreError, 3),
        (true, full, 2),
        (false, unavailable, 2),
        (true, unavailable, 2),
    ] {
        let tried = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&tried);
        let (job, answer) = job(has_body, move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            Err(error())
        });
        owner.serve(vec![job]);
        assert!(answer.blocking_recv().expect("it is answered").is_err());
        assert_eq!(tried.load(Ordering::Relaxed), tries, "{has_body} {}", error());
        assert!(owner.reserve.release(), "it is there for the next");
        owner.reserve.fill();
    }
}
