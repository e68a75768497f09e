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
    arguments: Vec<String>,
    process: Option<Process>,
}

impl Redis {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// If `redis-server` is missing or does not start.
    pub async fn start(clock: Option<&Clock>) -> Result<Self> {
        Self::with(&[], clock).await
    }

    /// Starts a replica of the one at a port of this machine, and waits until it has all.
    ///
    /// # Errors
    /// If it does not start.
    pub async fn replica_of(port: u16) -> Result<Self> {
        let replica = Self::with(&["--replicaof", "127.0.0.1", &port.to_string()], None).await?;
        until("a replica to be in step", async || {
            Ok(replica.info()?.contains("master_link_status:up").then_some(()))
        })
        .await?;
        Ok(replica)
    }

    /// Starts one that can be a master of a Cluster, without any slots yet.
    ///
    /// # Errors
    /// If it does not start.
    pub async fn node_of_a_cluster() -> Result<Self> {
        // The others reach it 10,000 ports further; where there is none, another port is tried.
        Self::with(&["--cluster-enabled", "yes"], None).await
    }

    /// Starts one with settings, or a Sentinel, on a free port.
    async fn with(arguments: &[&str], clock: Option<&Clock>) -> Result<Self> {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let folder = tempfile::tempdir()?;
        // Another program may take the port in between; then another one is free.
        for _ in 0..5 {
            let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
            if let Ok(process) = run(folder.path(), port, &arguments, clock).await {
                return Ok(Self { folder, port, arguments, process: Some(process) });
            }
        }
        bail!("redis-server does not start: `cargo xtask test` installs it, or says how to")
    }

    /// Its address, as the server's setting.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it says of itself.
    ///
    /// # Errors
    /// If it does not run.
    pub fn info(&self) -> Result<String> {
        Ok(::redis::cmd("INFO").query(&mut self.connection()?)?)
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
        self.process = Some(run(self.folder.path(), self.port, &self.arguments, None).await?);
        Ok(())
    }
}

async fn run(
    folder: &Path,
    port: u16,
    arguments: &[String],
    clock: Option<&Clock>,
) -> Result<Process> {
    let mut command = Command::new("redis-server");
    command
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .arg("--dir")
        .arg(folder)
        .args(["--appendonly", "yes", "--appendfsync", "always"])
        .args(["--maxmemory-policy", "noeviction"])
        // A replica need not wait for others.
        .args(["--repl-diskless-sync-delay", "0"])
        .args(arguments);
    if let Some(clock) = clock {
        clock.rules(&mut command);
    }
    let mut process = Process::start(&mut command, &Output::default())?;
    // It logs there, and would stop at a full pipe; from here on it is read.
    process.first_line()?;
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
