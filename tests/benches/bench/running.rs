//! A server under load, with an empty store of its own.
//!
//! Invariant: whatever is compared runs in the same way: one server process, one store, the same load.

use crate::{
    bare, cluster,
    load::{self, Outcome, Request},
    measured::{Measured, cpu_seconds, resident_mib},
    requests::Life,
};
use anyhow::{Context, Result};
use std::{env, path::Path, process::Command};
use tempfile::TempDir;
use waxseal_tests::redis::Redis;

/// Creations and claims that do not count yet.
const WARM_UP: usize = 1_000;

/// How Redis puts what it was told on its disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Fsync {
    /// Before it answers.
    Always,
    /// Every second.
    EverySecond,
}

/// What serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    /// The baseline.
    Bare(Fsync),
    /// Waxseal on Redis.
    Redis(Fsync),
    /// Waxseal on a Redis Cluster of so many masters, which sync every second.
    Cluster(usize),
    /// Waxseal on SQLite.
    Sqlite,
}

impl Case {
    pub(crate) fn name(self) -> String {
        let name = match self {
            Self::Bare(Fsync::Always) => "bare, `appendfsync always`",
            Self::Bare(Fsync::EverySecond) => "bare",
            Self::Redis(Fsync::Always) => "Waxseal on Redis, `appendfsync always`",
            Self::Redis(Fsync::EverySecond) => "Waxseal on Redis",
            Self::Cluster(masters) => return format!("Waxseal on a Cluster of {masters}"),
            Self::Sqlite => "Waxseal on SQLite",
        };
        name.to_owned()
    }
}

/// Servers and their store.
pub(crate) struct Running {
    /// Dropped before the store.
    servers: Vec<Measured>,
    redis: Vec<(Redis, u32)>,
    folder: TempDir,
}

/// What a load cost.
pub(crate) struct Cost {
    pub(crate) outcome: Outcome,
    /// Seconds of processor time for 10,000 requests, of all servers and of all their Redis.
    pub(crate) server: f64,
    pub(crate) redis: Option<f64>,
}

impl Running {
    /// One server.
    pub(crate) async fn start(case: Case) -> Result<Self> {
        Self::start_many(case, 1).await
    }

    /// So many servers on one store.
    pub(crate) async fn start_many(case: Case, servers: usize) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (nodes, fsync) = match case {
            Case::Sqlite => (Vec::new(), Fsync::Always),
            Case::Bare(fsync) | Case::Redis(fsync) => (vec![Redis::start(None).await?], fsync),
            Case::Cluster(masters) => (cluster::start(masters).await?, Fsync::EverySecond),
        };
        let store = match (&case, nodes.first()) {
            (Case::Cluster(_), _) => cluster::url(&nodes),
            (_, Some(redis)) => redis.url(),
            (_, None) => format!("sqlite:{}/waxseal.db", folder.path().display()),
        };
        let redis = nodes.into_iter().map(|redis| set_up(redis, fsync)).collect::<Result<_>>()?;
        let command = || match case {
            Case::Bare(_) => bare::command(&store),
            Case::Redis(_) | Case::Cluster(_) | Case::Sqlite => waxseal(&store),
        };
        let servers = (0..servers).map(|_| Measured::start(&mut command()?));
        Ok(Self { servers: servers.collect::<Result<_>>()?, redis, folder })
    }

    /// Its Redis, if that is its store.
    pub(crate) fn redis(&self) -> Option<&Redis> {
        self.redis.first().map(|(redis, _)| redis)
    }

    /// Host and port of the first server.
    pub(crate) fn address(&self) -> &str {
        self.servers.first().map_or("", |server| &server.address)
    }

    /// Where the embedded store is.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Sends `requests`, of which the first `warm_up` do not count.
    pub(crate) async fn cost(
        &self,
        connections: usize,
        warm_up: usize,
        mut requests: Vec<Request>,
    ) -> Result<Cost> {
        let measured = requests.split_off(warm_up.min(requests.len()));
        self.load(connections, requests).await?;
        let before = self.cpu()?;
        let outcome = self.load(connections, measured).await?;
        let after = self.cpu()?;
        let each = |seconds: f64| seconds / outcome.done as f64 * 10_000.0;
        let server = each(after.0 - before.0);
        let redis = after.1.zip(before.1).map(|(after, before)| each(after - before));
        Ok(Cost { outcome, server, redis })
    }

    /// Of creating shares, and of claiming them, `count` that are over afterwards.
    pub(crate) async fn create_and_claim(
        &self,
        connections: usize,
        count: usize,
    ) -> Result<[Cost; 2]> {
        let lives = (0..count + WARM_UP).map(|_| Life::new()).collect::<Result<Vec<_>>>()?;
        let all = |request: fn(&Life) -> Result<Request>| -> Result<Vec<Request>> {
            lives.iter().map(request).collect()
        };
        let create = self.cost(connections, WARM_UP, all(Life::create)?).await?;
        let claim = self.cost(connections, WARM_UP, all(Life::claim)?).await?;
        self.load(connections, all(Life::acknowledge)?).await?;
        Ok([create, claim])
    }

    /// Sends `requests` to all servers alike.
    pub(crate) async fn load(&self, connections: usize, requests: Vec<Request>) -> Result<Outcome> {
        let addresses: Vec<_> = self.servers.iter().map(|server| &*server.address).collect();
        load::run(&addresses, connections, requests.into_iter()).await
    }

    /// MiB that the servers have resident.
    pub(crate) fn resident(&self) -> Result<f64> {
        self.servers.iter().map(|server| resident_mib(server.id())).sum()
    }

    /// Of the servers and of their Redis.
    fn cpu(&self) -> Result<(f64, Option<f64>)> {
        let redis = self.redis.iter().map(|(_, id)| cpu_seconds(*id)).sum::<Result<f64>>()?;
        let servers = self.servers.iter().map(|server| cpu_seconds(server.id())).sum::<Result<_>>();
        Ok((servers?, (!self.redis.is_empty()).then_some(redis)))
    }
}

/// The Redis and the number of its process.
fn set_up(redis: Redis, fsync: Fsync) -> Result<(Redis, u32)> {
    let mut connection = redis.connection()?;
    let name = match fsync {
        Fsync::Always => "always",
        Fsync::EverySecond => "everysec",
    };
    redis::cmd("CONFIG").arg(&["SET", "appendfsync", name]).exec(&mut connection)?;
    let info: redis::InfoDict = redis::cmd("INFO").arg("server").query(&mut connection)?;
    let id = info.get("process_id").context("Redis says the number of its process")?;
    Ok((redis, id))
}

/// The release build that `cargo xtask bench` made.
pub(crate) fn waxseal(store: &str) -> Result<Command> {
    let binary = env::var_os("WAXSEAL_SERVER").context("run this with `cargo xtask bench`")?;
    let mut command = Command::new(binary);
    command.args(["--listen", "127.0.0.1:0", "--store", store]);
    // Counted as in production, but this much comes from one address.
    command.args(["--creations-per-hour=1000000000", "--openings-per-hour=1000000000"]);
    command.arg("--upload-bytes-per-hour=1000000000000");
    Ok(command)
}
