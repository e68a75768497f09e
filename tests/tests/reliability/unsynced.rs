//! The power cut at any point of a mixed load: what was not synced may be gone, all of it or any part.
//!
//! Invariant: the calls are those of a real server, recorded; what a power cut leaves is given to a real
//! server again.

mod checks;
mod recording;
mod recovery;

use anyhow::{Context, Result, bail};
use checks::{Checks, hold};
use recording::{DATABASE, Recording, record};
use std::{collections::BTreeSet, path::Path};
use waxseal_tests::{
    dice::Dice,
    disk::{Disk, Fate},
    extent::extent,
    trace::Event,
};

/// Cuts until it must have been noticed that syncs are missing.
const TRIES: u32 = 200;

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
    let (mut disk, mut checks) = (Disk::default(), Checks::of(&recording.lives)?);
    for (n, (_, event)) in recording.events.iter().enumerate() {
        disk.play(event)?;
        if !points.contains(&n) {
            continue;
        }
        for fate in fates(&mut dice) {
            let image = disk.cut(fate, &mut dice);
            let case = format!("{fate:?} after call {n}, WAXSEAL_SEED={seed}");
            checks.add(case, image, recording.moment_after(n), &mut dice).await?;
        }
    }
    println!(
        "{} at {} of {all} points; {} shares, {} steps",
        checks.end().await?,
        points.len(),
        recording.lives.len(),
        recording.lives.iter().map(|life| life.steps.len()).sum::<usize>(),
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
    let writes = recording.writes();
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
            return Ok(format!("power cut {cut} shows it: {}", brief(&found)));
        }
    }
    bail!("{TRIES} power cuts and nobody noticed")
}

/// What becomes of what is not synced at one point: each of the fates, or two of them.
fn fates(dice: &mut Dice) -> Vec<Fate> {
    let mut others = [Fate::Torn, Fate::Mixed, Fate::Kept];
    others.rotate_left(dice.below(3) as usize);
    [&[Fate::Lost], &others[..extent(1, 3)]].concat()
}

/// The beginning of what was noticed.
fn brief(found: &anyhow::Error) -> String {
    let line = format!("{found:#}").replace('\n', " ");
    format!("{line:.120} …")
}
