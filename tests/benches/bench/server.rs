//! `server`: every call of a share's life, and what is only served, beside the least that actix-web and
//! Redis can do.
//!
//! Invariant: every case has a server process and an empty store of its own, and the same load.

use crate::{
    load::{self, Request},
    requests::{Life, file},
    running::{Case, Cost, Fsync, Running},
};
use anyhow::{Context, Result};
use http::header::ACCEPT_ENCODING;
use serde_json::Value;
use std::collections::HashMap;

/// Connections, and the requests over all of them together that count, if there is time.
const LOADS: [(usize, usize); 3] = [(16, 20_000), (1, 10_000), (64, 20_000)];

/// Requests before that.
const WARM_UP: usize = 2_000;

const CASES: [Case; 5] = [
    Case::Bare(Fsync::EverySecond),
    Case::Redis(Fsync::EverySecond),
    Case::Bare(Fsync::Always),
    Case::Redis(Fsync::Always),
    Case::Sqlite,
];

/// What is measured, with what it is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Baseline {
    Set,
    Take,
    Page,
    File,
}

/// The name of a request, its baseline, and how it is made.
type Step = (&'static str, Baseline, fn(&Life, &Files) -> Result<Request>);

const WAXSEAL: [Step; 6] = [
    ("create", Baseline::Set, |life, _| life.create()),
    ("landing", Baseline::Take, |life, _| life.landing()),
    ("claim", Baseline::Take, |life, _| life.claim()),
    ("acknowledge", Baseline::Take, |life, _| life.acknowledge()),
    ("page", Baseline::Page, |_, _| file(PAGE)),
    ("file", Baseline::File, |_, files| file(&files.path)),
];

const BARE: [Step; 4] = [
    ("`SET EX NX`", Baseline::Set, |life, _| life.set()),
    ("`GETDEL`", Baseline::Take, |life, _| life.take()),
    ("page", Baseline::Page, |_, files| file(&format!("/bytes/{}", files.page_len))),
    ("file", Baseline::File, |_, files| file(&format!("/bytes/{}", files.len))),
];

/// The recipient's page.
const PAGE: &str = "/s";

/// What is served to everybody alike: the recipient's page, and the largest of its files.
struct Files {
    page_len: usize,
    path: String,
    len: usize,
}

/// Measures every case and prints what came out.
pub(crate) async fn bench() -> Result<()> {
    let files = Files::look().await?;
    let mut memory = Vec::new();
    for (connections, count) in LOADS {
        let threads = std::thread::available_parallelism()?;
        println!("\n## Server: 1 KiB secrets, {connections} connections, {threads} processors\n");
        println!(
            "| server | request | done | per second | × bare | CPU s / 10,000 | × bare | Redis CPU s | p50 ms | p99 ms |"
        );
        println!("|---|---|---|---|---|---|---|---|---|---|");
        let mut bare = HashMap::new();
        for case in CASES {
            let running = Running::start(case).await?;
            let idle = running.resident()?;
            let steps = if let Case::Bare(_) = case { &BARE[..] } else { &WAXSEAL };
            let lives = (0..count + WARM_UP).map(|_| Life::new()).collect::<Result<Vec<_>>>()?;
            for (name, baseline, request) in steps {
                let requests = lives.iter().map(|life| request(life, &files));
                let requests = requests.collect::<Result<_>>()?;
                let cost = running.cost(connections, WARM_UP, requests).await?;
                let figures = (cost.outcome.per_second(), cost.server);
                if let Case::Bare(_) = case {
                    bare.insert(*baseline, figures);
                }
                let baseline = bare.get(baseline).context("bare comes first")?;
                row(case, name, &cost, *baseline);
            }
            if connections == LOADS[0].0 {
                memory.push((case, idle, running.resident()?));
            }
        }
    }
    println!("\n| server | resident MiB when idle | after 16 connections |");
    println!("|---|---|---|");
    for (case, idle, after) in memory {
        println!("| {} | {idle:.1} | {after:.1} |", case.name());
    }
    Ok(())
}

fn row(case: Case, name: &str, cost: &Cost, (rate, cpu): (f64, f64)) {
    let Cost { outcome, server, redis } = cost;
    println!(
        "| {} | {name} | {} | {:.0} | {:.2} | {server:.2} | {:.1} | {} | {:.2} | {:.2} |",
        case.name(),
        outcome.done,
        outcome.per_second(),
        outcome.per_second() / rate,
        server / cpu,
        redis.map_or("–".to_owned(), |cpu| format!("{cpu:.2}")),
        outcome.latency(0.5),
        outcome.latency(0.99),
    );
}

impl Files {
    async fn look() -> Result<Self> {
        let running = Running::start(Case::Sqlite).await?;
        let address = running.address();
        let page_len = load::ask(address, file(PAGE)?).await?.len();
        let mut manifest = file("/.well-known/waxseal-manifest.json")?;
        manifest.headers_mut().remove(ACCEPT_ENCODING);
        let manifest: Value = serde_json::from_slice(&load::ask(address, manifest).await?)?;
        let files = manifest["files"].as_array().context("a manifest lists files")?;
        let mut paths = files.iter().filter_map(|file| file["path"].as_str());
        let module =
            |path: &&str| path.starts_with("/assets/recipient-") && path.ends_with(".wasm");
        let path = paths.find(module).context("the page has a module")?.to_owned();
        let len = load::ask(address, file(&path)?).await?.len();
        Ok(Self { page_len, path, len })
    }
}
