//! A mixed load on a server whose every call is recorded.

use anyhow::{Context, Result, ensure};
use std::{path::Path, sync::Arc};
use tokio::task::JoinSet;
use waxseal_tests::{
    api::Api,
    dice::Dice,
    disk::in_memory,
    lives::{Life, load::Moment},
    server::Server,
    trace::{self, Event},
};

/// In a folder that the server has to make, too.
pub(crate) const DATABASE: &str = "data/waxseal.db";

pub(crate) const OPTIONS: [&str; 2] = ["--lease", "24h"];

const CLIENTS: u32 = 3;

/// Shares of each client.
const SHARES: u32 = 2;

/// Sizes of shares that are left as they are, waiting to be opened: a row, a file, several parts.
const LEFT: [u64; 3] = [1024, 200_000, 1_100_000];

/// What a server did, and what it answered.
pub(crate) struct Recording {
    /// Its calls, and how long the trace was then.
    pub(crate) events: Vec<(u64, Event)>,
    /// With all that was answered.
    pub(crate) lives: Vec<Life>,
}

impl Recording {
    /// The last moment at which no more was done than call `n`: what was answered till then rests on
    /// that alone.
    pub(crate) fn moment_after(&self, n: usize) -> u64 {
        self.events.get(n + 1).map_or(u64::MAX, |(done, _)| done - 1)
    }

    /// The calls, but for the last, that write to the database, whose journal is in force then.
    pub(crate) fn writes(&self) -> Vec<usize> {
        let to_database = |n: &usize| matches!(&self.events[*n].1, Event::Write(path, ..) if path == Path::new(DATABASE));
        (0..self.events.len() - 1).filter(to_database).collect()
    }
}

/// Has clients at work on a server that is watched.
pub(crate) async fn record(dice: &mut Dice) -> Result<Recording> {
    let (folder, traces) = (in_memory()?, in_memory()?);
    let trace = traces.path().join("trace");
    let root = folder.path().to_owned();
    let server = Server::on(folder, DATABASE, trace::tracer(&trace), &OPTIONS)
        .context("watching needs strace: `cargo xtask test` installs it, or says how to")?;
    let api = Api::new(&format!("http://127.0.0.1:{}", server.port()));
    let moment: Moment = {
        let trace = trace.clone();
        Arc::new(move || trace::length(&trace))
    };
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (api, moment, mut dice) = (api.clone(), Arc::clone(&moment), Dice::new(dice.roll()));
        clients.spawn(async move {
            let mut lives = Vec::new();
            for number in client * SHARES..(client + 1) * SHARES {
                let mut life = Life::new(number, &mut dice);
                ensure!(life.live(&api, &mut dice, &moment).await?, "the server is gone");
                lives.push(life);
            }
            Ok(lives)
        });
    }
    let mut lives = Vec::new();
    while let Some(ended) = clients.join_next().await {
        lives.extend(ended??);
    }
    for (plaintext, number) in LEFT.into_iter().zip(CLIENTS * SHARES..) {
        let mut life = Life::of(number, plaintext, Some(1), dice);
        let mut state = life.state.clone();
        for step in life.upload() {
            ensure!(life.step(&api, &mut state, step, &moment).await?, "the server is gone");
        }
        lives.push(life);
    }
    Ok(Recording { events: trace::read(&trace, &root)?, lives })
}
