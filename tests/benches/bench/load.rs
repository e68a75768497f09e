//! Load: a fixed number of connections, each sending its next request when the last is answered.
//!
//! Invariant: every answer is one of success; anything else ends the benchmark.

use crate::figures::quantile;
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::{
    Request,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST},
};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
    vec::IntoIter,
};
use tokio::{net::TcpStream, task::JoinSet};

/// How many there are at a time.
pub(crate) const CONNECTIONS: usize = 16;

/// When a load ends that is not through.
const LIMIT: Duration = Duration::from_secs(60);

/// Requests that follow each other and count as one.
pub(crate) type Operation = Vec<Request<Full<Bytes>>>;

/// What a load came to.
pub(crate) struct Outcome {
    /// How many operations were done.
    pub(crate) done: usize,
    /// How long all together took.
    pub(crate) elapsed: Duration,
    /// What each took, in milliseconds, ascending.
    latencies: Vec<f64>,
}

impl Outcome {
    /// What the share `q` of the operations did not exceed, in milliseconds.
    pub(crate) fn latency(&self, q: f64) -> f64 {
        quantile(&self.latencies, q)
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.done as f64 / self.elapsed.as_secs_f64()
    }
}

/// A POST.
pub(crate) fn post(
    path: &str,
    media_type: &str,
    bearer: Option<&str>,
    body: Vec<u8>,
) -> Result<Request<Full<Bytes>>> {
    let mut request =
        Request::post(path).header(HOST, "localhost").header(CONTENT_TYPE, media_type);
    if let Some(token) = bearer {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    Ok(request.body(Full::new(body.into()))?)
}

/// Does `operations` against the server at `address`, for a minute at most.
pub(crate) async fn run(address: &str, operations: Vec<Operation>) -> Result<Outcome> {
    let operations = Arc::new(Mutex::new(operations.into_iter()));
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(connect(address).await?);
    }
    let start = Instant::now();
    let mut workers = JoinSet::new();
    for connection in connections {
        workers.spawn(work(connection, Arc::clone(&operations), start + LIMIT));
    }
    let mut latencies = Vec::new();
    while let Some(worker) = workers.join_next().await {
        latencies.extend(worker??);
    }
    let elapsed = start.elapsed();
    latencies.sort_by(f64::total_cmp);
    Ok(Outcome { done: latencies.len(), elapsed, latencies })
}

async fn connect(address: &str) -> Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // It ends with the sender; an error reaches the sender too.
    tokio::spawn(connection);
    Ok(sender)
}

async fn work(
    mut connection: SendRequest<Full<Bytes>>,
    operations: Arc<Mutex<IntoIter<Operation>>>,
    deadline: Instant,
) -> Result<Vec<f64>> {
    let mut latencies = Vec::new();
    let next = || operations.lock().unwrap_or_else(PoisonError::into_inner).next();
    while let Some(operation) = next().filter(|_| Instant::now() < deadline) {
        let start = Instant::now();
        for request in operation {
            send(&mut connection, request).await?;
        }
        latencies.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(latencies)
}

async fn send(
    connection: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Result<()> {
    connection.ready().await?;
    let response = connection.send_request(request).await?;
    let status = response.status();
    let body = response.into_body().collect().await.context("reading an answer")?.to_bytes();
    if !status.is_success() {
        bail!("{status}: {}", String::from_utf8_lossy(&body));
    }
    Ok(())
}
