//! The power cut once more, while a server recovers from the first cut.

use super::{
    brief,
    checks::{Checks, hold},
    fates,
    recording::{DATABASE, OPTIONS, Recording, record},
};
use anyhow::{Result, bail};
use waxseal_tests::{
    dice::Dice,
    disk::{Disk, Fate, Image, in_memory},
    extent::extent,
    server::Server,
    trace::{self, Event},
};

/// Recoveries until it must have been noticed that syncs are missing.
const TRIES: u32 = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_answered_before_a_power_cut_holds_after_two() -> Result<()> {
    let seed = Dice::seed()?;
    println!("WAXSEAL_SEED={seed}");
    let mut dice = Dice::new(seed);
    let recording = record(&mut dice).await?;
    let (recoveries, mut points) = (extent(2, 25), 0);
    let mut checks = Checks::of(&recording.lives)?;
    for _ in 0..recoveries {
        let (first, n) = cut_amid_writes(&recording, &mut dice)?;
        let calls = recover(&first)?;
        let mut disk = Disk::of(&first)?;
        for (call, event) in calls.iter().enumerate() {
            disk.play(event)?;
            // All of them, or some.
            if dice.below(calls.len() as u64) >= extent(4, calls.len()) as u64 {
                continue;
            }
            points += 1;
            for fate in fates(&mut dice) {
                let image = disk.cut(fate, &mut dice);
                let case =
                    format!("{fate:?} after call {call} after call {n}, WAXSEAL_SEED={seed}");
                checks.add(case, image, recording.moment_after(n), &mut dice).await?;
            }
        }
    }
    println!("{} at {points} points of {recoveries} recoveries", checks.end().await?);
    Ok(())
}

/// What is rolled back has to be on the disk before the journal goes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recovery_whose_syncs_are_forgotten_is_found_out() -> Result<()> {
    let seed = Dice::seed()?;
    println!("WAXSEAL_SEED={seed}");
    let mut dice = Dice::new(seed);
    let recording = record(&mut dice).await?;
    for recovery in 1..=TRIES {
        let (first, n) = cut_amid_writes(&recording, &mut dice)?;
        let mut disk = Disk::of(&first)?;
        for event in recover(&first)? {
            if event != Event::Sync(DATABASE.into()) {
                disk.play(&event)?;
            }
        }
        let image = disk.cut(Fate::Lost, &mut dice);
        let held = hold(&recording.lives, &image, recording.moment_after(n), &mut dice).await;
        if let Err(found) = held {
            println!("recovery {recovery} shows it: {}", brief(&found));
            return Ok(());
        }
    }
    bail!("{TRIES} recoveries and nobody noticed, WAXSEAL_SEED={seed}")
}

/// Cuts the power while the database is written to, so that there is something to recover from, after
/// the call that is said.
fn cut_amid_writes(recording: &Recording, dice: &mut Dice) -> Result<(Image, usize)> {
    let n = *dice.pick(&recording.writes());
    let mut disk = Disk::default();
    for (_, event) in &recording.events[..=n] {
        disk.play(event)?;
    }
    let fate = *dice.pick(&[Fate::Kept, Fate::Torn, Fate::Mixed]);
    Ok((disk.cut(fate, dice), n))
}

/// What a server does with it before it listens.
fn recover(image: &Image) -> Result<Vec<Event>> {
    let (folder, traces) = (in_memory()?, in_memory()?);
    image.write(folder.path())?;
    let (root, trace) = (folder.path().to_owned(), traces.path().join("trace"));
    let mut server = Server::on(folder, DATABASE, trace::tracer(&trace), &OPTIONS)?;
    let done = trace::length(&trace);
    server.kill();
    let events = trace::read(&trace, &root)?;
    Ok(events.into_iter().take_while(|(when, _)| *when <= done).map(|(_, event)| event).collect())
}
