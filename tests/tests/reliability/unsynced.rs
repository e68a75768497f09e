//! The power cut at any point of a mixed load: what was not synced may be gone, all of it or any part.
//!
//! Invariant: the calls are those of a real server, recorded; each disk that a power cut leaves is given
//! to a real server again, but for one that is, byte for byte, what was looked at before, while the same
//! had been answered.

use anyhow::{Context, Result, bail, ensure};
use futures_util::future::try_join_all;
use std::{
    collections::{BTreeSet, HashSet},
    path::Path,
    sync::Arc,
    thread::available_parallelism,
};
use tokio::task::JoinSet;
use waxseal_tests::{
    api::Api,
    dice::Dice,
    disk::{Disk, Fate, Image, in_memory},
    extent::extent,
    lives::{
        Life,
        check::{check_integrity, part_files, seals_at_rest},
        load::Moment,
    },
    server::Server,
    trace::{self, Event},
};

/// In a folder that the server has to make, too.
const DATABASE: &str = "data/waxseal.db";

const OPTIONS: [&str; 2] = ["--lease", "24h"];

const CLIENTS: u32 = 3;

/// Shares of each client.
const SHARES: u32 = 2;

/// Sizes of shares that are left as they are, waiting to be opened: a row, a file, several parts.
const LEFT: [u64; 3] = [1024, 200_000, 1_100_000];

/// Cuts until it must have been noticed that syncs are missing.
const TRIES: u32 = 60;

/// What a server did, and what it answered.
struct Recording {
    events: Vec<(u64, Event)>,
    lives: Vec<Life>,
}

impl Recording {
    /// The last moment at which no more was done than call `n`: what was answered till then rests on
    /// that alone.
    fn moment_after(&self, n: usize) -> u64 {
        self.events.get(n + 1).map_or(u64::MAX, |(done, _)| done - 1)
    }
}

/// Whether the syncs of a file or folder are forgotten.
type Forgets<'a> = &'a dyn Fn(&Path) -> bool;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_answered_before_a_power_cut_holds_after_it() -> Result<()> {
    let seed = Dice::seed()?;
    println!("WAXSEAL_SEED={seed}");
    let mut dice = Dice::new(seed);
    let recording = record(&mut dice).await?;
    let all = recording.events.len();
    let cuts = extent(25, all);
    let points: BTreeSet<usize> = match cuts {
        // Each of them.
        cuts if cuts == all => (0..all).collect(),
        cuts => (0..cuts as u64).map(|_| dice.below(all as u64) as usize).collect(),
    };
    let (mut disk, mut cuts, mut seen) = (Disk::default(), 0, HashSet::new());
    let mut checks = Checks::of(&recording.lives)?;
    for (n, (_, event)) in recording.events.iter().enumerate() {
        disk.play(event)?;
        if !points.contains(&n) {
            continue;
        }
        let mut fates = [Fate::Torn, Fate::Mixed, Fate::Kept];
        fates.rotate_left(dice.below(3) as usize);
        for fate in [Fate::Lost].iter().chain(&fates[..extent(1, 3)]) {
            cuts += 1;
            let (moment, image) = (recording.moment_after(n), disk.cut(*fate, &mut dice));
            let possible: Vec<_> =
                recording.lives.iter().map(|life| life.possible(moment)).collect();
            // What is the same and may hold the same has been looked at.
            if seen.insert((image.digest(), possible)) {
                let case = format!("{fate:?} after call {n}, WAXSEAL_SEED={seed}");
                checks.start(case, image, moment, Dice::new(dice.roll())).await?;
            }
        }
    }
    let violations = checks.end().await?;
    println!(
        "{cuts} power cuts at {} of {all} points, {} of them different; {} shares, {} steps; \
         violations: {}",
        points.len(),
        seen.len(),
        recording.lives.len(),
        recording.lives.iter().map(|life| life.steps.len()).sum::<usize>(),
        violations.len()
    );
    let first: Vec<_> = violations.iter().take(10).map(String::as_str).collect();
    ensure!(violations.is_empty(), "{}", first.join("\n"));
    Ok(())
}

/// Each sync is needed, and this is how it is seen that the test above would miss none of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_forgets_syncs_is_found_out() -> Result<()> {
    let seed = Dice::seed()?;
    println!("WAXSEAL_SEED={seed}");
    let mut dice = Dice::new(seed);
    let recording = record(&mut dice).await?;
    let in_parts = |path: &Path| path.parent() == Some(Path::new("data/waxseal.db.parts"));
    let forgetting: [(&str, Forgets<'_>); 6] = [
        ("journal", &|path| path == Path::new("data/waxseal.db-journal")),
        ("database", &|path| path == Path::new(DATABASE)),
        ("parts", &in_parts),
        ("names of parts", &|path| path == Path::new("data/waxseal.db.parts")),
        ("names of the database and of the folder of parts", &|path| path == Path::new("data")),
        ("name of the database's folder", &|path| path == Path::new("")),
    ];
    for (what, forgets) in forgetting {
        let found = found_out(&recording, forgets, &mut dice).await;
        let found = found.with_context(|| format!("{what}, WAXSEAL_SEED={seed}"))?;
        println!("without the syncs of the {what}: {found}");
    }
    Ok(())
}

/// Cuts the power until it is noticed that some syncs are missing; says what was noticed.
async fn found_out(recording: &Recording, forgets: Forgets<'_>, dice: &mut Dice) -> Result<String> {
    let Recording { events, lives } = recording;
    let last = events.len() - 1;
    // While the database is written to the journal matters, and in the end everything else.
    let writes: Vec<usize> = (0..last)
        .filter(|n| matches!(&events[*n].1, Event::Write(path, ..) if path == Path::new(DATABASE)))
        .collect();
    for cut in 1..=TRIES {
        let at = if cut % 2 == 0 { last } else { *dice.pick(&writes) };
        let (mut forgetful, mut true_disk) = (Disk::default(), Disk::default());
        for (_, event) in &events[..=at] {
            true_disk.play(event)?;
            if !matches!(event, Event::Sync(path) if forgets(path)) {
                forgetful.play(event)?;
            }
        }
        let moment = recording.moment_after(at);
        let image = forgetful.cut(Fate::Mixed, dice);
        if let Err(found) = hold(lives, &image, moment, dice).await {
            let image = true_disk.cut(Fate::Mixed, dice);
            hold(lives, &image, moment, dice).await.context("with all syncs")?;
            let found: String = format!("{found:#}").replace('\n', " ").chars().take(120).collect();
            return Ok(format!("power cut {cut} shows it: {found} …"));
        }
    }
    bail!("{TRIES} power cuts and nobody noticed")
}

/// Has clients at work on a server that is watched.
async fn record(dice: &mut Dice) -> Result<Recording> {
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

/// Several disks that are looked at at once.
struct Checks {
    lives: Arc<Vec<Life>>,
    at_once: usize,
    running: JoinSet<Result<(), String>>,
    violations: Vec<String>,
}

impl Checks {
    fn of(lives: &[Life]) -> Result<Self> {
        // Each waits a little for answers that leave at even times.
        let at_once = 2 * available_parallelism()?.get();
        let lives = Arc::new(lives.to_vec());
        Ok(Self { lives, at_once, running: JoinSet::new(), violations: Vec::new() })
    }

    /// Looks at one when it is its turn, and does not wait for what comes of it.
    async fn start(
        &mut self,
        case: String,
        image: Image,
        moment: u64,
        mut dice: Dice,
    ) -> Result<()> {
        while self.running.len() >= self.at_once {
            self.next().await?;
        }
        let lives = Arc::clone(&self.lives);
        self.running.spawn(async move {
            let held = hold(&lives, &image, moment, &mut dice).await.context(case);
            held.map_err(|error| format!("{error:#}"))
        });
        Ok(())
    }

    /// What all of them came to.
    async fn end(mut self) -> Result<Vec<String>> {
        while !self.running.is_empty() {
            self.next().await?;
        }
        Ok(self.violations)
    }

    async fn next(&mut self) -> Result<()> {
        if let Some(ended) = self.running.join_next().await {
            self.violations.extend(ended?.err());
        }
        Ok(())
    }
}

/// Holds a server on what a power cut left to what was answered before.
async fn hold(lives: &[Life], image: &Image, moment: u64, dice: &mut Dice) -> Result<()> {
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
