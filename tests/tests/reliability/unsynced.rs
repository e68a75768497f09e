//! The power cut at any point of a mixed load: what was not synced may be gone, all of it or any part.
//!
//! Invariant: the calls are those of a real server, recorded; each disk that a power cut may leave is
//! given to a real server again.

use anyhow::{Context, Result, bail, ensure};
use std::{collections::BTreeSet, path::Path, sync::Arc};
use tokio::task::JoinSet;
use waxseal_tests::{
    api::Api,
    dice::Dice,
    disk::{Disk, Fate, in_memory},
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

/// Whether the syncs of a file or folder are forgotten.
type Forgets<'a> = &'a dyn Fn(&Path) -> bool;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
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
    let (mut disk, mut count) = (Disk::default(), 0);
    for (n, (moment, event)) in recording.events.iter().enumerate() {
        disk.play(event)?;
        if !points.contains(&n) {
            continue;
        }
        for fate in [Fate::Lost, *dice.pick(&[Fate::Torn, Fate::Mixed, Fate::Kept])] {
            let held = hold(&recording.lives, &disk, *moment, fate, &mut dice).await;
            held.with_context(|| format!("{fate:?} after call {n}, WAXSEAL_SEED={seed}"))?;
            count += 1;
        }
    }
    println!(
        "{count} power cuts at {} of {all} points; {} shares, {} steps",
        points.len(),
        recording.lives.len(),
        recording.lives.iter().map(|life| life.steps.len()).sum::<usize>()
    );
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
        let (moment, _) = events[at];
        if let Err(found) = hold(lives, &forgetful, moment, Fate::Mixed, dice).await {
            hold(lives, &true_disk, moment, Fate::Mixed, dice).await.context("with all syncs")?;
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

/// Cuts the power and holds a server on what is left to what was answered before.
async fn hold(lives: &[Life], disk: &Disk, moment: u64, fate: Fate, dice: &mut Dice) -> Result<()> {
    let folder = in_memory()?;
    disk.cut(fate, dice, folder.path())?;
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
    let (mut lives, mut files) = (lives.to_vec(), 0);
    for life in &mut lives {
        let state = life.find(&api, moment).await?;
        files += life.files(&state);
        life.settle(state);
    }
    let there = part_files(&database)?;
    ensure!(there == files, "{there} files of parts instead of {files}");
    for life in &mut lives {
        life.open(&api, life.state.clone(), dice).await?;
    }
    Ok(())
}
