//! A server under load, with an empty store of its own.
//!
//! Invariant: whatever is compared runs in the same way: one server process, one store, the same load.

use crate::{
    bare,
    load::{self, Outcome, Request},
    measured::{Measured, cpu_seconds, resident_mib},
};
use anyhow::{Context, Result};
use std::{env, path::Path, process::Command};
use tempfile::TempDir;
use waxseal_tests::redis::Redis;

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
    /// Waxseal on SQLite.
    Sqlite,
}

impl Case {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Bare(Fsync::Always) => "bare, `appendfsync always`",
            Self::Bare(Fsync::EverySecond) => "bare",
            Self::Redis(Fsync::Always) => "Waxseal on Redis, `appendfsync always`",
            Self::Redis(Fsync::EverySecond) => "Waxseal on Redis",
            Self::Sqlite => "Waxseal on SQLite",
        }
    }
}

/// A server and its store.
pub(crate) struct Running {
    /// Dropped before the store.
    pub(crate) server: Measured,
    redis: Option<(Redis, u32)>,
    folder: TempDir,
}

/// What a load cost.
pub(crate) struct Cost {
    pub(crate) outcome: Outcome,
    /// Seconds of processor time for 10,000 requests, of the server and of its Redis.
    pub(crate) server: f64,
    pub(crate) redis: Option<f64>,
}

impl Running {
    pub(crate) async fn start(case: Case) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let redis = match case {
            Case::Sqlite => None,
            Case::Bare(fsync) | Case::Redis(fsync) => Some(start_redis(fsync).await?),
        };
        let store = match &redis {
            Some((redis, _)) => redis.url(),
            None => format!("sqlite:{}/waxseal.db", folder.path().display()),
        };
        let server = match case {
            Case::Bare(_) => Measured::start(&mut bare::command(&store)?)?,
            Case::Redis(_) | Case::Sqlite => Measured::start(&mut waxseal(&store)?)?,
        };
        Ok(Self { server, redis, folder })
    }

    /// Its Redis, if that is its store.
    pub(crate) fn redis(&self) -> Option<&Redis> {
        self.redis.as_ref().map(|(redis, _)| redis)
    }

    /// Where the embedded store is.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Another server process on the same store.
    pub(crate) fn another(&self) -> Result<Measured> {
        let redis = self.redis().context("only Redis has several servers")?;
        Measured::start(&mut waxseal(&redis.url())?)
    }

    /// Sends `requests`, of which the first `warm_up` do not count.
    pub(crate) async fn cost(
        &self,
        connections: usize,
        warm_up: usize,
        mut requests: Vec<Request>,
    ) -> Result<Cost> {
        let measured = requests.split_off(warm_up.min(requests.len()));
        load::run(&self.server.address, connections, requests.into_iter()).await?;
        let before = self.cpu()?;
        let outcome = load::run(&self.server.address, connections, measured.into_iter()).await?;
        let after = self.cpu()?;
        let each = |seconds: f64| seconds / outcome.done as f64 * 10_000.0;
        let server = each(after.0 - before.0);
        let redis = after.1.zip(before.1).map(|(after, before)| each(after - before));
        Ok(Cost { outcome, server, redis })
    }

    /// MiB that the server has resident.
    pub(crate) fn resident(&self) -> Result<f64> {
        resident_mib(self.server.id())
    }

    /// Of the server and of its Redis.
    fn cpu(&self) -> Result<(f64, Option<f64>)> {
        let redis = self.redis.as_ref().map(|(_, id)| cpu_seconds(*id)).transpose()?;
        Ok((cpu_seconds(self.server.id())?, redis))
    }
}

/// A Redis and the number of its process.
async fn start_redis(fsync: Fsync) -> Result<(Redis, u32)> {
    let redis = Redis::start(None).await?;
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
