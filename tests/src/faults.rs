//! A bad network: it delays, loses and cuts what goes between clients and a server, at random.
//!
//! Invariant: not a byte is changed, and none comes after one that was lost. The seed alone decides what
//! becomes of the n-th exchange of the m-th connection.
//!
//! It knows nothing of the protocol but that a client waits for an answer before it asks again.

use crate::dice::Dice;
use anyhow::Result;
use std::{
    fmt,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::sleep,
};

/// Relays until it is dropped.
pub struct BadNetwork {
    address: SocketAddr,
    accepting: JoinHandle<()>,
    counts: Arc<[AtomicUsize; FAULTS.len()]>,
}

/// What becomes of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The request waits.
    DelayRequest,
    /// The answer waits.
    DelayAnswer,
    /// The connection is cut, and the server hears nothing.
    LoseRequest,
    /// The connection is cut in the middle of the request.
    CutRequest,
    /// The connection is cut for the client at once; the server hears of the request a while later.
    LateRequest,
    /// The connection is cut when the request is through.
    Abandon,
    /// The connection is cut when the answer comes.
    LoseAnswer,
    /// The connection is cut in the middle of the answer.
    CutAnswer,
}

const FAULTS: [Fault; 8] = [
    Fault::DelayRequest,
    Fault::DelayAnswer,
    Fault::LoseRequest,
    Fault::CutRequest,
    Fault::LateRequest,
    Fault::Abandon,
    Fault::LoseAnswer,
    Fault::CutAnswer,
];

/// Bytes that are relayed at a time.
const PIECE: usize = 16 * 1024;

/// Of a part of a share, so many pieces hardly ever get through.
const MOST_PIECES: usize = 80;

/// A delay lasts less than this.
const DELAY_MILLIS: u64 = 30;

impl BadNetwork {
    /// Relays to `upstream`, a port of this machine. One exchange in `rarity` meets a fault.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn start(upstream: u16, rarity: u64, seed: u64) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let counts: Arc<[AtomicUsize; FAULTS.len()]> = Arc::default();
        let accepting = tokio::spawn({
            let counts = Arc::clone(&counts);
            let mut seeds = Dice::new(seed);
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    let dice = Dice::new(seeds.roll());
                    let counts = Arc::clone(&counts);
                    // An error ends the connection, which is all there is to do about it.
                    tokio::spawn(async move {
                        let server = TcpStream::connect(("127.0.0.1", upstream)).await?;
                        client.set_nodelay(true)?;
                        server.set_nodelay(true)?;
                        Connection { client, server, dice, rarity, counts }.relay().await
                    });
                }
            }
        });
        Ok(Self { address, accepting, counts })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl fmt::Display for BadNetwork {
    /// How many exchanges met which fault.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |(fault, count): (&Fault, &AtomicUsize)| {
            format!("{fault:?} {}", count.load(Ordering::Relaxed))
        };
        let counts: Vec<String> = FAULTS.iter().zip(&*self.counts).map(count).collect();
        f.write_str(&counts.join(", "))
    }
}

impl Drop for BadNetwork {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

struct Connection {
    client: TcpStream,
    server: TcpStream,
    dice: Dice,
    rarity: u64,
    counts: Arc<[AtomicUsize; FAULTS.len()]>,
}

impl Connection {
    /// Relays until one side or a fault ends it; dropping both sides is the cut.
    async fn relay(mut self) -> std::io::Result<()> {
        let (mut sent, mut answered) = (vec![0; PIECE], vec![0; PIECE]);
        let mut count = self.client.read(&mut sent).await?;
        while count > 0 {
            let fault = self.draw();
            // Of what is long, any number of pieces gets through before the cut.
            let mut pieces = if count == PIECE { self.below(MOST_PIECES) } else { 0 };
            match fault {
                Some(Fault::DelayRequest) => self.delay().await,
                Some(Fault::LoseRequest) => return Ok(()),
                Some(Fault::LateRequest) => return self.deliver_late(&sent[..count]).await,
                _ => {}
            }
            // The request, to the first bytes of the answer.
            let mut count_back = loop {
                if fault == Some(Fault::CutRequest) && pieces == 0 {
                    let middle = self.below(count);
                    return self.server.write_all(&sent[..middle]).await;
                }
                pieces = pieces.saturating_sub(1);
                self.server.write_all(&sent[..count]).await?;
                if fault == Some(Fault::Abandon) && count < PIECE {
                    return Ok(());
                }
                tokio::select! {
                    more = self.client.read(&mut sent) => count = more?,
                    back = self.server.read(&mut answered) => break back?,
                }
                if count == 0 {
                    return Ok(());
                }
            };
            match fault {
                Some(Fault::DelayAnswer) => self.delay().await,
                // Of a long request that was answered before it was through.
                Some(Fault::LoseAnswer | Fault::CutRequest | Fault::Abandon) => return Ok(()),
                _ => {}
            }
            let mut pieces = if count_back == PIECE { self.below(MOST_PIECES) } else { 0 };
            // The answer, to the first bytes of the next request.
            count = loop {
                if count_back == 0 {
                    return Ok(());
                }
                if fault == Some(Fault::CutAnswer) && pieces == 0 {
                    let middle = self.below(count_back);
                    return self.client.write_all(&answered[..middle]).await;
                }
                pieces = pieces.saturating_sub(1);
                self.client.write_all(&answered[..count_back]).await?;
                tokio::select! {
                    back = self.server.read(&mut answered) => count_back = back?,
                    next = self.client.read(&mut sent) => break next?,
                }
            };
        }
        Ok(())
    }

    fn draw(&mut self) -> Option<Fault> {
        let met = self.dice.below(self.rarity) == 0;
        let at = met.then(|| self.below(FAULTS.len()))?;
        self.counts[at].fetch_add(1, Ordering::Relaxed);
        Some(FAULTS[at])
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.dice.below(bound as u64)).expect("below a length")
    }

    /// Here time passing is the fault itself, nothing is waited for.
    async fn delay(&mut self) {
        sleep(Duration::from_millis(self.dice.below(DELAY_MILLIS))).await;
    }

    async fn deliver_late(mut self, request: &[u8]) -> std::io::Result<()> {
        self.client.shutdown().await?;
        self.delay().await;
        self.server.write_all(request).await?;
        // The server does its work while somebody seems to listen; without the rest it has none to do.
        if request.len() < PIECE {
            self.server.read_exact(&mut [0; 1]).await?;
        }
        Ok(())
    }
}
