//! A disk without a byte left: nothing new is taken, and everything that was promised still holds.

use anyhow::{Context, Result, ensure};
use fs4::available_space;
use serde_json::Value;
use std::fs;
use waxseal_tests::{
    deployment::Deployment,
    dice::Dice,
    lives::{
        Life,
        check::{check_integrity, seals_at_rest},
        client::Client,
        state::{Outcome, Step},
    },
    server::{Engine, Server},
    share::Terms,
    volume::Volume,
};

/// What the server leaves free, and room for some shares.
const VOLUME: u64 = (64 + 24) * 1024 * 1024;

const DATABASE: &str = "data/waxseal.db";

/// One part, a file.
const FILE: u64 = 200_000;

/// Three parts.
const PARTS: u64 = 2_200_000;

#[tokio::test]
async fn on_a_full_disk_only_what_takes_room_is_refused() -> Result<()> {
    let mut dice = Dice::new(1);
    let folder = tempfile::tempdir()?;
    let volume = Volume::mount(folder.path(), VOLUME)?;
    let inside = volume.path();
    let mut server = Server::on(folder, DATABASE, volume.launcher(), &[])?;
    let client = Client::of(&server);

    // While there is room.
    let mut stored = Vec::new();
    for (number, plaintext) in (0..).zip([1024, FILE, PARTS, 1024, FILE, PARTS]) {
        let mut life = Life::of(number, plaintext, Some(1), &mut dice);
        client.upload(&mut life).await?;
        stored.push(life);
    }
    let mut endless = Life::of(10, FILE, None, &mut dice);
    client.upload(&mut endless).await?;
    let mut guessed = Life::of(11, 1024, Some(1), &mut dice).with_passphrase(&mut dice);
    client.upload(&mut guessed).await?;
    let mut staged = Life::of(12, PARTS, Some(1), &mut dice);
    client.steps(&mut staged, &[Step::Create, Step::Put(0), Step::Put(1)]).await?;

    // The server's own shares fill the disk no further than to what it leaves free.
    let mut created = 0;
    let (mut dice, mut others) = (dice.clone(), dice);
    let mut other = |number| Life::of(number, FILE, Some(1), &mut others);
    while client.creates(&other(1000 + created)).await? {
        created += 1;
    }
    println!(
        "{created} shares of {FILE} bytes until 507, {} bytes free",
        available_space(&inside)?
    );
    ensure!(created > 0, "there was no room from the start");

    // Another program fills the rest.
    volume.fill()?;
    ensure!(available_space(&inside)? == 0, "the disk is not full");
    ensure!(!client.creates(&other(2000)).await?, "a share is created on a full disk");
    let put = staged.ask(&client.api, Step::Put(2)).await?;
    ensure!(put == Outcome::Full, "a part is answered {put:?}");
    for life in &mut stored[..3] {
        client.open(life, &mut dice).await?;
    }
    for claim in 0..20 {
        endless.claim(claim, &mut dice);
        let open = [Step::Landing, Step::Claim(claim), Step::Renew(claim), Step::Part(claim, 0)];
        client.steps(&mut endless, &open).await?;
    }
    client.steps(&mut guessed, &[Step::WrongPassphrase; 10]).await?;
    client.steps(&mut staged, &[Step::Status, Step::Revoke]).await?;
    client.steps(&mut stored[3], &[Step::Status, Step::Revoke]).await?;

    // All of that is durable, and the server starts without a byte of room.
    volume.fill()?;
    server.kill();
    check_integrity(&inside.join(DATABASE))?;
    server.restart().context("on a full disk")?;
    let client = Client::of(&server);
    let found = seals_at_rest(&inside.join("data"))?;
    for life in stored.iter_mut().chain([&mut endless, &mut guessed, &mut staged]) {
        let state = life.find(&client.api, u64::MAX).await?;
        let is_there = found.contains(&life.number);
        ensure!(is_there != state.is_spent(), "the seal of {} is there: {is_there}", life.number);
        life.settle(state);
    }
    client.open(&mut stored[4], &mut dice).await?;
    ensure!(!client.creates(&other(3000)).await?, "a share is created on a full disk");

    // Room comes back.
    volume.make_room()?;
    let mut later = Life::of(4000, PARTS, Some(1), &mut dice);
    client.upload(&mut later).await?;
    for life in [&mut stored[5], &mut later] {
        client.open(life, &mut dice).await?;
    }
    Ok(())
}

#[tokio::test]
async fn audit_events_are_whole_lines_again_once_there_is_room() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let volume = Volume::mount(folder.path(), 1024 * 1024)?;
    let file = volume.path().join("audit.jsonl");
    let flag = format!("--audit={}", file.display());
    let mut deployment = Deployment::with(Engine::Sqlite, &[&flag], None).await?;
    deployment.note("before", "text", Terms::default()).await?;
    volume.fill()?;
    // What is left of the file's last page takes some lines more, and the last of them in part.
    let mut created = 1;
    while !String::from_utf8_lossy(&deployment.server.logs()).contains("cannot be written") {
        deployment.note("meanwhile", "text", Terms::default()).await?;
        created += 1;
        ensure!(created < 100, "the disk is not full");
    }
    ensure!(!fs::read(&file)?.ends_with(b"\n"), "no line is torn");
    volume.make_room()?;
    deployment.note("after", "text", Terms::default()).await?;
    let text = fs::read_to_string(&file)?;
    let (whole, torn): (Vec<_>, Vec<_>) =
        text.lines().partition(|line| serde_json::from_str::<Value>(line).is_ok());
    ensure!(torn.len() == 1 && text.ends_with('\n'), "{text}");
    ensure!(whole.len() >= 4 && whole.len() < 2 * (created + 1), "{text}");
    deployment.server.stop()?;
    let logs = String::from_utf8(deployment.server.logs())?;
    let again = logs.lines().find(|line| line.contains("are written again"));
    let again: Value = serde_json::from_str(again.context("it is said")?)?;
    ensure!(again["lost"] == 2 * (created + 1) - whole.len(), "{again} {text}");
    Ok(())
}
