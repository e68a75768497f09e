//! `siege`: connections that are only in the way, and an honest person's requests meanwhile.
//!
//! Invariant: the server has its default settings, and the besiegers are gone by themselves at the end.

use crate::{
    TEXT,
    figures::quantile,
    measured::{Measured, resident_mib},
};
use anyhow::{Context, Result, ensure};
use getrandom::SysRng;
use std::{
    env,
    process::Command,
    time::{Duration, Instant},
};
use waxseal_core::token::ClaimToken;
use waxseal_tests::{
    api::Api,
    share::{Share, Terms},
    siege::{self, Held, Way, besiege},
};

/// Of each way at once.
const EACH: usize = 500;

/// When a connection counts as never closed.
const PATIENCE: Duration = Duration::from_secs(180);

/// Addresses that besiegers have: many, so that the limit for each keeps none out, and one.
const SOURCES: [u8; 2] = [100, 1];

/// Two ways at a time.
const SIEGES: [[Way; 2]; 3] =
    [[Way::Silent, Way::SlowBody], [Way::Kept, Way::StalledBody], [Way::SlowHead, Way::Deaf]];

/// Measures and prints.
pub(crate) async fn bench() -> Result<()> {
    siege::allow(4096)?;
    println!(
        "\n## Siege: {EACH} connections of each of two ways at once, SQLite, default settings\n"
    );
    println!(
        "| in the way | from addresses | refused at once | the last closed after s | created and opened meanwhile | p50 ms | p99 ms | resident MiB before | at most |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for sources in SOURCES {
        for ways in SIEGES {
            row(ways, sources).await?;
        }
    }
    Ok(())
}

async fn row(ways: [Way; 2], sources: u8) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let store = format!("sqlite:{}/waxseal.db", folder.path().display());
    let binary = env::var_os("WAXSEAL_SERVER").context("run this with `cargo xtask bench`")?;
    let mut command = Command::new(binary);
    command.args(["--listen", "127.0.0.1:0", "--store", &store]);
    // The honest person is one in a hurry.
    command.args(["--creations-per-hour=0", "--openings-per-hour=0"]);
    let server = Measured::start(&mut command)?;
    let api = Api::new(&format!("http://{}", server.address));
    for _ in 0..100 {
        serve(&api).await?;
    }
    let before = resident_mib(server.id())?;
    let address = server.address.parse()?;
    let ways = ways.map(|way| (way, EACH));
    let besieged = tokio::spawn(async move { besiege(address, &ways, sources, PATIENCE).await });
    let (mut latencies, mut most) = (Vec::new(), before);
    while !besieged.is_finished() {
        let start = Instant::now();
        serve(&api).await?;
        latencies.push(start.elapsed().as_secs_f64() * 1000.0);
        most = most.max(resident_mib(server.id())?);
    }
    latencies.sort_by(f64::total_cmp);
    let held = besieged.await??;
    let at_once = |held: &&Held| held.closed_after < Duration::from_secs(1);
    let closed = ways.map(|(way, _)| {
        let of_way = held.iter().filter(|held| held.way == way);
        let last = of_way.map(|held| held.closed_after).max().unwrap_or_default();
        format!("{way:?} {:.1}", last.as_secs_f64())
    });
    println!(
        "| {:?}, {:?} | {sources} | {} | {} | {} | {:.1} | {:.1} | {before:.1} | {most:.1} |",
        ways[0].0,
        ways[1].0,
        held.iter().filter(at_once).count(),
        closed.join(", "),
        latencies.len(),
        quantile(&latencies, 0.5),
        quantile(&latencies, 0.99),
    );
    Ok(())
}

/// An honest creation and its opening.
async fn serve(api: &Api) -> Result<()> {
    let share = Share::note("", TEXT, Terms::default())?;
    let created = api.create(&share).await?;
    ensure!(created.status == 201, "the server answered {created:?}");
    let opened = api.claim(&share, &ClaimToken::generate(&mut SysRng)?, None).await?;
    ensure!(opened.status == 200, "the server answered {opened:?}");
    Ok(())
}
