//! A real `redis-server` of a test's own.
//!
//! Invariant: it keeps everything on disk as a careful operator would, in a folder of its own.

use crate::{
    clock::Clock,
    process::{Output, Process},
    wait::until,
};
use anyhow::{Result, bail};
use std::{net::TcpListener, path::Path, process::Command};
use tempfile::TempDir;

/// A server that runs or may run again.
pub struct Redis {
    folder: TempDir,
    port: u16,
    process: Option<Process>,
}

impl Redis {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// If `redis-server` is missing or does not start.
    pub async fn start(clock: Option<&Clock>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        // Another program may take the port in between; then another one is free.
        for _ in 0..5 {
            let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
            if let Ok(process) = run(folder.path(), port, clock).await {
                return Ok(Self { folder, port, process: Some(process) });
            }
        }
        bail!("redis-server does not start: `cargo xtask test` installs it, or says how to")
    }

    /// Its address, as the server's setting.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A connection beside the server's.
    ///
    /// # Errors
    /// If it does not run.
    pub fn connection(&self) -> Result<::redis::Connection> {
        Ok(::redis::Client::open(self.url())?.get_connection()?)
    }

    /// Ends it.
    ///
    /// # Errors
    /// Those of the system.
    pub fn stop(&mut self) -> Result<()> {
        if let Some(process) = self.process.take() {
            process.stop()?;
        }
        Ok(())
    }

    /// Kills it, as a crash would.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Runs it again, with the same files on the same port.
    ///
    /// # Errors
    /// If it does not start.
    pub async fn restart(&mut self) -> Result<()> {
        self.process = Some(run(self.folder.path(), self.port, None).await?);
        Ok(())
    }
}

async fn run(folder: &Path, port: u16, clock: Option<&Clock>) -> Result<Process> {
    let mut command = Command::new("redis-server");
    command
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .arg("--dir")
        .arg(folder)
        .args(["--appendonly", "yes", "--appendfsync", "always"])
        .args(["--maxmemory-policy", "noeviction"]);
    if let Some(clock) = clock {
        clock.rules(&mut command);
    }
    let mut process = Process::start(&mut command, &Output::default())?;
    let client = ::redis::Client::open(("127.0.0.1", port))?;
    until("redis-server", async || {
        let answer = client.get_connection().and_then(|mut to| ::redis::cmd("PING").query(&mut to));
        match answer {
            Ok(::redis::Value::SimpleString(_)) => Ok(Some(())),
            _ if process.has_ended()? => bail!("redis-server ended"),
            _ => Ok(None),
        }
    })
    .await?;
    Ok(process)
}
