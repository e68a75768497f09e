//! A real `redis-server` of a test's own.
//!
//! Invariant: it listens on a socket in its own folder only, and ends with the value.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// How long a server may take to answer; the slowest machine is meant.
const START: Duration = Duration::from_secs(20);

/// A running server, or one that was stopped and may run again.
pub(crate) struct RedisServer {
    folder: TempDir,
    arguments: Vec<String>,
    child: Option<Child>,
}

impl RedisServer {
    /// Starts one that keeps everything on disk; `arguments` overrule.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let arguments = arguments.iter().map(ToString::to_string).collect();
        let mut server = Self { folder, arguments, child: None };
        server.run();
        server
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("redis+unix://{}", self.socket())
    }

    fn socket(&self) -> String {
        self.path().join("redis.sock").display().to_string()
    }

    /// Where its files are.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A connection beside the store's.
    pub(crate) fn connection(&self) -> redis::Connection {
        redis::Client::open(self.url())
            .and_then(|client| client.get_connection())
            .expect("a running server takes connections")
    }

    /// Kills it, as a crash would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("a child can be killed");
            child.wait().expect("a killed child ends");
        }
    }

    /// Runs it, again with the same files, and waits until it answers.
    pub(crate) fn run(&mut self) {
        let child = Command::new("redis-server")
            .args(["--port", "0", "--unixsocket", &self.socket()])
            .args(["--dir", &self.path().display().to_string()])
            .args(["--save", "", "--appendonly", "yes", "--appendfsync", "always"])
            .args(["--maxmemory-policy", "noeviction"])
            .args(&self.arguments)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        self.child = Some(child);
        let deadline = Instant::now() + START;
        while !self.answers() {
            assert!(Instant::now() < deadline, "redis-server does not answer");
            std::thread::yield_now();
        }
    }

    fn answers(&self) -> bool {
        redis::Client::open(self.url())
            .and_then(|client| client.get_connection())
            .and_then(|mut connection| redis::cmd("PING").query::<String>(&mut connection))
            .map_or_else(|error| error.code() == Some("NOAUTH"), |answer| answer == "PONG")
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}
