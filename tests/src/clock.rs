//! The system's clock as some processes see it: real processes whose time a test can move.
//!
//! It is libfaketime, preloaded; the C library before every other allocator, since jemalloc (Redis')
//! asks for the time before libfaketime can answer. Clocks that only measure durations are left alone.

use anyhow::{Context, Result, bail};
use std::{
    fs,
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};
use tempfile::TempDir;

/// The program fails if a killed process of the same number has left something behind: another number,
/// another try.
const TRIES: u32 = 5;

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
        let preload = format!("{}:libc.so.6", library()?);
        let clock = Self { folder: tempfile::tempdir()?, preload, ahead: AtomicU64::new(0) };
        clock.forward(Duration::ZERO)?;
        Ok(clock)
    }

    /// Removes what the library leaves behind of a process that was killed.
    pub(crate) fn forget(process: u32) {
        for name in ["faketime_shm_", "sem.faketime_sem_"] {
            // Most processes have none.
            fs::remove_file(format!("/dev/shm/{name}{process}")).ok();
        }
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

/// Where the library is.
fn library() -> Result<String> {
    let mut said = String::new();
    for _ in 0..TRIES {
        let asked = Command::new("faketime")
            .args(["-m", "-f", "+0", "printenv", "LD_PRELOAD"])
            .output()
            .context("the clock needs faketime: `cargo xtask test` installs it, or says how to")?;
        if asked.status.success() {
            return Ok(String::from_utf8(asked.stdout)?.trim().to_owned());
        }
        said = String::from_utf8_lossy(&asked.stderr).into_owned();
    }
    bail!("faketime does not say where its library is: {said}")
}

#[cfg(all(test, target_os = "linux"))] // For its /dev/shm.
mod tests {
    use super::*;
    use crate::{
        process::{Output, Process},
        wait::until,
    };
    use anyhow::ensure;
    use std::path::PathBuf;

    #[tokio::test]
    async fn a_killed_process_leaves_nothing_behind() -> Result<()> {
        let clock = Clock::start()?;
        let mut command = Command::new("sleep");
        clock.rules(command.arg("600"));
        let process = Process::start(&mut command, &Output::default())?;
        let names = ["faketime_shm_", "sem.faketime_sem_"];
        let left = names.map(|name| PathBuf::from(format!("/dev/shm/{name}{}", process.id())));
        let are_there = async || Ok(left.iter().all(|file| file.exists()).then_some(()));
        until("what the library makes", are_there).await?;
        drop(process);
        ensure!(!left.iter().any(|file| file.exists()), "{left:?}");
        Ok(())
    }
}
