//! Looking at what power cuts left.
//!
//! Invariant: what is, byte for byte, the same as before is not looked at again, unless other answers had
//! been given by then.

use super::recording::{DATABASE, OPTIONS};
use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use std::{collections::HashSet, sync::Arc, thread::available_parallelism};
use tokio::task::JoinSet;
use waxseal_tests::{
    api::Api,
    dice::Dice,
    disk::{Image, in_memory},
    lives::{
        Life,
        check::{check_integrity, part_files, seals_at_rest},
        state::State,
    },
    server::Server,
};

/// Violations that are told.
const TOLD: usize = 10;

/// Disks that are looked at, several at once.
pub(crate) struct Checks {
    lives: Arc<Vec<Life>>,
    at_once: usize,
    cuts: usize,
    /// By digest, with what each share might be.
    seen: HashSet<([u8; 32], Vec<Vec<State>>)>,
    running: JoinSet<Result<(), String>>,
    violations: Vec<String>,
}

impl Checks {
    /// Of disks with these shares.
    pub(crate) fn of(lives: &[Life]) -> Result<Self> {
        Ok(Self {
            lives: Arc::new(lives.to_vec()),
            // Each waits a little for answers that leave at even times.
            at_once: 2 * available_parallelism()?.get(),
            cuts: 0,
            seen: HashSet::new(),
            running: JoinSet::new(),
            violations: Vec::new(),
        })
    }

    /// Looks at one when it is its turn, and does not wait for what comes of it.
    pub(crate) async fn add(
        &mut self,
        case: String,
        image: Image,
        moment: u64,
        dice: &mut Dice,
    ) -> Result<()> {
        self.cuts += 1;
        let possible = self.lives.iter().map(|life| life.possible(moment)).collect();
        if !self.seen.insert((image.digest(), possible)) {
            return Ok(());
        }
        while self.running.len() >= self.at_once {
            self.next().await?;
        }
        let (lives, mut dice) = (Arc::clone(&self.lives), Dice::new(dice.roll()));
        self.running.spawn(async move {
            let held = hold(&lives, &image, moment, &mut dice).await.context(case);
            held.map_err(|error| format!("{error:#}"))
        });
        Ok(())
    }

    /// Waits for all of them; says how many there were.
    ///
    /// # Errors
    /// If something that was answered did not hold.
    pub(crate) async fn end(mut self) -> Result<String> {
        while !self.running.is_empty() {
            self.next().await?;
        }
        let told: Vec<_> = self.violations.iter().take(TOLD).map(String::as_str).collect();
        let count = self.violations.len();
        ensure!(count == 0, "{count} violations, such as\n{}", told.join("\n"));
        Ok(format!(
            "{} power cuts, {} of them different; violations: 0",
            self.cuts,
            self.seen.len()
        ))
    }

    async fn next(&mut self) -> Result<()> {
        if let Some(ended) = self.running.join_next().await {
            self.violations.extend(ended?.err());
        }
        Ok(())
    }
}

/// Holds a server on what a power cut left to what was answered before.
pub(crate) async fn hold(
    lives: &[Life],
    image: &Image,
    moment: u64,
    dice: &mut Dice,
) -> Result<()> {
    let folder = in_memory()?;
    image.write(folder.path())?;
    let database = folder.path().join(DATABASE);
    if database.exists() {
        check_integrity(&database)?;
    }
    let found = seals_at_rest(folder.path())?;
    for life in lives {
        let spent = life.possible(moment).iter().all(|state| state.is_spent());
        ensure!(!spent || !found.contains(&life.number), "the seal of {} is there", life.number);
    }
    let server = Server::on(folder, DATABASE, Vec::new(), &OPTIONS)?;
    let api = Api::new(&format!("http://127.0.0.1:{}", server.port()));
    let states = try_join_all(lives.iter().map(|life| life.find(&api, moment))).await?;
    let files: usize = lives.iter().zip(&states).map(|(life, state)| life.files(state)).sum();
    let there = part_files(&database)?;
    ensure!(there == files, "{there} files of parts instead of {files}");
    try_join_all(lives.iter().zip(states).map(|(life, state)| {
        let (mut life, api, mut dice) = (life.clone(), &api, Dice::new(dice.roll()));
        async move {
            life.settle(state);
            life.open(api, life.state.clone(), &mut dice).await
        }
    }))
    .await?;
    Ok(())
}
