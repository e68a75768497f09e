//! Connections that are only in the way: they are closed, and an honest person is served meanwhile.

use anyhow::{Result, ensure};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use waxseal_core::token::ClaimToken;
use waxseal_tests::{
    api::Api,
    extent::extent,
    server::{Engine, Server},
    share::{Share, Terms},
    siege::{self, Way, besiege},
    wait::PATIENCE,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_only_in_the_way_is_sent_away_while_others_are_served() -> Result<()> {
    let each = extent(20, 160);
    siege::allow(4096)?;
    let options =
        ["--head-timeout=1s", "--body-timeout=1s", "--idle-timeout=2s", "--max-connections=2000"];
    let server = Server::start(Engine::Sqlite, &options, None).await?;
    let address = ([127, 0, 0, 1], server.port()).into();
    let ways = Way::ALL.map(|way| (way, each));
    let siege = tokio::spawn(async move { besiege(address, &ways, 50, PATIENCE * 6).await });

    let api = Api::new(&format!("http://127.0.0.1:{}", server.port()));
    let start = Instant::now();
    let mut served = 0;
    while !siege.is_finished() || served == 0 {
        serve(&api).await?;
        served += 1;
        ensure!(start.elapsed() < PATIENCE * 6, "the siege has no end");
    }
    let mut closed: BTreeMap<String, (usize, Duration)> = BTreeMap::new();
    for held in siege.await?? {
        let (count, longest) = closed.entry(format!("{:?}", held.way)).or_default();
        *count += 1;
        *longest = (*longest).max(held.closed_after);
    }
    ensure!(closed.len() == Way::ALL.len(), "{closed:?}");
    for (way, (count, longest)) in closed {
        ensure!(count == each, "{way}: {count} of {each} were closed");
        println!("{way}: {count} closed, the last after {longest:.1?}");
    }
    println!("{served} shares were made and opened meanwhile");
    Ok(())
}

/// An honest creation and its opening.
async fn serve(api: &Api) -> Result<()> {
    let share = Share::note("Siege", "what matters", Terms::default())?;
    let created = api.create(&share).await?;
    ensure!(created.status == 201, "the server answered {created:?}");
    let claim = ClaimToken::generate(&mut getrandom::SysRng)?;
    let opened = api.claim(&share, &claim, None).await?;
    ensure!(opened.status == 200, "the server answered {opened:?}");
    ensure!(opened.body == share.ciphertext(), "another share was opened");
    Ok(())
}
