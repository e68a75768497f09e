//! The server killed at any point of a mixed load, again and again, on the same files.

use anyhow::{Context, Result, bail, ensure};
use std::{
    collections::BTreeSet,
    hint::spin_loop,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{sync::Notify, task::JoinSet};
use waxseal_core::wire::ShareState;
use waxseal_tests::{
    api::Api,
    dice::Dice,
    disk::in_memory,
    extent::extent,
    lives::{
        Life,
        calls::look_at_all,
        check::{check_integrity, part_files, seals_at_rest},
        load::Moment,
    },
    server::Server,
};

const DATABASE: &str = "waxseal.db";

const CLIENTS: u64 = 6;

/// A kill comes after so many requests and answers, at most.
const MOMENTS: u64 = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_before_a_kill_holds_after_it() -> Result<()> {
    let kills = extent(20, 200);
    let seed = Dice::seed()?;
    println!("WAXSEAL_SEED={seed}");
    let mut dice = Dice::new(seed);
    let mut server = Server::on(in_memory()?, DATABASE, Vec::new(), &["--lease", "24h"])?;
    let api = Api::new(&format!("http://127.0.0.1:{}", server.port()));
    let folder = server.store().folder().to_owned();
    let database = folder.join(DATABASE);
    let (mut lives, mut counts) = (Vec::new(), Counts::default());
    for kill in 1..=kills {
        let at = || format!("at kill {kill} with WAXSEAL_SEED={seed}");
        let touched = crash(&mut server, &api, &mut lives, &mut dice).await.with_context(at)?;
        check_files(&folder, &database, lives.iter().chain(&touched)).with_context(at)?;
        server.restart()?;
        let checked = check(&api, &mut lives, touched, &mut dice, &mut counts);
        checked.await.with_context(at)?;
        let files: usize = lives.iter().map(|life| life.files(&life.state)).sum();
        let found = part_files(&database)?;
        ensure!(found == files, "{found} files of parts instead of {files}, {}", at());
    }
    for life in &mut lives {
        let state = life.open(&api, life.state.clone(), &mut dice).await?;
        life.settle(state);
    }
    server.stop()?;
    check_files(&folder, &database, lives.iter())?;
    let spent = lives.iter().filter(|life| life.state.is_spent()).count();
    println!(
        "{kills} kills; {} shares, {spent} of them spent; {} steps answered, {} cut off, {} of \
         which had happened and {} had not",
        lives.len(),
        counts.answered,
        counts.happened + counts.not_happened,
        counts.happened,
        counts.not_happened
    );
    // Otherwise it was no test.
    ensure!(counts.happened + counts.not_happened > 0, "no kill hit anything");
    Ok(())
}

#[derive(Default)]
struct Counts {
    answered: usize,
    happened: usize,
    not_happened: usize,
}

/// Has clients at work, on shares of before and new ones, and kills the server meanwhile. Returns what
/// they had in hand.
async fn crash(
    server: &mut Server,
    api: &Api,
    lives: &mut Vec<Life>,
    dice: &mut Dice,
) -> Result<Vec<Life>> {
    let (survivors, others): (Vec<_>, Vec<_>) =
        lives.drain(..).partition(|life| !life.state.is_spent() && dice.percent(40));
    lives.extend(others);
    let numbers = u32::try_from(lives.len() + survivors.len())?;
    let (numbers, reached) = (Arc::new(AtomicU32::new(numbers)), Arc::new(Notify::new()));
    let last = 1 + dice.below(MOMENTS);
    let moment: Moment = {
        let (moments, reached) = (AtomicU64::new(0), Arc::clone(&reached));
        Arc::new(move || {
            let now = moments.fetch_add(1, Ordering::SeqCst);
            if now == last {
                reached.notify_one();
            }
            now
        })
    };
    let mut survivors = survivors.into_iter();
    let share = survivors.len().div_ceil(usize::try_from(CLIENTS)?);
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let own: Vec<Life> = survivors.by_ref().take(share).collect();
        let (api, dice) = (api.clone(), Dice::new(dice.roll()));
        clients.spawn(client(api, dice, own, Arc::clone(&numbers), Arc::clone(&moment)));
    }
    tokio::select! {
        () = reached.notified() => {}
        ended = clients.join_next() => bail!("a client ended before the kill: {:?}", ended.map(Result::err)),
    }
    let later = Instant::now() + Duration::from_micros(dice.below(5000));
    while Instant::now() < later {
        spin_loop();
    }
    server.kill();
    let mut touched = Vec::new();
    while let Some(ended) = clients.join_next().await {
        touched.extend(ended??);
    }
    Ok(touched)
}

async fn client(
    api: Api,
    mut dice: Dice,
    mut own: Vec<Life>,
    numbers: Arc<AtomicU32>,
    moment: Moment,
) -> Result<Vec<Life>> {
    let mut touched = Vec::new();
    loop {
        let mut life = own
            .pop()
            .unwrap_or_else(|| Life::new(numbers.fetch_add(1, Ordering::SeqCst), &mut dice));
        let there = life.live(&api, &mut dice, &moment).await?;
        touched.push(life);
        if !there {
            touched.extend(own);
            return Ok(touched);
        }
    }
}

/// The files as the kill left them: sound, and without a trace of what was spent for sure.
fn check_files<'a>(
    folder: &Path,
    database: &Path,
    lives: impl Iterator<Item = &'a Life> + Clone,
) -> Result<()> {
    check_integrity(database)?;
    let found = seals_at_rest(folder)?;
    let numbers = |which: fn(&Life) -> bool| -> BTreeSet<u32> {
        lives.clone().filter(|life| which(life)).map(|life| life.number).collect()
    };
    let spent = numbers(|life| life.possible(u64::MAX).iter().all(|state| state.is_spent()));
    let traces: Vec<_> = found.intersection(&spent).collect();
    ensure!(traces.is_empty(), "the seals of the spent shares {traces:?} are in the files");
    // Those that are there are found, so those that are not found are not there.
    let there = numbers(|life| {
        let has_seal = |state: &_| life.has_seal(state);
        life.possible(u64::MAX).iter().all(has_seal)
    });
    let missing: Vec<_> = there.difference(&found).collect();
    ensure!(missing.is_empty(), "the seals of the shares {missing:?} are lost");
    Ok(())
}

/// The server as it is after the restart: every share as it was answered.
async fn check(
    api: &Api,
    lives: &mut Vec<Life>,
    touched: Vec<Life>,
    dice: &mut Dice,
    counts: &mut Counts,
) -> Result<()> {
    look_at_all(api, &lives.iter().collect::<Vec<_>>()).await?;
    for mut life in touched {
        let possible = life.possible(u64::MAX);
        let state = life.find(api, u64::MAX).await?;
        counts.answered += life.steps.iter().filter(|noted| noted.answered.is_some()).count();
        if let [before, after] = &possible[..]
            && before != after
        {
            if state == *before { counts.not_happened += 1 } else { counts.happened += 1 }
        }
        // What is spent is asked for in vain; some of the rest is opened now, and all of it in the end.
        let over = !matches!(state.stage(), ShareState::Live | ShareState::Staged);
        let state =
            if over || dice.percent(20) { life.open(api, state, dice).await? } else { state };
        life.settle(state);
        lives.push(life);
    }
    let spent: Vec<_> = lives.iter().filter(|life| life.state.is_spent()).collect();
    if !spent.is_empty() {
        let mut life = (*dice.pick(&spent)).clone();
        life.open(api, life.state.clone(), dice).await?;
    }
    Ok(())
}
