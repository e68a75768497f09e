//! `growth`: creating and opening beside a thousand, a hundred thousand and a million other live shares.
//!
//! Invariant: the others are live all the time, and made as any share is.

use crate::{
    requests::Life,
    running::{Case, Cost, Fsync, Running},
};
use anyhow::{Context, Result};
use std::{fs, time::Duration};

/// Other shares there are meanwhile.
const LIVE: [usize; 3] = [1_000, 100_000, 1_000_000];

/// Requests that count.
const COUNT: usize = 10_000;

/// How often they are sent.
const ROUNDS: usize = 3;

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
                fill(&running, some).await?;
                live += some;
            }
            rewritten(&running).await?;
            let costs = middle(&running).await?;
            let medians = costs.each_ref().map(|cost| cost.outcome.latency(0.5));
            let first = *first.get_or_insert(medians);
            for ((name, cost), first) in ["create", "claim"].iter().zip(&costs).zip(first) {
                row(&format!("{} | {count} | {name}", case.name()), cost, first);
            }
        }
        sizes += &format!("\n{} keeps {} with all of them.", case.name(), kept(&running)?);
    }
    println!("{sizes}");
    Ok(())
}

/// Of several rounds that with the middle latency, of creations and of claims: a table of Redis that grows
/// meanwhile may slow one of them down.
async fn middle(running: &Running) -> Result<[Cost; 2]> {
    let mut rounds: [Vec<Cost>; 2] = Default::default();
    for _ in 0..ROUNDS {
        for (costs, cost) in
            rounds.iter_mut().zip(running.create_and_claim(CONNECTIONS, COUNT).await?)
        {
            costs.push(cost);
        }
    }
    let median = |cost: &Cost| cost.outcome.latency(0.5);
    Ok(rounds.map(|mut costs| {
        costs.sort_by(|a, b| median(a).total_cmp(&median(b)));
        costs.swap_remove(ROUNDS / 2)
    }))
}

async fn fill(running: &Running, count: usize) -> Result<()> {
    let requests = (0..count).map(|_| Life::new()?.create()).collect::<Result<_>>()?;
    running.load(CONNECTIONS, requests).await?;
    Ok(())
}

/// Waits until Redis has written its log anew, which it does in a process of its own now and then: that
/// takes as much of a processor whatever it is asked meanwhile.
async fn rewritten(running: &Running) -> Result<()> {
    let Some(redis) = running.redis() else { return Ok(()) };
    let mut connection = redis.connection()?;
    loop {
        let info: redis::InfoDict = redis::cmd("INFO").arg("persistence").query(&mut connection)?;
        let is_writing = |name| info.get::<u32>(name).context("Redis says whether it writes");
        if is_writing("aof_rewrite_in_progress")? + is_writing("aof_rewrite_scheduled")? == 0 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
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
