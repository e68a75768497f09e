//! `growth`: creating and opening beside a thousand, a hundred thousand and a million other live shares,
//! and with a second server on the same Redis.
//!
//! Invariant: the others are live all the time, and made as any share is.

use crate::{
    load::{self, Request},
    measured::Measured,
    requests::Life,
    running::{Case, Cost, Fsync, Running},
};
use anyhow::{Context, Result};
use std::fs;

/// Other shares there are meanwhile.
const LIVE: [usize; 3] = [1_000, 100_000, 1_000_000];

/// Requests that count, and those before.
const COUNT: usize = 10_000;
const WARM_UP: usize = 1_000;

const CONNECTIONS: usize = 16;

/// Shares that are sealed before they are sent: what is made at once takes memory.
const BATCH: usize = 10_000;

/// Measures and prints.
pub(crate) async fn bench() -> Result<()> {
    println!("\n## Growth: 1 KiB secrets, {CONNECTIONS} connections\n");
    println!(
        "| store | live shares | request | per second | CPU s / 10,000 | Redis CPU s | p50 ms | × 1,000 shares' | p99 ms |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let mut sizes = String::new();
    for case in [Case::Redis(Fsync::EverySecond), Case::Sqlite] {
        let running = Running::start(case).await?;
        let (mut live, mut first) = (0, None);
        for count in LIVE {
            while live < count {
                let some = BATCH.min(count - live);
                fill(&running.server, some).await?;
                live += some;
            }
            let costs = costs(&running).await?;
            let medians = costs.each_ref().map(|cost| cost.outcome.latency(0.5));
            let first = *first.get_or_insert(medians);
            for ((name, cost), first) in ["create", "claim"].iter().zip(&costs).zip(first) {
                row(&format!("{} | {count} | {name}", case.name()), cost, first);
            }
        }
        sizes += &format!("\n{} keeps {} with all of them.", case.name(), kept(&running)?);
    }
    println!("{sizes}");
    servers().await
}

/// One server process on a Redis, and two.
async fn servers() -> Result<()> {
    println!("\n| servers | creations per second, both together |");
    println!("|---|---|");
    let running = Running::start(Case::Redis(Fsync::EverySecond)).await?;
    let another = running.another()?;
    fill(&running.server, WARM_UP).await?;
    let both = COUNT / 2;
    let alone = load::run(&running.server.address, CONNECTIONS, creations(COUNT)?).await?;
    println!("| 1 | {:.0} |", alone.per_second());
    let (one, other) = tokio::try_join!(
        load::run(&running.server.address, CONNECTIONS / 2, creations(both)?),
        load::run(&another.address, CONNECTIONS / 2, creations(both)?),
    )?;
    let elapsed = one.elapsed.max(other.elapsed).as_secs_f64();
    println!("| 2 | {:.0} |", (one.done + other.done) as f64 / elapsed);
    Ok(())
}

async fn fill(server: &Measured, count: usize) -> Result<()> {
    load::run(&server.address, CONNECTIONS, creations(count)?).await?;
    Ok(())
}

fn creations(count: usize) -> Result<impl Iterator<Item = Request> + Send + 'static> {
    let requests: Vec<_> = (0..count).map(|_| Life::new()?.create()).collect::<Result<_>>()?;
    Ok(requests.into_iter())
}

/// Of creating shares, and of claiming them. They are over afterwards.
async fn costs(running: &Running) -> Result<[Cost; 2]> {
    let lives = (0..COUNT + WARM_UP).map(|_| Life::new()).collect::<Result<Vec<_>>>()?;
    let all = |request: fn(&Life) -> Result<Request>| -> Result<Vec<Request>> {
        lives.iter().map(request).collect()
    };
    let create = running.cost(CONNECTIONS, WARM_UP, all(Life::create)?).await?;
    let claim = running.cost(CONNECTIONS, WARM_UP, all(Life::claim)?).await?;
    running.cost(CONNECTIONS, 0, all(Life::acknowledge)?).await?;
    Ok([create, claim])
}

fn row(what: &str, cost: &Cost, first: f64) {
    let Cost { outcome, server, redis } = cost;
    println!(
        "| {what} | {:.0} | {server:.2} | {} | {:.2} | {:.2} | {:.2} |",
        outcome.per_second(),
        redis.map_or("–".to_owned(), |cpu| format!("{cpu:.2}")),
        outcome.latency(0.5),
        outcome.latency(0.5) / first,
        outcome.latency(0.99),
    );
}

/// What the store takes.
fn kept(running: &Running) -> Result<String> {
    let mib = |bytes: u64| format!("{} MiB", bytes >> 20);
    if let Some(redis) = running.redis() {
        let info: redis::InfoDict =
            redis::cmd("INFO").arg("memory").query(&mut redis.connection()?)?;
        return Ok(mib(info.get("used_memory").context("Redis says what it uses")?));
    }
    Ok(mib(fs::metadata(running.folder().join("waxseal.db"))?.len()))
}
