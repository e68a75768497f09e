//! Connections that are cut, processes that are killed: everything arrives all the same, once.

use crate::support::{User, done, random, start};
use anyhow::{Context, Result, anyhow};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    thread,
};
use waxseal_core::wire::{OwnedShare, ShareState};
use waxseal_tests::{deployment::Deployment, proxy::Rule, server::Engine, wait::until};

const MIB: usize = 1024 * 1024;
/// Parts of a share of [`LARGE`] bytes, padded.
const PARTS: usize = 20;
/// Bytes.
const LARGE: usize = 19 * MIB + MIB / 4;

/// Sends a file of [`PARTS`] parts, and gives the share.
fn send_large(user: &User) -> Result<(String, OwnedShare)> {
    user.file("large", &random(LARGE)?)?;
    let sent = user.run(&["--json", "send", "large"])?.json()?;
    Ok((sent["link"].as_str().context("a link")?.to_owned(), owned(&sent)?))
}

fn owned(sent: &serde_json::Value) -> Result<OwnedShare> {
    let text = |key: &str| sent[key].as_str().context("text");
    Ok(OwnedShare { id: text("id")?.parse()?, owner: text("owner")?.parse()? })
}

async fn opened_once(deployment: &Deployment, share: &OwnedShare) -> Result<()> {
    let status = deployment.api.status_of(share).await?;
    assert_eq!((status.state, status.opened_at.len()), (ShareState::Opened, 1));
    Ok(())
}

fn arrived(user: &User) -> Result<()> {
    assert!(user.read("out/large")? == user.read("large")?);
    assert_eq!(user.names("out")?, ["large"]);
    assert_eq!(fs::read_dir(user.openings())?.count(), 0);
    Ok(())
}

async fn reached(rule: &Rule) -> Result<()> {
    until("a request", async || Ok((rule.met() > 0).then_some(()))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_connection_is_cut_at_every_part_of_an_upload() -> Result<()> {
    let (deployment, user) = start().await?;
    let cut = deployment.proxy.cut_once("PUT /api/shares/");
    let (link, _) = send_large(&user)?;
    assert_eq!(cut.met(), PARTS);
    user.run(&["open", &link, "--out", "out"])?.ok()?;
    arrived(&user)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_connection_is_cut_at_every_part_of_a_download() -> Result<()> {
    for engine in [Engine::Sqlite, Engine::Redis] {
        let deployment = Deployment::start(engine).await?;
        let user = User::of(&deployment.origin())?;
        let (link, share) = send_large(&user)?;
        // Beside the parts: the landing, the claim, the end. The head brings the first part.
        let cut = deployment.proxy.cut_once("/api/shares/");
        user.run(&["open", &link, "--out", "out"])?.ok()?;
        assert_eq!(cut.met(), PARTS - 1 + 3);
        opened_once(&deployment, &share).await?;
        arrived(&user)?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_is_killed_during_an_upload_and_during_the_download() -> Result<()> {
    let (mut deployment, user) = start().await?;
    user.file("large", &random(LARGE)?)?;
    let held = deployment.proxy.hold("/parts/10 ");
    let sending = user.command(&["--json", "send", "large"]).spawn()?;
    reached(&held).await?;
    deployment.server.kill();
    drop(held);
    deployment.server.restart()?;
    let sent = done(sending)?.json()?;
    let link = sent["link"].as_str().context("a link")?;

    let held = deployment.proxy.hold("/parts/11 ");
    let opening = user.command(&["open", link, "--out", "out"]).spawn()?;
    reached(&held).await?;
    deployment.server.kill();
    drop(held);
    deployment.server.restart()?;
    done(opening)?.ok()?;
    opened_once(&deployment, &owned(&sent)?).await?;
    arrived(&user)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opening_that_was_killed_carries_on_where_it_was() -> Result<()> {
    let (deployment, user) = start().await?;
    let (link, share) = send_large(&user)?;
    let held = deployment.proxy.hold("/parts/15 ");
    let args = ["--jobs", "1", "open", &link, "--out", "out"];
    let mut opening = user.command(&args).spawn()?;
    reached(&held).await?;
    until("its place", async || {
        let kept = fs::read_dir(user.openings())?.flatten().map(|entry| entry.path());
        let mut kept = kept.filter(|path| path.extension() == Some("json".as_ref()));
        let on_disk = |path| fs::read_to_string(path).is_ok_and(|text| text.contains("[[0,15]]"));
        Ok(kept.any(on_disk).then_some(()))
    })
    .await?;
    opening.kill()?;
    opening.wait()?;
    drop(held);
    let hidden = user.names("out")?;
    assert!(hidden.len() == 1 && hidden[0].starts_with(".waxseal-"), "{hidden:?}");
    user.run(&["open", &link, "--out", "out"])?.ok()?;
    for part in 1..15 {
        // Stored once, fetched once.
        let part = format!("/parts/{part} HTTP");
        assert_eq!(deployment.proxy.count(&part), 2, "{:?}", deployment.proxy.requests());
    }
    opened_once(&deployment, &share).await?;
    arrived(&user)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opening_that_was_stopped_carries_on_in_another_folder() -> Result<()> {
    let (deployment, user) = start().await?;
    let (link, share) = send_large(&user)?;
    let held = deployment.proxy.hold("/parts/15 ");
    let opening = user.command(&["open", &link, "--out", "first"]).spawn()?;
    reached(&held).await?;
    kill_process(Pid::from_child(&opening), Signal::INT)?;
    drop(held);
    let stopped = done(opening)?;
    assert_eq!(
        (stopped.code, stopped.err.contains("carries on")),
        (Some(130), true),
        "{stopped:?}"
    );
    user.run(&["open", &link, "--out", "out"])?.ok()?;
    assert_eq!(user.names("first")?, [""; 0]);
    opened_once(&deployment, &share).await?;
    arrived(&user)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unfinished_file_that_was_removed_is_fetched_again_beside_a_saved_one() -> Result<()> {
    let (deployment, user) = start().await?;
    user.file("large", &random(LARGE)?)?;
    // All of it is in the part in which the other begins.
    user.file("small", b"small")?;
    let link = user.send(&["small", "large"])?;
    let held = deployment.proxy.hold("/parts/15 ");
    let opening = user.command(&["open", &link, "--out", "out"]).spawn()?;
    reached(&held).await?;
    kill_process(Pid::from_child(&opening), Signal::INT)?;
    drop(held);
    let stopped = done(opening)?;
    assert_eq!(stopped.code, Some(130), "{stopped:?}");
    let left = user.names("out")?;
    assert!(left.len() == 2 && left[0].starts_with(".waxseal-") && left[1] == "small", "{left:?}");
    fs::remove_file(user.folder.path().join("out").join(&left[0]))?;
    user.run(&["open", &link, "--out", "out"])?.ok()?;
    assert_eq!(user.names("out")?, ["large", "small"]);
    assert_eq!(user.read("out/small")?, b"small");
    assert!(user.read("out/large")? == user.read("large")?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_not_the_servers_keeps_what_was_saved() -> Result<()> {
    let (mut deployment, user) = start().await?;
    let (link, share) = send_large(&user)?;
    let held = deployment.proxy.hold("/parts/15 ");
    let args = ["--jobs", "1", "--retry-for", "20s", "open", &link, "--out", "out"];
    let opening = user.command(&args).spawn()?;
    reached(&held).await?;
    deployment.server.kill();
    let portal = TcpListener::bind(("127.0.0.1", deployment.server.port()))?;
    let portal = thread::spawn(move || forbid_once(&portal));
    drop(held);
    let stopped = done(opening)?;
    assert_eq!((stopped.code, stopped.err.contains("carries on")), (Some(5), true), "{stopped:?}");
    portal.join().map_err(|_| anyhow!("the portal panicked"))??;
    deployment.server.restart()?;
    user.run(&["open", &link, "--out", "out"])?.ok()?;
    for part in 1..15 {
        // Stored once, fetched once.
        let part = format!("/parts/{part} HTTP");
        assert_eq!(deployment.proxy.count(&part), 2, "{:?}", deployment.proxy.requests());
    }
    opened_once(&deployment, &share).await?;
    arrived(&user)
}

/// Answers the first request as something between may: in its own words.
fn forbid_once(portal: &TcpListener) -> Result<()> {
    loop {
        let (mut stream, _) = portal.accept()?;
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        // A connection may be made and not used.
        if lines.next().transpose()?.is_none() {
            continue;
        }
        while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
        let page = "<p>Log in first.</p>";
        let head = "HTTP/1.1 403 Forbidden\r\ncontent-type: text/html\r\nconnection: close\r\n";
        write!(stream, "{head}content-length: {}\r\n\r\n{page}", page.len())?;
        return Ok(());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_opening_at_a_time() -> Result<()> {
    let (deployment, user) = start().await?;
    let (link, _) = send_large(&user)?;
    let held = deployment.proxy.hold("/parts/15 ");
    let opening = user.command(&["open", &link, "--out", "out"]).spawn()?;
    reached(&held).await?;
    let second = user.run(&["open", &link, "--out", "out"])?;
    assert_eq!(
        (second.code, second.err.contains("another process")),
        (Some(1), true),
        "{second:?}"
    );
    drop(held);
    done(opening)?.ok()?;
    arrived(&user)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_share_stops_its_download_and_leaves_nothing() -> Result<()> {
    let (deployment, user) = start().await?;
    let (link, _) = send_large(&user)?;
    let held = deployment.proxy.hold("/parts/15 ");
    let opening = user.command(&["open", &link, "--out", "out"]).spawn()?;
    reached(&held).await?;
    user.run(&["revoke", &link])?.ok()?;
    drop(held);
    let stopped = done(opening)?;
    assert!(matches!(stopped.code, Some(8 | 16)), "{stopped:?}");
    assert_eq!(user.names("out")?, [""; 0]);
    assert_eq!(fs::read_dir(user.openings())?.count(), 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sending_that_is_stopped_is_taken_back() -> Result<()> {
    let (deployment, user) = start().await?;
    user.file("large", &random(LARGE)?)?;
    let held = deployment.proxy.hold("/parts/10 ");
    let sending = user.command(&["send", "large"]).spawn()?;
    reached(&held).await?;
    kill_process(Pid::from_child(&sending), Signal::INT)?;
    drop(held);
    let stopped = done(sending)?;
    assert_eq!((stopped.code, stopped.out.as_str()), (Some(130), ""), "{stopped:?}");
    assert_eq!(deployment.proxy.count("DELETE"), 1);
    assert_eq!(user.run(&["list"])?.ok()?, "");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_changes_while_it_is_sent_is_not_shared() -> Result<()> {
    let (deployment, user) = start().await?;
    let path = user.file("large", &random(LARGE)?)?;
    let held = deployment.proxy.hold("/parts/10 ");
    let sending = user.command(&["send", "large"]).spawn()?;
    reached(&held).await?;
    fs::OpenOptions::new().write(true).open(&path)?.set_len(LARGE as u64 - 1)?;
    drop(held);
    let stopped = done(sending)?;
    assert_eq!((stopped.code, stopped.out.as_str()), (Some(17), ""), "{stopped:?}");
    assert!(stopped.err.contains("large changed while"), "{stopped:?}");
    assert_eq!(deployment.proxy.count("DELETE"), 1);
    Ok(())
}
