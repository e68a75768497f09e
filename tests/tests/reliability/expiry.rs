//! Time that passes without a request, while the server runs and while it does not.

use anyhow::Result;
use std::{collections::BTreeSet, path::Path, time::Duration};
use waxseal_tests::{
    clock::Clock,
    dice::Dice,
    lives::{
        Life,
        check::{part_files, seals_at_rest},
        client::Client,
        state::Step,
    },
    server::{Engine, Server},
    wait::until,
};

const MINUTE: Duration = Duration::from_secs(60);

/// A row, a file, two files and a row.
const SIZES: [u64; 3] = [1024, 200_000, 2_200_000];

/// Files of one share of each size.
const FILES: usize = 4;

#[tokio::test]
async fn what_is_over_is_removed_without_a_request() -> Result<()> {
    let mut dice = Dice::new(1);
    let clock = Clock::start()?;
    let mut server = Server::start(Engine::Sqlite, &[], Some(&clock)).await?;
    let folder = server.store().folder().to_owned();
    let client = Client::of(&server);
    // By tens: an hour, a day, an hour but opened, unfinished.
    for (n, size) in (0..).zip(SIZES) {
        let mut hour = Life::of(n, size, Some(1), &mut dice).expiring_in(3600);
        client.upload(&mut hour).await?;
        client.upload(&mut Life::of(10 + n, size, Some(1), &mut dice)).await?;
        let mut opened = Life::of(20 + n, size, Some(1), &mut dice);
        opened.claim(0, &mut dice);
        client.upload(&mut opened).await?;
        client.steps(&mut opened, &[Step::Claim(0)]).await?;
    }
    let mut unfinished = Life::of(30, 2_200_000, Some(1), &mut dice);
    client.steps(&mut unfinished, &[Step::Create, Step::Put(0)]).await?;
    until_only(&folder, &[0, 1, 2, 10, 11, 12, 20, 21, 22, 30], 3 * FILES + 1).await?;

    // Leases lapse.
    clock.forward(16 * MINUTE)?;
    until_only(&folder, &[0, 1, 2, 10, 11, 12, 30], 2 * FILES + 1).await?;
    // Shares expire, and uploads are given up.
    clock.forward(45 * MINUTE)?;
    until_only(&folder, &[10, 11, 12], FILES).await?;
    // Nobody is there when the rest expires.
    server.kill();
    clock.forward(24 * 60 * MINUTE)?;
    server.restart_by(&clock)?;
    until_only(&folder, &[], 0).await
}

/// Waits until the seals of these shares and no others are in the store, and so many files of parts.
async fn until_only(folder: &Path, numbers: &[u32], files: usize) -> Result<()> {
    let numbers = BTreeSet::from_iter(numbers.iter().copied());
    let what = format!("only the shares {numbers:?} and {files} files to be left");
    until(&what, async || {
        let there = (seals_at_rest(folder)?, part_files(&folder.join("waxseal.db"))?);
        Ok((there.0 == numbers && there.1 == files).then_some(()))
    })
    .await
}
