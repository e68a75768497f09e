//! `start`: how big the server is, how soon it answers, what it needs when nobody asks anything.
//!
//! Invariant: a start is from the process' beginning to the first answer that it gives.

use crate::{
    bare,
    figures::Spread,
    load,
    measured::{Measured, resident_mib},
    requests::file,
    running::waxseal,
};
use anyhow::{Context, Result, ensure};
use std::{
    env, fs,
    process::Command,
    time::{Duration, Instant},
};
use tokio::time::sleep;
use waxseal_tests::redis::Redis;

/// Starts of each.
const STARTS: usize = 20;

/// After this long without a request a server counts as idle.
const IDLE: Duration = Duration::from_secs(2);

/// Measures and prints.
pub(crate) async fn bench() -> Result<()> {
    println!("\n## Start\n");
    println!("| server | start to first answer ms: min | median | max | resident MiB when idle |");
    println!("|---|---|---|---|---|");
    let redis = Redis::start(None).await?;
    let folder = tempfile::tempdir()?;
    let sqlite = format!("sqlite:{}/waxseal.db", folder.path().display());
    let bare = || bare::command(&redis.url());
    row("bare", &bare, "/bytes/3").await?;
    row("Waxseal on Redis", &|| waxseal(&redis.url()), "/healthz").await?;
    row("Waxseal on SQLite", &|| waxseal(&sqlite), "/healthz").await?;
    let binary = env::var_os("WAXSEAL_SERVER").context("run this with `cargo xtask bench`")?;
    let stripped = folder.path().join("stripped");
    let strip = Command::new("strip").arg("-o").arg(&stripped).arg(&binary).status();
    ensure!(strip.context("strip is of binutils")?.success(), "strip failed");
    let mib = |len: u64| len as f64 / f64::from(1 << 20);
    println!(
        "\nThe binary has {:.1} MiB, stripped {:.1} MiB.",
        mib(fs::metadata(&binary)?.len()),
        mib(fs::metadata(&stripped)?.len())
    );
    Ok(())
}

async fn row(name: &str, command: &dyn Fn() -> Result<Command>, path: &str) -> Result<()> {
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let start = Instant::now();
        let server = Measured::start(&mut command()?)?;
        load::ask(&server.address, file(path)?).await?;
        starts.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    let server = Measured::start(&mut command()?)?;
    sleep(IDLE).await;
    println!("| {name} | {} | {:.1} |", Spread::of(starts), resident_mib(server.id())?);
    Ok(())
}
