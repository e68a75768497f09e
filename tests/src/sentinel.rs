//! Real Redis Sentinels, which choose the master.

use crate::{
    process::{Output, Process},
    wait::until,
};
use anyhow::{Result, bail};
use std::{fs, net::TcpListener, process::Command};
use tempfile::TempDir;

/// What the master is called.
pub const MASTER: &str = "waxseal";

/// Three of them, of which two decide.
pub struct Sentinels {
    ports: Vec<u16>,
    _processes: Vec<(Process, TempDir)>,
}

impl Sentinels {
    /// Starts them to watch the master at a port of this machine, and waits until they know each other and
    /// so many replicas.
    ///
    /// # Errors
    /// If they do not start.
    pub async fn start(master: u16, replicas: usize) -> Result<Self> {
        let mut sentinels = Self { ports: Vec::new(), _processes: Vec::new() };
        for _ in 0..3 {
            let (port, process, folder) = start(master).await?;
            sentinels.ports.push(port);
            sentinels._processes.push((process, folder));
        }
        let knows = [
            "num-other-sentinels".to_owned(),
            "2".to_owned(),
            "num-slaves".to_owned(),
            replicas.to_string(),
        ];
        until("the Sentinels to know each other", async || {
            let mut all = true;
            for port in &sentinels.ports {
                let mut to = ::redis::Client::open(("127.0.0.1", *port))?.get_connection()?;
                let ask = ::redis::cmd("SENTINEL").arg("MASTER").arg(MASTER).take();
                let said: Vec<String> = ask.query(&mut to)?;
                all &= [&knows[..2], &knows[2..]]
                    .iter()
                    .all(|pair| said.chunks(2).any(|said| said == *pair));
            }
            Ok(all.then_some(()))
        })
        .await?;
        Ok(sentinels)
    }

    /// Their address, as the server's setting.
    pub fn url(&self) -> String {
        let hosts: Vec<_> = self.ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        format!("redis+sentinel://{}/{MASTER}", hosts.join(","))
    }

    /// The port of the one that is the master now.
    ///
    /// # Errors
    /// If the first of them does not run.
    pub fn master(&self) -> Result<u16> {
        let mut to = ::redis::Client::open(("127.0.0.1", self.ports[0]))?.get_connection()?;
        let mut ask = ::redis::cmd("SENTINEL");
        let (_, port): (String, u16) =
            ask.arg("GET-MASTER-ADDR-BY-NAME").arg(MASTER).query(&mut to)?;
        Ok(port)
    }
}

async fn start(master: u16) -> Result<(u16, Process, TempDir)> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("sentinel.conf");
    // Another program may take the port in between; then another one is free.
    for _ in 0..5 {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let settings = format!(
            "bind 127.0.0.1\nport {port}\ndir {}\nsentinel monitor {MASTER} 127.0.0.1 {master} 2\n\
             sentinel down-after-milliseconds {MASTER} 1000\n\
             sentinel failover-timeout {MASTER} 5000\n",
            folder.path().display()
        );
        fs::write(&file, settings)?;
        let mut process = Process::start(
            Command::new("redis-server").arg(&file).arg("--sentinel"),
            &Output::default(),
        )?;
        if process.first_line().is_err() {
            continue;
        }
        let started = until("a Sentinel", async || {
            let to = ::redis::Client::open(("127.0.0.1", port))?.get_connection();
            match to.and_then(|mut to| ::redis::cmd("PING").query::<String>(&mut to)) {
                Ok(_) => Ok(Some(true)),
                Err(_) => Ok(process.has_ended()?.then_some(false)),
            }
        });
        if started.await? {
            return Ok((port, process, folder));
        }
    }
    bail!("redis-server does not start as a Sentinel")
}
