//! Shares that come and go for a long time: the store stays as large as one day of it makes it.

use anyhow::{Result, ensure};
use rusqlite::{Connection, OpenFlags};
use std::{fs, path::Path, time::Duration};
use waxseal_tests::{
    clock::Clock,
    dice::Dice,
    disk::in_memory,
    extent::extent,
    lives::{Life, client::Client, state::Step},
    server::Server,
    wait::until,
};

const DATABASE: &str = "waxseal.db";

/// Records go with their shares, which last an hour.
const OPTIONS: [&str; 2] = ["--record-retention", "0s"];

const HOUR: u32 = 3600;

/// Sizes of the shares of a cycle: rows of all lengths, and files.
const SIZES: [u64; 12] =
    [1024, 1024, 1500, 3000, 4000, 9000, 20_000, 50_000, 60_000, 65_000, 200_000, 1_100_000];

/// More than a share remembers.
const CLAIMS: usize = 1150;

/// What a page more or less half used makes of it.
const SLACK: u64 = 128 * 1024;

#[tokio::test]
async fn a_store_does_not_grow_with_what_was_in_it() -> Result<()> {
    let half = extent(3, 30);
    let seed = Dice::seed()?;
    println!("WAXSEAL_SEED={seed}");
    let mut dice = Dice::new(seed);
    let clock = Clock::start()?;
    let home = in_memory()?;
    let folder = home.path();
    let url = format!("sqlite:{}", folder.join(DATABASE).display());
    let mut server = Server::at(&url, &OPTIONS, Some(&clock))?;
    let client = Client::of(&server);
    let mut largest = [0; 2];
    for cycle in 0..2 * half {
        let lives = fill(&client, &mut dice).await?;
        let full = size(folder)?;
        empty(&client, lives, &mut dice).await?;
        clock.forward(Duration::from_secs(HOUR.into()))?;
        until("the records to go", async || Ok((rows(folder) == Some(0)).then_some(()))).await?;
        let size_of_half = &mut largest[cycle / half];
        *size_of_half = (*size_of_half).max(full);
    }
    server.stop()?;
    let [first, second] = largest;
    println!(
        "{first} bytes at most in {half} cycles, {second} in as many more; {} when empty",
        size(folder)?
    );
    ensure!(second <= first + SLACK, "it grew from {first} to {second} bytes, WAXSEAL_SEED={seed}");
    Ok(())
}

/// Uploads shares in any order, and opens one more again and again.
async fn fill(client: &Client, dice: &mut Dice) -> Result<Vec<Life>> {
    let mut lives = Vec::new();
    let mut sizes = SIZES.to_vec();
    while !sizes.is_empty() {
        let size = sizes.swap_remove(dice.below(sizes.len() as u64) as usize);
        let mut life = Life::of(lives.len() as u32, size, Some(1), dice).expiring_in(HOUR);
        client.upload(&mut life).await?;
        lives.push(life);
    }
    let mut popular = Life::of(100, 9000, None, dice).expiring_in(HOUR);
    client.upload(&mut popular).await?;
    for claim in 0..CLAIMS {
        popular.claim(claim, dice);
        client.steps(&mut popular, &[Step::Claim(claim)]).await?;
        popular.settle(popular.now());
    }
    Ok(lives)
}

/// Opens shares or takes them back, in any order; some are left to expire.
async fn empty(client: &Client, mut lives: Vec<Life>, dice: &mut Dice) -> Result<()> {
    while !lives.is_empty() {
        let mut life = lives.swap_remove(dice.below(lives.len() as u64) as usize);
        match dice.below(3) {
            0 => client.open(&mut life, dice).await?,
            1 => client.steps(&mut life, &[Step::Revoke]).await?,
            _ => {}
        }
    }
    Ok(())
}

/// Records in a database that the server has open, unless it is just being written.
fn rows(folder: &Path) -> Option<i64> {
    let uri = format!("file:{}?immutable=1", folder.join(DATABASE).display());
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let db = Connection::open_with_flags(uri, flags).ok()?;
    db.query_row("SELECT count(*) FROM share", [], |row| row.get(0)).ok()
}

/// Bytes of all files in the folder and below.
fn size(folder: &Path) -> Result<u64> {
    let mut size = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        size += match entry.metadata() {
            Ok(it) if it.is_dir() => self::size(&entry.path())?,
            // A file may go while we look.
            it => it.map_or(0, |file| file.len()),
        };
    }
    Ok(size)
}
