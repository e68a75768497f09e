//! A connection of bytes, for what no HTTP client would do.

use super::tls::Stream;
use std::{
    io::{Error, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

/// How long anything may take; the slowest machine is meant.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at what has come.
const PAUSE: Duration = Duration::from_millis(5);

/// A connection, and what came on it.
pub(crate) struct Wire {
    stream: Box<dyn ReadWrite>,
    heard: Vec<u8>,
}

trait ReadWrite: Read + Write {}

impl<T: Read + Write> ReadWrite for T {}

impl Wire {
    pub(super) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        impatient(&stream);
        Self { stream: Box::new(stream), heard: Vec::new() }
    }

    /// Over TLS, past its handshake.
    pub(super) fn over(stream: Stream) -> Self {
        impatient(&stream.sock);
        Self { stream: Box::new(stream), heard: Vec::new() }
    }

    /// Sends bytes; those that a closed connection does not take are lost.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Sends all of them, however long the server takes.
    pub(crate) fn send_all(&mut self, mut bytes: &[u8]) {
        let start = Instant::now();
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) => assert!(is_patience(&error), "the server reads: {error}"),
            }
            assert!(start.elapsed() < PATIENCE, "it is not read");
        }
        while let Err(error) = self.stream.flush() {
            assert!(is_patience(&error) && start.elapsed() < PATIENCE, "it is not read: {error}");
        }
    }

    /// All that came, from what is there on, until the server closed the connection.
    pub(crate) fn bytes_until_closed(mut self) -> Vec<u8> {
        let start = Instant::now();
        while self.hear() {
            assert!(start.elapsed() < PATIENCE, "it stays open");
        }
        self.heard
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
            Err(error) => is_patience(&error),
        }
    }

    fn heard(&self) -> String {
        String::from_utf8_lossy(&self.heard).into_owned()
    }
}

fn impatient(stream: &TcpStream) {
    stream.set_read_timeout(Some(PAUSE)).expect("a timeout can be set");
    stream.set_write_timeout(Some(PAUSE)).expect("a timeout can be set");
}

/// Whether there was only nothing yet.
fn is_patience(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
