//! `spread`: what it costs to create and to open where the work is spread: over two servers on one
//! Redis, and over the nodes of a Redis Cluster.
//!
//! Invariant: the number of connections is the same, however many they are spread over.

use crate::running::{Case, Cost, Fsync, Running};
use anyhow::Result;

/// Requests that count.
const COUNT: usize = 10_000;

const CONNECTIONS: usize = 16;

/// Measures and prints.
pub(crate) async fn bench() -> Result<()> {
    println!("\n## Spread: 1 KiB secrets, {CONNECTIONS} connections\n");
    println!(
        "| store | servers | request | per second | CPU s / 10,000 | × one on one | Redis CPU s | p50 ms | p99 ms |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let one = Case::Redis(Fsync::EverySecond);
    let clusters = [1, 2, 3].map(|masters| (Case::Cluster(masters), 1));
    let mut first = None;
    for (case, servers) in
        [(one, 1), (one, 2)].into_iter().chain(clusters).chain([(Case::Cluster(3), 2)])
    {
        let running = Running::start_many(case, servers).await?;
        let costs = running.create_and_claim(CONNECTIONS, COUNT).await?;
        let first = *first.get_or_insert(costs.each_ref().map(|cost| cost.server));
        for ((name, cost), first) in ["create", "claim"].iter().zip(&costs).zip(first) {
            let Cost { outcome, server, redis } = cost;
            println!(
                "| {} | {servers} | {name} | {:.0} | {server:.2} | {:.2} | {:.2} | {:.2} | {:.2} |",
                case.name(),
                outcome.per_second(),
                server / first,
                redis.unwrap_or_default(),
                outcome.latency(0.5),
                outcome.latency(0.99),
            );
        }
    }
    Ok(())
}
