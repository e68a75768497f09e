//! Load: a fixed number of connections, each sending its next request when the last is answered.
//!
//! Invariant: every answer is one of success; anything else ends the benchmark.

use crate::figures::quantile;
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::{
    Method,
    header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HOST},
};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{net::TcpStream, task::JoinSet};

/// When a load ends that is not through.
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) type Request = http::Request<Full<Bytes>>;

/// What a load came to.
pub(crate) struct Outcome {
    /// How many requests were answered.
    pub(crate) done: usize,
    /// How long all together took.
    pub(crate) elapsed: Duration,
    /// What each took, in milliseconds, ascending.
    latencies: Vec<f64>,
}

impl Outcome {
    /// What the share `q` of the requests did not exceed, in milliseconds.
    pub(crate) fn latency(&self, q: f64) -> f64 {
        quantile(&self.latencies, q)
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.done as f64 / self.elapsed.as_secs_f64()
    }
}

/// A request with a body, or with none.
pub(crate) fn request(
    method: Method,
    path: &str,
    bearer: Option<&str>,
    body: Option<(&str, Bytes)>,
) -> Result<Request> {
    let mut request = http::Request::builder().method(method).uri(path).header(HOST, "localhost");
    if let Some(token) = bearer {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    if let Some((media_type, _)) = &body {
        request = request.header(CONTENT_TYPE, *media_type);
    }
    let body = body.map(|(_, body)| body).unwrap_or_default();
    Ok(request.header(ACCEPT_ENCODING, "br").body(Full::new(body))?)
}

/// Sends `requests` to the servers at `addresses`, as many of the `connections` each, for a minute at
/// most.
pub(crate) async fn run(
    addresses: &[&str],
    connections: usize,
    requests: impl Iterator<Item = Request> + Send + 'static,
) -> Result<Outcome> {
    let requests = Arc::new(Mutex::new(requests));
    let mut open = Vec::new();
    for address in addresses.iter().cycle().take(connections) {
        open.push(connect(address).await?);
    }
    let start = Instant::now();
    let mut workers = JoinSet::new();
    for connection in open {
        workers.spawn(work(connection, Arc::clone(&requests), start + LIMIT));
    }
    let mut latencies = Vec::new();
    while let Some(worker) = workers.join_next().await {
        latencies.extend(worker??);
    }
    let elapsed = start.elapsed();
    latencies.sort_by(f64::total_cmp);
    Ok(Outcome { done: latencies.len(), elapsed, latencies })
}

/// Sends one request and gives the answer's body.
pub(crate) async fn ask(address: &str, request: Request) -> Result<Bytes> {
    send(&mut connect(address).await?, request).await
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
    requests: Arc<Mutex<impl Iterator<Item = Request>>>,
    deadline: Instant,
) -> Result<Vec<f64>> {
    let mut latencies = Vec::new();
    let next = || requests.lock().unwrap_or_else(PoisonError::into_inner).next();
    while let Some(request) = next().filter(|_| Instant::now() < deadline) {
        let start = Instant::now();
        send(&mut connection, request).await?;
        latencies.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(latencies)
}

async fn send(connection: &mut SendRequest<Full<Bytes>>, request: Request) -> Result<Bytes> {
    connection.ready().await?;
    let response = connection.send_request(request).await?;
    let status = response.status();
    let body = response.into_body().collect().await.context("reading an answer")?.to_bytes();
    if !status.is_success() {
        bail!("{status}: {}", String::from_utf8_lossy(&body));
    }
    Ok(body)
}
