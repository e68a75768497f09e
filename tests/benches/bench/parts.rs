//! `parts`: attachments on their way in and out, beside a server that only hands them to Redis and back.
//!
//! Invariant: every case has a server process and an empty store of its own, and the same load.

use crate::{
    load::{self, Request, request},
    requests::{Life, OCTETS},
    running::{Case, Fsync, Running},
};
use anyhow::{Context, Result};
use bytes::Bytes;
use http::Method;
use std::collections::HashMap;
use waxseal_core::layout::{BodySize, PLAIN_PART};
use waxseal_tests::share::{Share, Terms};

/// Shares, and the parts of each: 1 GiB in all.
const SHARES: usize = 16;
const PARTS: u64 = 64;

const CONNECTIONS: usize = 16;

const CASES: [Case; 3] =
    [Case::Bare(Fsync::EverySecond), Case::Redis(Fsync::EverySecond), Case::Sqlite];

/// Measures every case and prints what came out.
pub(crate) async fn bench() -> Result<()> {
    let count = SHARES as u64 * PARTS;
    println!("\n## Parts: {count} of 1 MiB, {CONNECTIONS} connections\n");
    println!(
        "| server | way | MB/s | × bare | CPU s / GB | × bare | p50 ms | p99 ms | resident MiB before | after |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let mut bare = HashMap::new();
    for case in CASES {
        let running = Running::start(case).await?;
        let uploads = (0..SHARES).map(|_| Upload::new()).collect::<Result<Vec<_>>>()?;
        let is_bare = matches!(case, Case::Bare(_));
        if !is_bare {
            all(&running, &uploads, Upload::create).await?;
        }
        let put = if is_bare { Upload::set } else { Upload::put };
        let get = if is_bare { Upload::read } else { Upload::get };
        for (way, request) in [("in", put as fn(&Upload, u64) -> Result<Request>), ("out", get)] {
            if way == "out" && !is_bare {
                all(&running, &uploads, Upload::publish).await?;
                all(&running, &uploads, Upload::claim).await?;
            }
            let before = running.resident()?;
            let parts = (0..PARTS).flat_map(|n| uploads.iter().map(move |one| request(one, n)));
            let cost = running.cost(CONNECTIONS, 0, parts.collect::<Result<_>>()?).await?;
            let bytes = uploads.iter().map(|one| one.size.get()).sum::<u64>() as f64;
            let done = cost.outcome.done as f64 / count as f64;
            let rate = bytes * done / cost.outcome.elapsed.as_secs_f64() / 1e6;
            let cpu = cost.server * count as f64 / 10_000.0 / (bytes / 1e9);
            let (bare_rate, bare_cpu) = *bare.entry(way).or_insert((rate, cpu));
            println!(
                "| {} | {way} | {rate:.0} | {:.2} | {cpu:.2} | {:.1} | {:.1} | {:.1} | {before:.1} | {:.1} |",
                case.name(),
                rate / bare_rate,
                cpu / bare_cpu,
                cost.outcome.latency(0.5),
                cost.outcome.latency(0.99),
                running.resident()?,
            );
        }
    }
    Ok(())
}

/// Sends one request for each upload.
async fn all(
    running: &Running,
    uploads: &[Upload],
    request: fn(&Upload) -> Result<Request>,
) -> Result<()> {
    for upload in uploads {
        load::ask(running.address(), request(upload)?).await?;
    }
    Ok(())
}

/// A share with an attachment, of which the server sees nothing but how long it is.
struct Upload {
    life: Life,
    size: BodySize,
    content: Bytes,
}

impl Upload {
    fn new() -> Result<Self> {
        let mut share = Share::note("", "", Terms::default())?;
        let size = BodySize::of_plaintext(PARTS * PLAIN_PART - 1)?;
        (share.request.size, share.request.head) = (size, None);
        let longest = size.part_len(0).context("there is a part")?;
        let mut content = vec![0; longest];
        getrandom::fill(&mut content)?;
        Ok(Self { life: Life::of(share)?, size, content: content.into() })
    }

    fn create(&self) -> Result<Request> {
        self.life.create()
    }

    fn publish(&self) -> Result<Request> {
        request(
            Method::POST,
            &self.life.path("/publish"),
            Some(&self.life.share.owner.to_base64url()),
            None,
        )
    }

    fn claim(&self) -> Result<Request> {
        self.life.claim()
    }

    fn put(&self, n: u64) -> Result<Request> {
        let owner = self.life.share.owner.to_base64url();
        let path = self.life.path(&format!("/parts/{n}"));
        request(Method::PUT, &path, Some(&owner), Some((OCTETS, self.part(n)?)))
    }

    fn get(&self, n: u64) -> Result<Request> {
        let path = self.life.path(&format!("/parts/{n}"));
        request(Method::GET, &path, Some(&self.life.claim.to_base64url()), None)
    }

    /// The baseline's way in.
    fn set(&self, n: u64) -> Result<Request> {
        request(Method::PUT, &self.key(n), None, Some((OCTETS, self.part(n)?)))
    }

    /// The baseline's way out.
    fn read(&self, n: u64) -> Result<Request> {
        request(Method::GET, &self.key(n), None, None)
    }

    fn part(&self, n: u64) -> Result<Bytes> {
        let len = self.size.part_len(n).context("a part of the upload")?;
        Ok(self.content.slice(..len))
    }

    fn key(&self, n: u64) -> String {
        format!("/{}-{n}/part", self.life.share.keys.id.to_base64url())
    }
}
