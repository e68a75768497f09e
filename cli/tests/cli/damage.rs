//! Content that was not left as it was sealed is refused, and nothing of it is saved.

use crate::support::{User, names, random, start};
use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
};
use waxseal_tests::deployment::Deployment;

const MIB: usize = 1024 * 1024;

/// The files of large parts, in the order in which they came.
fn parts(deployment: &Deployment) -> Result<Vec<PathBuf>> {
    let folder = deployment.server.store().folder();
    let parts = names(folder)?.into_iter().find(|name| name.ends_with(".parts"));
    let parts = folder.join(parts.context("a folder of parts")?);
    let mut keys: Vec<u64> =
        names(&parts)?.iter().map(|name| name.parse()).collect::<Result<_, _>>()?;
    keys.sort_unstable();
    Ok(keys.into_iter().map(|key| parts.join(key.to_string())).collect())
}

/// Sends 3 MiB of parts that come one after the other.
fn send(user: &User) -> Result<String> {
    user.file("large", &random(3 * MIB)?)?;
    user.send(&["--jobs", "1", "large"])
}

fn is_refused(user: &User, link: &str) -> Result<()> {
    let done = user.run(&["--retry-for", "0s", "open", link, "--out", "out"])?;
    assert_eq!((done.code, done.err.contains("damaged")), (Some(12), true), "{done:?}");
    assert_eq!(user.names("out")?, [""; 0]);
    Ok(())
}

fn flip(path: &Path, at: usize) -> Result<()> {
    let mut bytes = fs::read(path)?;
    *bytes.get_mut(at).context("a byte to flip")? ^= 1;
    Ok(fs::write(path, bytes)?)
}

fn swap(one: &Path, other: &Path) -> Result<()> {
    let bytes = fs::read(one)?;
    fs::write(one, fs::read(other)?)?;
    Ok(fs::write(other, bytes)?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flipped_bit_is_refused_wherever_it_is() -> Result<()> {
    let (deployment, user) = start().await?;
    for (part, at) in [(1, 0), (1, MIB), (2, 500_000)] {
        let link = send(&user)?;
        let parts = parts(&deployment)?;
        flip(&parts[parts.len() - 4 + part], at)?;
        is_refused(&user, &link)?;
        user.run(&["revoke", "--all", "--yes"])?.ok()?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_that_changed_places_are_refused() -> Result<()> {
    let (deployment, user) = start().await?;
    let link = send(&user)?;
    let parts = parts(&deployment)?;
    swap(&parts[1], &parts[2])?;
    is_refused(&user, &link)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_of_another_share_is_refused() -> Result<()> {
    let (deployment, user) = start().await?;
    let link = send(&user)?;
    let first = parts(&deployment)?;
    send(&user)?;
    let all = parts(&deployment)?;
    swap(&first[1], &all[first.len() + 1])?;
    is_refused(&user, &link)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_first_part_shows_nothing() -> Result<()> {
    let (deployment, user) = start().await?;
    user.file("large", &random(3 * MIB)?)?;
    let link = user.send(&["--jobs", "1", "large", "--text", "secret"])?;
    flip(&parts(&deployment)?[0], 10)?;
    let done = user.run(&["open", &link, "--out", "out"])?;
    assert_eq!((done.code, done.out.as_str()), (Some(12), ""), "{done:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_truncated_part_is_refused() -> Result<()> {
    let (deployment, user) = start().await?;
    let link = send(&user)?;
    let parts = parts(&deployment)?;
    fs::OpenOptions::new().write(true).open(&parts[2])?.set_len(1000)?;
    is_refused(&user, &link)
}
