//! The thread that removes the files of deleted parts.
//!
//! Invariant: it gets a file only after the transaction that no longer names it is committed, and lets
//! whoever deleted it be answered once it is gone. A share of thousands of parts keeps nobody waiting
//! but whoever deleted it: neither the thread that owns the database nor smaller deletions.

use super::super::StoreError;
use std::{
    collections::VecDeque,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver, SyncSender},
    thread::{self, JoinHandle},
};

/// Deletions under way at once, and as many waiting; the next one waits in the thread that owns the
/// database.
const DELETIONS: usize = 256;

/// Files of one deletion before it is another one's turn.
const TURN: usize = 16;

/// Handle of the thread; dropping it waits until all files it was given are gone.
pub(super) struct Remover {
    deletions: Option<SyncSender<Deletion>>,
    thread: Option<JoinHandle<()>>,
}

/// Files to remove.
struct Deletion {
    files: Vec<PathBuf>,
    then: Box<dyn FnOnce() + Send>,
}

impl Remover {
    pub(super) fn start() -> Result<Self, StoreError> {
        let (deletions, waiting) = mpsc::sync_channel(DELETIONS);
        let thread =
            thread::Builder::new().name("remover".to_owned()).spawn(move || run(&waiting))?;
        Ok(Self { deletions: Some(deletions), thread: Some(thread) })
    }

    /// Removes files that no row names any more, then calls `then`.
    pub(super) fn remove(&self, files: Vec<PathBuf>, then: impl FnOnce() + Send + 'static) {
        if files.is_empty() {
            then();
        } else if let Some(deletions) = &self.deletions {
            // If the thread has gone, whoever waits learns that, and the next start removes the files.
            let _ = deletions.send(Deletion { files, then: Box::new(then) });
        }
    }
}

impl Drop for Remover {
    fn drop(&mut self) {
        self.deletions = None;
        if let Some(thread) = self.thread.take() {
            // A panic in there has been reported as such.
            let _ = thread.join();
        }
    }
}

fn run(waiting: &Receiver<Deletion>) {
    let mut under_way = VecDeque::new();
    loop {
        if under_way.is_empty() {
            let Ok(first) = waiting.recv() else { return };
            under_way.push_back(first);
        }
        under_way.extend(waiting.try_iter().take(DELETIONS.saturating_sub(under_way.len())));
        let Some(mut deletion) = under_way.pop_front() else { continue };
        let rest = deletion.files.len().saturating_sub(TURN);
        for file in deletion.files.drain(rest..) {
            remove(&file);
        }
        if rest == 0 {
            (deletion.then)();
        } else {
            under_way.push_back(deletion);
        }
    }
}

/// Removes a file that may be gone already.
pub(super) fn remove(file: &Path) {
    if let Err(error) = fs::remove_file(file)
        && error.kind() != ErrorKind::NotFound
    {
        tracing::warn!(%error, "a file of a deleted part stays until the next start");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn a_small_deletion_does_not_wait_for_a_large_one() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let files = |name: &str, count: usize| -> Vec<PathBuf> {
            let files = (0..count).map(|n| folder.path().join(format!("{name}{n}")));
            files.inspect(|file| drop(File::create(file).expect("it can be made"))).collect()
        };
        let (large, small) = (files("large", 50 * TURN), files("small", 2));
        let remover = Remover::start().expect("a thread can be started");
        let (sender, ended) = mpsc::channel();
        // Both are there before the first file of either is removed.
        let (gate, open) = mpsc::channel::<()>();
        remover.remove(files("gate", 1), move || open.recv().expect("the test opens it"));
        for (name, files) in [("large", large), ("small", small)] {
            let (sender, files_then) = (sender.clone(), files.clone());
            remover.remove(files, move || {
                let gone = files_then.iter().all(|file| !file.exists());
                sender.send((name, gone)).expect("the test waits");
            });
        }
        gate.send(()).expect("the remover waits");
        assert_eq!(ended.recv(), Ok(("small", true)));
        assert_eq!(ended.recv(), Ok(("large", true)));
    }

    #[test]
    fn what_it_was_given_is_gone_once_it_is_dropped() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let files: Vec<_> = (0..100).map(|n| folder.path().join(n.to_string())).collect();
        for file in &files {
            File::create(file).expect("it can be made");
        }
        let remover = Remover::start().expect("a thread can be started");
        remover.remove(files, || {});
        drop(remover);
        assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 0);
    }
}
