//! The memory of a process, watched while it runs.

use crate::measured::resident_mib;
use anyhow::Result;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// Between two looks.
const PACE: Duration = Duration::from_millis(20);

/// Watches a process till it is dropped.
pub(super) struct Peak {
    before: f64,
    most: Arc<Mutex<f64>>,
    done: Arc<AtomicBool>,
}

impl Peak {
    /// Watches process `id`.
    pub(super) fn watch(id: u32) -> Result<Self> {
        let before = resident_mib(id)?;
        let most = Arc::new(Mutex::new(before));
        let done = Arc::new(AtomicBool::new(false));
        let (noted, ended) = (Arc::clone(&most), Arc::clone(&done));
        thread::spawn(move || {
            // A process that has ended has no memory to look at.
            while let (false, Ok(now)) = (ended.load(Ordering::Relaxed), resident_mib(id)) {
                if let Ok(mut most) = noted.lock() {
                    *most = most.max(now);
                }
                thread::sleep(PACE);
            }
        });
        Ok(Self { before, most, done })
    }

    /// MiB at most.
    pub(super) fn most(&self) -> Result<f64> {
        self.most.lock().map(|most| *most).map_err(|_| anyhow::anyhow!("the watcher panicked"))
    }

    /// MiB at most beyond those before.
    pub(super) fn growth(&self) -> Result<f64> {
        Ok(self.most()? - self.before)
    }
}

impl Drop for Peak {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
    }
}
