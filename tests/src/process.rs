//! A program as a child process, with all it writes.
//!
//! Invariant: the process ends with the value.

use crate::clock::Clock;
use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};

/// A running program.
pub struct Process {
    child: Child,
    output: Output,
    readers: Vec<JoinHandle<()>>,
}

/// What processes wrote to standard error, one after the other.
#[derive(Clone, Default)]
pub struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    /// All of it so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(&self, bytes: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
    }
}

impl Process {
    /// Starts `command`; what it writes to standard error is added to `output`.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(command: &mut Command, output: &Output) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", command.get_program().display()))?;
        let stderr = child.stderr.take().context("standard error is piped")?;
        let output = output.clone();
        let readers = vec![collect(stderr, output.clone())];
        Ok(Self { child, output, readers })
    }

    /// The first line of standard output; the rest is thrown away.
    ///
    /// # Errors
    /// If the process ends without one; with what it wrote to standard error.
    pub fn first_line(&mut self) -> Result<String> {
        let stdout = self.child.stdout.take().context("standard output is piped and unread")?;
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        if stdout.read_line(&mut line)? == 0 {
            self.child.wait()?;
            anyhow::bail!("it ended: {}", String::from_utf8_lossy(&self.output.bytes()));
        }
        self.readers.push(collect(stdout, Output::default()));
        Ok(line.trim_end().to_owned())
    }

    /// Its number in the system.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by itself.
    ///
    /// # Errors
    /// Those of the system.
    pub fn has_ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Asks it to end (SIGTERM).
    ///
    /// # Errors
    /// Those of the system.
    pub fn terminate(&self) -> Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), Signal::TERM)?)
    }

    /// Lets it do nothing (SIGSTOP) until [`Self::thaw`].
    ///
    /// # Errors
    /// Those of the system.
    pub fn freeze(&self) -> Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), Signal::STOP)?)
    }

    /// Lets it go on (SIGCONT).
    ///
    /// # Errors
    /// Those of the system.
    pub fn thaw(&self) -> Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), Signal::CONT)?)
    }

    /// Asks it to end (SIGTERM) and waits till it has.
    ///
    /// # Errors
    /// Those of the system.
    pub fn stop(mut self) -> Result<ExitStatus> {
        self.terminate()?;
        let status = self.child.wait()?;
        // All it wrote is read now.
        for reader in self.readers.drain(..) {
            reader.join().ok();
        }
        Ok(status)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended.
        self.child.kill().ok();
        self.child.wait().ok();
        Clock::forget(self.child.id());
    }
}

/// Reads to the end, so that the writer is never stopped by a full pipe.
fn collect(mut source: impl Read + Send + 'static, output: Output) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(count @ 1..) = source.read(&mut buffer) {
            output.add(&buffer[..count]);
        }
    })
}
