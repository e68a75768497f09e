//! Connections that are there to be in the way.
//!
//! Invariant: each ends with the server's closing of it or with the patience of whoever asks, and comes
//! from an address of this machine.

use anyhow::{Context, Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::{interval, timeout},
};

/// Between two drops of those that come drop by drop.
const DRIP: Duration = Duration::from_millis(250);

/// How a connection is in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// It sends nothing.
    Silent,
    /// It has had one answer, and sends nothing more.
    Kept,
    /// It sends a head, drop by drop.
    SlowHead,
    /// It sends a creation, drop by drop.
    SlowBody,
    /// It sends a creation in chunks, and stops in the middle.
    StalledBody,
    /// It asks and asks, and reads no answer.
    Deaf,
}

impl Way {
    /// All there are.
    pub const ALL: [Self; 6] =
        [Self::Silent, Self::Kept, Self::SlowHead, Self::SlowBody, Self::StalledBody, Self::Deaf];

    /// What is sent to begin with.
    fn opening(self) -> String {
        let post = "POST /api/shares HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
        match self {
            Self::Silent => String::new(),
            Self::Kept => "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
            Self::SlowHead => "GET /healthz HTTP/1.1\r\nx: ".to_owned(),
            Self::SlowBody => format!("{post}content-length: 1000000\r\n\r\n{{"),
            Self::StalledBody => format!("{post}transfer-encoding: chunked\r\n\r\n4\r\n{{   \r\n"),
            Self::Deaf => "GET /api/openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(1000),
        }
    }

    const fn drips(self) -> bool {
        matches!(self, Self::SlowHead | Self::SlowBody | Self::Deaf)
    }
}

/// What became of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Held {
    /// How it was in the way.
    pub way: Way,
    /// After what time the server closed it.
    pub closed_after: Duration,
}

/// Lets this process have as many connections as the system allows.
///
/// # Errors
/// If those are fewer than `wanted`.
pub fn allow(wanted: u64) -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?;
    if limit.maximum.is_some_and(|most| most < wanted) {
        bail!("this takes {wanted} open files: raise `ulimit -n`");
    }
    Ok(())
}

/// Opens so many connections of each way, from as many addresses of this machine as there are `sources`,
/// and waits till the server has closed them all.
///
/// # Errors
/// If one is still open after `patience`.
pub async fn besiege(
    server: SocketAddr,
    ways: &[(Way, usize)],
    sources: u8,
    patience: Duration,
) -> Result<Vec<Held>> {
    let mut besiegers = JoinSet::new();
    let ways = ways.iter().flat_map(|(way, count)| std::iter::repeat_n(*way, *count));
    for (n, way) in ways.enumerate() {
        let source = Ipv4Addr::new(127, 1, 1, (n % usize::from(sources)) as u8 + 1);
        besiegers.spawn(timeout(patience, hold(server, source, way)));
    }
    let mut all = Vec::new();
    while let Some(one) = besiegers.join_next().await {
        all.push(one?.context("a connection stays open")??);
    }
    Ok(all)
}

async fn hold(server: SocketAddr, source: Ipv4Addr, way: Way) -> Result<Held> {
    let start = Instant::now();
    let socket = TcpSocket::new_v4()?;
    if way == Way::Deaf {
        socket.set_recv_buffer_size(4096)?;
    }
    socket.bind((source, 0).into())?;
    let mut stream = socket.connect(server).await?;
    // A server that has closed it already takes nothing.
    let sent = stream.write_all(way.opening().as_bytes()).await;
    if sent.is_ok() {
        stay(&mut stream, way).await;
    }
    Ok(Held { way, closed_after: start.elapsed() })
}

/// Is in the way until the connection is closed.
async fn stay(stream: &mut TcpStream, way: Way) {
    let mut drops = interval(DRIP);
    let mut buffer = [0; 1024];
    loop {
        tokio::select! {
            read = stream.read(&mut buffer), if way != Way::Deaf => {
                if matches!(read, Ok(0) | Err(_)) {
                    return;
                }
            }
            // Whoever does not read finds out by writing.
            _ = drops.tick(), if way.drips() => {
                if stream.write_all(b"y").await.is_err() {
                    return;
                }
            }
        }
    }
}
