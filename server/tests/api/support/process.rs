//! The server as the process that it is.
//!
//! Invariant: it ends with the value, however that goes.

use super::Client;
use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// For something to be logged; the slowest machine is meant.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server.
pub(crate) struct Process {
    pub(crate) client: Client,
    child: Child,
    pub(crate) stdout: Option<BufReader<ChildStdout>>,
    logs: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Process {
    /// Starts it with these flags, and waits until it serves.
    pub(crate) fn start(flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_waxseal-server"))
            .arg("--listen=127.0.0.1:0")
            .args(flags)
            .env_clear()
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server was built with this test");
        let stderr = BufReader::new(child.stderr.take().expect("it is piped"));
        let logs = Arc::<Mutex<String>>::default();
        let written = Arc::clone(&logs);
        let reader = std::thread::spawn(move || {
            for line in stderr.lines() {
                let mut logs = written.lock().unwrap_or_else(PoisonError::into_inner);
                logs.push_str(&line.expect("logs are text"));
                logs.push('\n');
            }
        });
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("the output is text");
        let address = ["http", "https"]
            .iter()
            .find_map(|scheme| line.trim_end().strip_prefix(&format!("listening on {scheme}://")));
        let address = address.unwrap_or_else(|| panic!("the first line is the address: {line:?}"));
        let client = Client::new(address.parse().expect("an IP address and a port"));
        Self { client, child, stdout: Some(stdout), logs, reader: Some(reader) }
    }

    /// Where it tells its metrics, which it must be set to.
    pub(crate) fn metrics(&self) -> Client {
        let line = self.until_logged("metrics are told");
        let address = line["address"].as_str().and_then(|address| address.parse().ok());
        let address: SocketAddr = address.expect("an IP address and a port");
        Client::new(address)
    }

    /// Waits till it logs this message, and returns the line.
    pub(crate) fn until_logged(&self, message: &str) -> serde_json::Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let logs = self.logs();
            let mut lines = logs.lines().filter_map(|line| serde_json::from_str(line).ok());
            if let Some(line) = lines.find(|line: &serde_json::Value| line["message"] == message) {
                return line;
            }
            assert!(Instant::now() < deadline, "it does not log {message:?}: {logs}");
            std::thread::yield_now();
        }
    }

    fn logs(&self) -> String {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it has ended by itself, or since it was asked to.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("the process is ours").is_some()
    }

    /// Kills it, as a crash would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("the process is ours");
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status();
        assert!(sent.expect("there is a kill command").success());
    }

    /// Asks it to end, and returns what it wrote: the rest of standard output, and standard error.
    pub(crate) fn stop(mut self) -> (String, String) {
        self.signal("TERM");
        assert!(self.child.wait().expect("the process is ours").success(), "it stops gracefully");
        let mut rest = String::new();
        if let Some(mut stdout) = self.stdout.take() {
            stdout.read_to_string(&mut rest).expect("the output is text");
        }
        let reader = self.reader.take().expect("it is taken once, here");
        reader.join().expect("the reader ends with the process");
        (rest, self.logs())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended cannot be killed, and need not be.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
