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
        Self::try_start(arguments).expect("redis-server takes its settings")
    }

    /// As [`Self::start`]; `None` if it ends at once, as it does where a port is taken.
    pub(crate) fn try_start(arguments: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let arguments = arguments.iter().map(ToString::to_string).collect();
        let mut server = Self { folder, arguments, child: None };
        server.run().then_some(server)
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

    /// Runs it, again with the same files, and waits until it answers; false if it ends instead.
    pub(crate) fn run(&mut self) -> bool {
        let mut child = Command::new(binary())
            .args(["--port", "0", "--unixsocket", &self.socket()])
            .args(["--dir", &self.path().display().to_string()])
            .args(["--save", "", "--appendonly", "yes", "--appendfsync", "always"])
            .args(["--maxmemory-policy", "noeviction"])
            .args(&self.arguments)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        let deadline = Instant::now() + START;
        while !self.answers() {
            if child.try_wait().expect("a child can be asked").is_some() {
                return false;
            }
            assert!(Instant::now() < deadline, "redis-server does not answer");
            std::thread::yield_now();
        }
        self.child = Some(child);
        true
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

/// The one that is installed, or another that is to be tested with.
fn binary() -> std::ffi::OsString {
    std::env::var_os("WAXSEAL_REDIS_SERVER").unwrap_or_else(|| "redis-server".into())
}
