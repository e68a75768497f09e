//! The server as users run it: the binary, on a free port, with a store of its own.
//!
//! Invariant: a restarted server has the same port and the same store.

use crate::{
    clock::Clock,
    process::{Output, Process},
    redis::Redis,
};
use anyhow::{Context, Result, ensure};
use std::{
    ffi::OsString,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// What one address may do.
const RATES: [&str; 4] = ["CREATIONS", "OPENINGS", "LOOKUPS", "UPLOAD_BYTES"];

/// A kind of store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// The embedded one.
    Sqlite,
    /// Redis, a process of its own.
    Redis,
}

/// What the database is called in its folder.
const DATABASE: &str = "waxseal.db";

/// Where a server keeps its shares.
pub enum Store {
    /// The folder of the database.
    Sqlite(TempDir),
    /// The other process.
    Redis(Redis),
}

/// A server that runs or may run again.
pub struct Server {
    /// Its own, if it is not another's.
    store: Option<Store>,
    /// The store, as its setting.
    url: String,
    port: u16,
    options: Vec<String>,
    launcher: Vec<String>,
    process: Option<Process>,
    logs: Output,
}

impl Server {
    /// Starts one on an empty store. `options` are flags in addition.
    ///
    /// # Errors
    /// If the binary or the store is missing or does not start.
    pub async fn start(engine: Engine, options: &[&str], clock: Option<&Clock>) -> Result<Self> {
        let store = match engine {
            Engine::Sqlite => Store::Sqlite(tempfile::tempdir()?),
            Engine::Redis => Store::Redis(Redis::start(clock).await?),
        };
        let url = match &store {
            Store::Sqlite(folder) => sqlite(folder, DATABASE),
            Store::Redis(redis) => redis.url(),
        };
        let mut server = Self::new(Some(store), url, Vec::new(), options);
        server.run(clock)?;
        Ok(server)
    }

    /// Starts one on a store that is not its own, `url` as its setting.
    ///
    /// # Errors
    /// If the binary is missing or does not start.
    pub fn at(url: &str, options: &[&str], clock: Option<&Clock>) -> Result<Self> {
        let mut server = Self::new(None, url.to_owned(), Vec::new(), options);
        server.run(clock)?;
        Ok(server)
    }

    /// Starts one on the embedded store in a folder as it is; `database` is the file's path in it.
    /// `launcher` is a program, with its arguments, that becomes the server.
    ///
    /// # Errors
    /// If the binary or the launcher is missing, or the server does not start.
    pub fn on(
        folder: TempDir,
        database: &str,
        launcher: Vec<String>,
        options: &[&str],
    ) -> Result<Self> {
        let url = sqlite(&folder, database);
        let mut server = Self::new(Some(Store::Sqlite(folder)), url, launcher, options);
        server.run(None)?;
        Ok(server)
    }

    fn new(store: Option<Store>, url: String, launcher: Vec<String>, options: &[&str]) -> Self {
        let options = options.iter().map(ToString::to_string).collect();
        Self { store, url, port: 0, options, launcher, process: None, logs: Output::default() }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its store.
    ///
    /// # Panics
    /// If it is not its own.
    pub fn store(&self) -> &Store {
        self.store.as_ref().expect("this server has a store of its own")
    }

    /// Its Redis.
    ///
    /// # Panics
    /// If it has none.
    pub fn redis(&mut self) -> &mut Redis {
        match &mut self.store {
            Some(Store::Redis(redis)) => redis,
            _ => panic!("this server's store is not Redis"),
        }
    }

    /// What it has logged since the first start.
    pub fn logs(&self) -> Vec<u8> {
        self.logs.bytes()
    }

    /// Asks it to end, and does not wait.
    ///
    /// # Errors
    /// Those of the system; that it does not run.
    pub fn terminate(&self) -> Result<()> {
        self.process.as_ref().context("it runs")?.terminate()
    }

    /// Whether it has ended by itself, or since it was asked to.
    ///
    /// # Errors
    /// Those of the system; that it was stopped.
    pub fn has_ended(&mut self) -> Result<bool> {
        self.process.as_mut().context("it was started")?.has_ended()
    }

    /// Asks it to end and waits till it has.
    ///
    /// # Errors
    /// If it ends with an error.
    pub fn stop(&mut self) -> Result<()> {
        if let Some(process) = self.process.take() {
            let status = process.stop()?;
            ensure!(status.success(), "the server ended with {status}");
        }
        Ok(())
    }

    /// Lets it do nothing until [`Self::thaw`].
    ///
    /// # Errors
    /// Those of the system; that it does not run.
    pub fn freeze(&self) -> Result<()> {
        self.process.as_ref().context("it runs")?.freeze()
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// Those of the system; that it does not run.
    pub fn thaw(&self) -> Result<()> {
        self.process.as_ref().context("it runs")?.thaw()
    }

    /// Kills it, as a crash would.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it again after [`Self::stop`] or [`Self::kill`].
    ///
    /// # Errors
    /// If it does not start.
    pub fn restart(&mut self) -> Result<()> {
        self.run(None)
    }

    /// The same, by a clock.
    ///
    /// # Errors
    /// If it does not start.
    pub fn restart_by(&mut self, clock: &Clock) -> Result<()> {
        self.run(Some(clock))
    }

    fn run(&mut self, clock: Option<&Clock>) -> Result<()> {
        let mut words = self.launcher.iter().map(OsString::from).chain([binary()?.into()]);
        let mut command = Command::new(words.next().context("at least the server's own binary")?);
        command
            .args(words)
            .args(["--listen", &format!("127.0.0.1:{}", self.port), "--store", &self.url])
            .args(&self.options)
            // All that a test does comes from one address; one that is about rates sets its own by flags.
            .envs(RATES.map(|rate| (format!("WAXSEAL_{rate}_PER_HOUR"), "0")))
            .env("WAXSEAL_MAX_CONNECTIONS_PER_ADDRESS", "0");
        if let Some(clock) = clock {
            clock.rules(&mut command);
        }
        let mut process = Process::start(&mut command, &self.logs)?;
        let line = process.first_line().context("starting the server")?;
        let (_, port) = line.rsplit_once(':').context("the first line has a port")?;
        self.port = port.parse()?;
        self.process = Some(process);
        Ok(())
    }
}

impl Store {
    /// Where its files are.
    pub fn folder(&self) -> &Path {
        match self {
            Self::Sqlite(folder) => folder.path(),
            Self::Redis(redis) => redis.folder(),
        }
    }

    /// All that is in its files, one after the other.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn at_rest(&self) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        read_all(self.folder(), &mut all)?;
        Ok(all)
    }
}

fn sqlite(folder: &TempDir, database: &str) -> String {
    format!("sqlite:{}", folder.path().join(database).display())
}

fn read_all(folder: &Path, all: &mut Vec<u8>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read_all(&path, all)?;
            continue;
        }
        match std::fs::read(&path) {
            Ok(content) => all.extend(content),
            // A journal comes and goes.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn binary() -> Result<PathBuf> {
    let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/debug/waxseal-server");
    let binary = std::env::var_os("WAXSEAL_SERVER").map_or_else(built, PathBuf::from);
    ensure!(
        binary.is_file(),
        "the server is not built: run the tests with `cargo xtask test`, or name the binary in WAXSEAL_SERVER"
    );
    Ok(binary)
}
