//! The system's clock as some processes see it: real processes whose time a test can move.
//!
//! It is libfaketime, preloaded; the C library before every other allocator, since jemalloc (Redis')
//! asks for the time before libfaketime can answer. Clocks that only measure durations are left alone.

use anyhow::{Context, Result, ensure};
use std::{
    fs,
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};
use tempfile::TempDir;

/// A clock for processes.
pub struct Clock {
    folder: TempDir,
    preload: String,
    /// Seconds.
    ahead: AtomicU64,
}

impl Clock {
    /// A clock that is right.
    ///
    /// # Errors
    /// If the program `faketime` is not installed.
    pub fn start() -> Result<Self> {
        let library = Command::new("faketime")
            .args(["-m", "-f", "+0", "printenv", "LD_PRELOAD"])
            .output()
            .context("the clock needs faketime: `cargo xtask test` installs it, or says how to")?;
        ensure!(library.status.success(), "faketime does not say where its library is");
        let preload = format!("{}:libc.so.6", String::from_utf8(library.stdout)?.trim());
        let clock = Self { folder: tempfile::tempdir()?, preload, ahead: AtomicU64::new(0) };
        clock.forward(Duration::ZERO)?;
        Ok(clock)
    }

    /// Lets a process that is about to start live by this clock.
    pub fn rules(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", &self.preload)
            .env("FAKETIME_TIMESTAMP_FILE", self.folder.path().join("now"))
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("FAKETIME_NO_CACHE", "1");
    }

    /// The time that it shows.
    pub fn now(&self) -> SystemTime {
        SystemTime::now() + Duration::from_secs(self.ahead.load(Ordering::SeqCst))
    }

    /// Moves it for every process that lives by it.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn forward(&self, by: Duration) -> Result<()> {
        let ahead = self.ahead.load(Ordering::SeqCst) + by.as_secs();
        // A process may be reading: the file is replaced, never half written.
        let fresh = self.folder.path().join("next");
        fs::write(&fresh, format!("+{ahead}\n"))?;
        fs::rename(fresh, self.folder.path().join("now"))?;
        self.ahead.store(ahead, Ordering::SeqCst);
        Ok(())
    }
}
