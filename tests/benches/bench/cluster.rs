//! A Redis Cluster of masters alone, on ports of this machine.
//!
//! Invariant: all slots are served before anything is measured.

use anyhow::{Context, Result};
use redis::{FromRedisValue, cmd};
use waxseal_tests::{redis::Redis, wait::until};

const SLOTS: usize = 16_384;

/// Starts so many masters, each with as many slots.
pub(crate) async fn start(masters: usize) -> Result<Vec<Redis>> {
    let mut nodes = Vec::new();
    for _ in 0..masters {
        nodes.push(Redis::node_of_a_cluster().await?);
    }
    for (n, node) in nodes.iter().enumerate() {
        ask::<()>(node, "SET-CONFIG-EPOCH", [n + 1])?;
        ask::<()>(node, "ADDSLOTS", n * SLOTS / masters..(n + 1) * SLOTS / masters)?;
    }
    let first = nodes.first().context("a Cluster has a master")?;
    for node in &nodes {
        ask::<()>(first, "MEET", ["127.0.0.1".to_owned(), node.port().to_string()])?;
    }
    until("the Cluster to be whole", async || {
        let whole = nodes.iter().map(|node| {
            let info: String = ask(node, "INFO", [0; 0])?;
            let says = |line: &str| info.contains(line);
            Ok(says("cluster_state:ok") && says(&format!("cluster_known_nodes:{masters}")))
        });
        let whole: Vec<bool> = whole.collect::<Result<_>>()?;
        Ok(whole.into_iter().all(|whole| whole).then_some(()))
    })
    .await?;
    Ok(nodes)
}

/// As the server's setting.
pub(crate) fn url(nodes: &[Redis]) -> String {
    let hosts: Vec<_> = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port())).collect();
    format!("redis+cluster://{}", hosts.join(","))
}

fn ask<T: FromRedisValue>(
    node: &Redis,
    what: &str,
    arguments: impl IntoIterator<Item = impl redis::ToRedisArgs>,
) -> Result<T> {
    let mut command = cmd("CLUSTER");
    command.arg(what);
    for argument in arguments {
        command.arg(argument);
    }
    Ok(command.query(&mut node.connection()?)?)
}
