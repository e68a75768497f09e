//! The driver of a browser, a process on a port that it chooses itself.
//!
//! Invariant: when a [`Driver`] is dropped, its browser is closed first, then the process ends, with a
//! browser that would not close.

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

/// How long a browser may take to close.
const CLOSING: Duration = Duration::from_secs(10);

pub(super) struct Driver {
    process: Child,
    port: u16,
    session: Option<String>,
    /// Held open: a driver that cannot write ends.
    output: BufReader<ChildStdout>,
}

impl Driver {
    /// Starts a driver that says at which port it is.
    pub(super) fn start(program: &Path) -> Result<Self> {
        // It listens at one port of two address families; another program may have either.
        for _ in 0..4 {
            if let Ok(driver) = Self::start_once(program) {
                return Ok(driver);
            }
        }
        Self::start_once(program)
    }

    fn start_once(program: &Path) -> Result<Self> {
        let mut process = Command::new(program)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let output = process.stdout.take().context("its output is piped")?;
        let output = BufReader::new(output);
        let mut driver = Self { process, port: 0, session: None, output };
        driver.port = port(&mut driver.output)?;
        Ok(driver)
    }

    pub(super) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on there is a browser to close.
    pub(super) fn closes(&mut self, session: String) {
        self.session = Some(session);
    }

    fn close(&self, session: &str) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(CLOSING))?;
        write!(
            stream,
            "DELETE /session/{session} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )?;
        // The answer comes when the browser is gone.
        stream.read(&mut [0; 1]).map(|_| ())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Best effort: the browser may have crashed, the driver may have ended.
        if let Some(session) = self.session.take() {
            self.close(&session).ok();
        }
        kill_process_group(Pid::from_child(&self.process), Signal::KILL).ok();
        self.process.wait().ok();
    }
}

/// Reads the port out of what the driver says when it is ready.
fn port(output: &mut impl BufRead) -> Result<u16> {
    let mut line = String::new();
    while output.read_line(&mut line)? > 0 {
        for before in ["started successfully on port ", "Listening on 127.0.0.1:"] {
            if let Some((_, port)) = line.split_once(before) {
                return Ok(port.trim().trim_end_matches('.').parse()?);
            }
        }
        line.clear();
    }
    anyhow::bail!("the driver ended before it was ready")
}
