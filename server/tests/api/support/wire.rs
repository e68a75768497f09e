//! A connection of bytes, for what no HTTP client would do.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

/// How long anything may take; the slowest machine is meant.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at what has come.
const PAUSE: Duration = Duration::from_millis(5);

/// A connection, and what came on it.
pub(crate) struct Wire {
    stream: TcpStream,
    heard: Vec<u8>,
}

impl Wire {
    pub(super) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_read_timeout(Some(PAUSE)).expect("a timeout can be set");
        stream.set_write_timeout(Some(PAUSE)).expect("a timeout can be set");
        Self { stream, heard: Vec::new() }
    }

    /// Sends bytes; those that a closed connection does not take are lost.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// What came until the server closed the connection. Until then `meanwhile` is done between looks.
    pub(crate) fn until_closed(mut self, mut meanwhile: impl FnMut(&mut Self)) -> String {
        let start = Instant::now();
        while self.hear() {
            assert!(start.elapsed() < PATIENCE, "it stays open: {}", self.heard());
            meanwhile(&mut self);
        }
        self.heard()
    }

    /// Waits till this has come.
    pub(crate) fn until_heard(&mut self, text: &str) {
        let start = Instant::now();
        while !self.heard().contains(text) {
            assert!(self.hear(), "closed before {text}: {}", self.heard());
            assert!(start.elapsed() < PATIENCE, "waited in vain for {text}: {}", self.heard());
        }
    }

    /// Takes what is there, and says whether more may come.
    fn hear(&mut self) -> bool {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(count) => {
                self.heard.extend_from_slice(&buffer[..count]);
                true
            }
            Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        }
    }

    fn heard(&self) -> String {
        String::from_utf8_lossy(&self.heard).into_owned()
    }
}
