//! `timing`: whether the time of an answer tells an unknown share from a wrong token for a known one.
//!
//! Invariant: the two kinds of request differ in nothing but the id and the token, come in pairs in random
//! order over the same connection, and get answers that are equal byte for byte.
//!
//! The statistic is Welch's t of the two samples, as in Reparaz, Balasch and Verbauwhede, "Dude, is my
//! code constant time?" (2016), with its bound of 4.5; like there, also without the slowest answers, which
//! hide small differences. Below the bound is no proof; above it is a leak.

use crate::measured::Measured;
use anyhow::{Context, Result, ensure};
use getrandom::SysRng;
use std::{
    io::{Read, Write},
    net::TcpStream,
    process::Command,
    time::Instant,
};
use tempfile::TempDir;
use waxseal_core::token::{OwnerToken, ShareId};
use waxseal_tests::{
    api::Api,
    redis::Redis,
    share::{Share, Terms},
};

/// Of each kind and call, over all connections.
const PAIRS: usize = 20_000;

/// Connections at a time: an answer that a share is unknown is not at once.
const CONNECTIONS: usize = 8;

/// On each connection, before what counts.
const WARM_UP: usize = 100;

/// Shares that there are.
const SHARES: usize = 256;

/// The fastest of the answers, in percent, to which the second figure is kept.
const KEPT: usize = 90;

/// A call that needs a token: its method, what follows the id, its body.
struct Call {
    name: &'static str,
    method: &'static str,
    tail: &'static str,
    body: &'static str,
}

const CLAIM: &str = r#"{"claim":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#;

const CALLS: [Call; 7] = [
    Call { name: "landing", method: "GET", tail: "", body: "" },
    Call { name: "claim", method: "POST", tail: "/claims", body: CLAIM },
    Call { name: "part", method: "GET", tail: "/parts/0", body: "" },
    Call { name: "renew", method: "POST", tail: "/lease", body: "" },
    Call { name: "acknowledge", method: "POST", tail: "/ack", body: "" },
    Call { name: "status", method: "GET", tail: "/status", body: "" },
    Call { name: "revoke", method: "DELETE", tail: "", body: "" },
];

/// Measures every call on both stores and prints what came out.
pub(crate) async fn bench() -> Result<()> {
    println!("\n## Timing: unknown ids beside wrong tokens, {PAIRS} pairs each\n");
    println!(
        "| store | call | unknown µs | wrong token µs | difference of means µs | t | t of the fastest {KEPT} % |"
    );
    println!("|---|---|---|---|---|---|---|");
    let folder = tempfile::tempdir()?;
    let redis = Redis::start(None).await?;
    for (name, store) in [("SQLite", sqlite(&folder)), ("Redis", redis.url())] {
        let server = start(&store)?;
        let shares = create(&server).await?;
        for call in &CALLS {
            let [unknown, wrong] = side_by_side(&server.address, call, &shares)?;
            println!(
                "| {name} | {} | {:.1} | {:.1} | {:+.2} | {:+.2} | {:+.2} |",
                call.name,
                median(&unknown),
                median(&wrong),
                Moments::of(&wrong).mean - Moments::of(&unknown).mean,
                welch(&unknown, &wrong),
                welch(&fastest(&unknown), &fastest(&wrong)),
            );
        }
    }
    Ok(())
}

fn sqlite(folder: &TempDir) -> String {
    format!("sqlite:{}/waxseal.db", folder.path().display())
}

fn start(store: &str) -> Result<Measured> {
    let server = std::env::var_os("WAXSEAL_SERVER").context("`cargo xtask bench` names it")?;
    let mut command = Command::new(server);
    command.args(["--listen", "127.0.0.1:0", "--workers", "1", "--store", store]);
    // All of it comes from one address.
    command.args(["--openings-per-hour=0", "--lookups-per-hour=0"]);
    Measured::start(&mut command)
}

async fn create(server: &Measured) -> Result<Vec<ShareId>> {
    let api = Api::new(&format!("http://{}", server.address));
    let mut ids = Vec::new();
    for _ in 0..SHARES {
        let share = Share::note("Timing", "not to be told", Terms::default())?;
        ensure!(api.create(&share).await?.status == 201, "a share is refused");
        ids.push(share.keys.id);
    }
    Ok(ids)
}

/// What each answer took in microseconds: to unknown ids, to wrong tokens.
fn side_by_side(address: &str, call: &Call, shares: &[ShareId]) -> Result<[Vec<f64>; 2]> {
    let mut times = [Vec::new(), Vec::new()];
    std::thread::scope(|scope| {
        let work = || measure(&mut Connection::open(address)?, call, shares);
        let workers: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            let measured =
                worker.join().map_err(|_| anyhow::anyhow!("a connection panicked"))??;
            for (all, some) in times.iter_mut().zip(measured) {
                all.extend(some);
            }
        }
        Ok(times)
    })
}

fn measure(connection: &mut Connection, call: &Call, shares: &[ShareId]) -> Result<[Vec<f64>; 2]> {
    let mut times = [Vec::new(), Vec::new()];
    let mut answer = None;
    for pair in 0..WARM_UP + PAIRS / CONNECTIONS {
        let mut random = [0; 24];
        getrandom::fill(&mut random).map_err(|error| anyhow::anyhow!("{error}"))?;
        let [first, choice, ..] = random;
        let mut id = [0; 16];
        id.copy_from_slice(&random[8..]);
        let known = shares[usize::from(choice) % shares.len()];
        let ids = [ShareId::from_bytes(id), known];
        for kind in if first % 2 == 0 { [0, 1] } else { [1, 0] } {
            let request = request(call, ids[kind])?;
            let (time, text) = connection.ask(&request)?;
            let expected = answer.get_or_insert_with(|| text.clone());
            ensure!(*expected == text, "two answers differ: {expected:?}, {text:?}");
            if pair >= WARM_UP {
                times[kind].push(time);
            }
        }
    }
    let answer = answer.unwrap_or_default();
    ensure!(answer.starts_with("HTTP/1.1 404 "), "{}: {answer}", call.name);
    Ok(times)
}

fn request(call: &Call, id: ShareId) -> Result<String> {
    let token = OwnerToken::generate(&mut SysRng)?.to_base64url();
    let Call { method, tail, body, .. } = call;
    let id = id.to_base64url();
    let kind = if body.is_empty() { "" } else { "content-type: application/json\r\n" };
    let len = body.len();
    Ok(format!(
        "{method} /api/shares/{id}{tail} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
         {kind}content-length: {len}\r\n\r\n{body}"
    ))
}

/// One connection, kept open.
struct Connection(TcpStream);

impl Connection {
    fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    /// Microseconds to the end of the answer, and the answer: without its date, and with its headers, which
    /// are in no order, sorted.
    fn ask(&mut self, request: &str) -> Result<(f64, String)> {
        let mut buffer = [0; 4096];
        let mut len = 0;
        let start = Instant::now();
        self.0.write_all(request.as_bytes())?;
        loop {
            let count = self.0.read(&mut buffer[len..])?;
            ensure!(count > 0, "the server closed the connection");
            len += count;
            if is_whole(&buffer[..len]) {
                break;
            }
        }
        let time = start.elapsed().as_secs_f64() * 1e6;
        let text = str::from_utf8(&buffer[..len])?;
        let mut lines: Vec<_> = text.split("\r\n").collect();
        lines.retain(|line| !line.starts_with("date: "));
        lines[1..].sort_unstable();
        Ok((time, lines.join("\r\n")))
    }
}

/// Whether an answer with a `content-length` is all there.
fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let len = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    len.and_then(|len| len.parse().ok()).is_some_and(|len: usize| body.len() >= len)
}

struct Moments {
    mean: f64,
    /// Of the mean, squared.
    error: f64,
}

impl Moments {
    fn of(sample: &[f64]) -> Self {
        let count = sample.len() as f64;
        let mean = sample.iter().sum::<f64>() / count;
        let variance = sample.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0);
        Self { mean, error: variance / count }
    }
}

/// Welch's t: how many standard errors the means are apart.
fn welch(one: &[f64], two: &[f64]) -> f64 {
    let (one, two) = (Moments::of(one), Moments::of(two));
    (two.mean - one.mean) / (one.error + two.error).sqrt()
}

fn sorted(sample: &[f64]) -> Vec<f64> {
    let mut sample = sample.to_vec();
    sample.sort_by(f64::total_cmp);
    sample
}

fn median(sample: &[f64]) -> f64 {
    crate::figures::quantile(&sorted(sample), 0.5)
}

fn fastest(sample: &[f64]) -> Vec<f64> {
    let mut sample = sorted(sample);
    sample.truncate(sample.len() * KEPT / 100);
    sample
}
