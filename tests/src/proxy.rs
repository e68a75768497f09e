//! A relay between browsers and a server: real sockets, every byte kept, and a test's hand on them.
//!
//! Invariant: nothing is changed on its way. A reply can be lost and a request can be held, as on any
//! network.

mod requests;

use anyhow::Result;
use requests::Requests;
use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// Relays until it is dropped.
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// A rule that holds till this is dropped.
pub struct Rule {
    number: usize,
    shared: Arc<Shared>,
    waiting: Arc<AtomicUsize>,
    /// Dropping it lets held requests go.
    _gate: watch::Sender<()>,
}

struct Shared {
    upstream: u16,
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    /// What went one way over one connection, for each of them: to the server, then back.
    streams: Vec<Vec<u8>>,
    /// The first lines of all requests.
    requests: Vec<String>,
    rules: Vec<(usize, String, Action)>,
    rules_made: usize,
}

#[derive(Clone)]
enum Action {
    LoseReply,
    Cut { met: Arc<AtomicUsize> },
    CutOnce { met: Arc<AtomicUsize>, seen: Arc<Mutex<HashSet<String>>> },
    Hold { waiting: Arc<AtomicUsize>, gate: watch::Receiver<()> },
}

/// What becomes of the connection of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Pass,
    /// Nothing goes to the server.
    Cut,
    /// It ends when the server answers.
    LoseReply,
    /// It ends after so many bytes more, whichever way they go.
    Halfway(usize),
}

/// About half of a part.
const HALF: usize = 500_000;

impl Proxy {
    /// Relays to `upstream`, a port of this machine.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn start(upstream: u16) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared { upstream, log: Mutex::default() });
        let accepting = tokio::spawn({
            let shared = Arc::clone(&shared);
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    let shared = Arc::clone(&shared);
                    // An error ends the connection, which is all there is to do about it.
                    tokio::spawn(async move { shared.relay(client).await.ok() });
                }
            }
        });
        Ok(Self { port, shared, accepting })
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many requests had `part` in their first line, such as `POST /api/shares`.
    pub fn count(&self, part: &str) -> usize {
        self.shared.log().requests.iter().filter(|line| line.contains(part)).count()
    }

    /// The first lines of all requests.
    pub fn requests(&self) -> Vec<String> {
        self.shared.log().requests.clone()
    }

    /// Every byte that went either way, a connection and direction each.
    pub fn traffic(&self) -> Vec<Vec<u8>> {
        self.shared.log().streams.clone()
    }

    /// How many bytes the server has sent, heads included.
    pub fn received(&self) -> usize {
        self.shared.log().streams.iter().skip(1).step_by(2).map(Vec::len).sum()
    }

    /// Requests with `part` in their first line reach the server, its replies reach nobody: the
    /// connection is cut when the server has begun to answer.
    pub fn lose_replies(&self, part: &str) -> Rule {
        self.rule(part, |_, _| Action::LoseReply)
    }

    /// Connections that make a request with `part` in its first line are cut before the server hears
    /// of it: there is no network.
    pub fn cut(&self, part: &str) -> Rule {
        self.rule(part, |met, _| Action::Cut { met })
    }

    /// Of each request with `part` in its first line, the first connection is cut: in turn before the
    /// server hears of the request, when the server has begun to answer, and in the middle of a part
    /// on its way, which for less than half a part is never.
    pub fn cut_once(&self, part: &str) -> Rule {
        self.rule(part, |met, _| Action::CutOnce { met, seen: Arc::default() })
    }

    /// Requests with `part` in their first line wait here until the rule is dropped.
    pub fn hold(&self, part: &str) -> Rule {
        self.rule(part, |waiting, gate| Action::Hold { waiting, gate })
    }

    fn rule(
        &self,
        part: &str,
        action: impl FnOnce(Arc<AtomicUsize>, watch::Receiver<()>) -> Action,
    ) -> Rule {
        let waiting = Arc::default();
        let (_gate, closed) = watch::channel(());
        let mut log = self.shared.log();
        log.rules_made += 1;
        let number = log.rules_made;
        log.rules.push((number, part.to_owned(), action(Arc::clone(&waiting), closed)));
        Rule { number, shared: Arc::clone(&self.shared), waiting, _gate }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Rule {
    /// How many requests it has stopped or cut so far.
    pub fn met(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }
}

impl Drop for Rule {
    fn drop(&mut self) {
        self.shared.log().rules.retain(|(number, ..)| *number != self.number);
    }
}

impl Shared {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn relay(&self, mut client: TcpStream) -> std::io::Result<()> {
        let mut server = TcpStream::connect(("127.0.0.1", self.upstream)).await?;
        let (up, down) = self.two_streams();
        let mut requests = Requests::default();
        let mut fate = Fate::Pass;
        let (mut sent, mut answered) = (vec![0; 16384], vec![0; 16384]);
        loop {
            tokio::select! {
                count = client.read(&mut sent) => {
                    let bytes = &sent[..count?];
                    if bytes.is_empty() {
                        return Ok(());
                    }
                    self.log().streams[up].extend_from_slice(bytes);
                    for line in requests.push(bytes) {
                        fate = self.obey(&line).await;
                        self.log().requests.push(line);
                    }
                    match &mut fate {
                        Fate::Cut => return Ok(()),
                        Fate::Halfway(left) if *left < bytes.len() => {
                            return server.write_all(&bytes[..*left]).await;
                        }
                        Fate::Halfway(left) => *left -= bytes.len(),
                        Fate::Pass | Fate::LoseReply => {}
                    }
                    server.write_all(bytes).await?;
                }
                count = server.read(&mut answered) => {
                    let bytes = &answered[..count?];
                    if bytes.is_empty() {
                        return Ok(());
                    }
                    self.log().streams[down].extend_from_slice(bytes);
                    match &mut fate {
                        Fate::LoseReply => return Ok(()),
                        Fate::Halfway(left) if *left < bytes.len() => {
                            return client.write_all(&bytes[..*left]).await;
                        }
                        Fate::Halfway(left) => *left -= bytes.len(),
                        Fate::Pass | Fate::Cut => {}
                    }
                    client.write_all(bytes).await?;
                }
            }
        }
    }

    fn two_streams(&self) -> (usize, usize) {
        let streams = &mut self.log().streams;
        streams.extend([Vec::new(), Vec::new()]);
        (streams.len() - 2, streams.len() - 1)
    }

    /// Does what the rules say about a request, and says what is to become of its connection.
    async fn obey(&self, line: &str) -> Fate {
        let rules: Vec<Action> = {
            let log = self.log();
            let fit = log.rules.iter().filter(|(_, part, _)| line.contains(part));
            fit.map(|(.., action)| action.clone()).collect()
        };
        let mut fate = Fate::Pass;
        for rule in rules {
            match rule {
                Action::LoseReply => fate = Fate::LoseReply,
                Action::Cut { met } => {
                    met.fetch_add(1, Ordering::SeqCst);
                    fate = Fate::Cut;
                }
                Action::CutOnce { met, seen } => {
                    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                    if seen.insert(line.to_owned()) {
                        let fates = [Fate::Cut, Fate::LoseReply, Fate::Halfway(HALF)];
                        fate = fates[met.fetch_add(1, Ordering::SeqCst) % fates.len()];
                    }
                }
                Action::Hold { waiting, mut gate } => {
                    waiting.fetch_add(1, Ordering::SeqCst);
                    // Nothing is ever sent: it ends when the rule is dropped.
                    gate.changed().await.ok();
                }
            }
        }
        fate
    }
}
