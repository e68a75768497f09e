//! `server`: creating and opening 1 KiB secrets, beside the least that actix-web and Redis can do.
//!
//! Invariant: every case has a server process and an empty store of its own, and the same load.

use crate::{
    TEXT, bare,
    load::{self, CONNECTIONS, Operation, Outcome, post},
    measured::{Measured, cpu_seconds, resident_mib},
};
use anyhow::{Context, Result};
use getrandom::SysRng;
use std::{collections::HashMap, env, process::Command};
use tempfile::TempDir;
use waxseal_core::{token::ClaimToken, wire::ClaimRequest};
use waxseal_tests::{
    redis::Redis,
    share::{Share, Terms},
};

/// Operations measured, if there is time for them.
const COUNT: usize = 20_000;

/// Operations before that.
const WARM_UP: usize = 2_000;

const JSON: &str = "application/json";
const OCTETS: &str = "application/octet-stream";

/// How Redis puts what it was told on its disk.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Fsync {
    Always,
    EverySecond,
}

#[derive(Clone, Copy)]
enum Case {
    Bare(Fsync),
    Redis(Fsync),
    Sqlite,
}

impl Case {
    const ALL: [Self; 5] = [
        Self::Bare(Fsync::Always),
        Self::Redis(Fsync::Always),
        Self::Sqlite,
        Self::Bare(Fsync::EverySecond),
        Self::Redis(Fsync::EverySecond),
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Bare(_) => "bare",
            Self::Redis(_) => "Waxseal on Redis",
            Self::Sqlite => "Waxseal on SQLite",
        }
    }

    /// What is on disk before an answer. SQLite's commits are; it is measured by Redis that does so.
    const fn fsync(self) -> Fsync {
        match self {
            Self::Bare(fsync) | Self::Redis(fsync) => fsync,
            Self::Sqlite => Fsync::Always,
        }
    }
}

impl Fsync {
    const fn name(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::EverySecond => "everysec",
        }
    }
}

/// What one operation cost in one case.
struct Cost {
    outcome: Outcome,
    /// Seconds of processor time for 10,000 operations, of the server and of its Redis.
    server: f64,
    redis: Option<f64>,
}

/// Measures every case and prints what came out.
pub(crate) async fn bench() -> Result<()> {
    let threads = std::thread::available_parallelism()?;
    println!("\n## Server: 1 KiB secrets, {CONNECTIONS} connections, {threads} processors\n");
    println!(
        "| server | fsync | operation | done | per second | × bare | CPU s / 10,000 | × bare | Redis CPU s | p50 ms | p99 ms |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    let mut bare = HashMap::new();
    let mut memory = Vec::new();
    for case in Case::ALL {
        let mut running = Running::start(case).await?;
        let idle = resident_mib(running.server.id())?;
        for (operation, cost) in running.costs(case).await? {
            let figures = (cost.outcome.per_second(), cost.server);
            if let Case::Bare(fsync) = case {
                bare.insert((fsync, operation), figures);
            }
            let (rate, cpu) = bare.get(&(case.fsync(), operation)).context("bare comes first")?;
            println!(
                "| {} | {} | {operation} | {} | {:.0} | {:.2} | {:.2} | {:.1} | {} | {:.2} | {:.2} |",
                case.name(),
                case.fsync().name(),
                cost.outcome.done,
                figures.0,
                figures.0 / rate,
                figures.1,
                figures.1 / cpu,
                cost.redis.map_or("–".to_owned(), |cpu| format!("{cpu:.2}")),
                cost.outcome.latency(0.5),
                cost.outcome.latency(0.99),
            );
        }
        memory.push((case, idle, resident_mib(running.server.id())?));
    }
    println!("\n| server | fsync | resident MiB when idle | after all that |");
    println!("|---|---|---|---|");
    for (case, idle, after) in memory {
        println!("| {} | {} | {idle:.1} | {after:.1} |", case.name(), case.fsync().name());
    }
    Ok(())
}

/// A server and its store.
struct Running {
    /// Dropped before the store.
    server: Measured,
    redis: Option<(Redis, u32)>,
    _folder: TempDir,
}

impl Running {
    async fn start(case: Case) -> Result<Self> {
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
        Ok(Self { server, redis, _folder: folder })
    }

    /// Creates shares, then opens them.
    async fn costs(&mut self, case: Case) -> Result<[(&'static str, Cost); 2]> {
        let share = |_| Share::note("", TEXT, Terms::default());
        let shares = (0..COUNT + WARM_UP).map(share).collect::<Result<Vec<_>>>()?;
        let operations = |operation: fn(&Share) -> Result<Operation>| {
            shares.iter().map(operation).collect::<Result<Vec<_>>>()
        };
        let (create, mut open) = match case {
            Case::Bare(_) => (operations(bare_creation)?, operations(bare_opening)?),
            Case::Redis(_) | Case::Sqlite => (operations(creation)?, operations(opening)?),
        };
        let create = self.cost(create).await?;
        // They are created in order; those for which there was no time are not there.
        open.truncate(WARM_UP + create.outcome.done);
        Ok([("create", create), ("open", self.cost(open).await?)])
    }

    async fn cost(&self, mut operations: Vec<Operation>) -> Result<Cost> {
        let measured = operations.split_off(WARM_UP);
        load::run(&self.server.address, operations).await?;
        let before = self.cpu()?;
        let outcome = load::run(&self.server.address, measured).await?;
        let after = self.cpu()?;
        let each = |seconds: f64| seconds / outcome.done as f64 * 10_000.0;
        let server = each(after.0 - before.0);
        let redis = after.1.zip(before.1).map(|(after, before)| each(after - before));
        Ok(Cost { outcome, server, redis })
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
    let set = ["SET", "appendfsync", fsync.name()];
    redis::cmd("CONFIG").arg(&set).exec(&mut connection)?;
    let info: redis::InfoDict = redis::cmd("INFO").arg("server").query(&mut connection)?;
    let id = info.get("process_id").context("Redis says the number of its process")?;
    Ok((redis, id))
}

/// The release build that `cargo xtask bench` made.
fn waxseal(store: &str) -> Result<Command> {
    let binary = env::var_os("WAXSEAL_SERVER").context("run this with `cargo xtask bench`")?;
    let mut command = Command::new(binary);
    command.args(["--listen", "127.0.0.1:0", "--store", store]);
    // Counted as in production, but this many come from one address.
    command.args(["--creations-per-hour=1000000000", "--openings-per-hour=1000000000"]);
    Ok(command)
}

fn creation(share: &Share) -> Result<Operation> {
    let json = serde_json::to_vec(&share.request)?;
    Ok(vec![post("/api/shares", JSON, None, json)?])
}

/// The claim and its acknowledgement, as the recipient's page sends them.
fn opening(share: &Share) -> Result<Operation> {
    let claim = ClaimToken::generate(&mut SysRng)?;
    let bearer = claim.to_base64url();
    let json = serde_json::to_vec(&ClaimRequest { claim, proof: None })?;
    let path = |call| format!("/api/shares/{}/{call}", share.keys.id.to_base64url());
    Ok(vec![
        post(&path("claims"), JSON, Some(&share.keys.access.to_base64url()), json)?,
        post(&path("ack"), JSON, Some(&bearer), Vec::new())?,
    ])
}

fn bare_creation(share: &Share) -> Result<Operation> {
    let path = format!("/{}", share.keys.id.to_base64url());
    Ok(vec![post(&path, OCTETS, None, share.ciphertext().to_vec())?])
}

fn bare_opening(share: &Share) -> Result<Operation> {
    let path = format!("/{}/open", share.keys.id.to_base64url());
    Ok(vec![post(&path, OCTETS, None, Vec::new())?])
}
