//! `cargo xtask dist`: what a release consists of, in `target/dist`.
//!
//! Invariant: the archive follows from its files and the time of the last commit alone, and each file in the
//! folder but the list of sums is in that list.

mod archive;
pub(crate) mod npm;
mod parts_list;
mod third_party;

use crate::run as build;
use crate::test::needs::cargo_deb;
use crate::tools::{command, output, root, run};
use crate::web;
use anyhow::{Context, Result};
use archive::Archive;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the server serves, file by file.
const MANIFEST: &str = "waxseal-manifest.json";

/// What is handed on of the sources, as it is.
const TEXTS: [&str; 5] =
    ["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "SECURITY.md"];
const FOLDERS: [&str; 2] = ["deploy", "docs"];

/// Builds a release and packs it.
pub(crate) fn dist() -> Result<()> {
    let (server, cli) = (build::release()?, build::command_line()?);
    let folder = root().join("target/dist");
    if folder.exists() {
        // A list of sums is for one release.
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let (target, time) = (host()?, time()?);
    let name = format!("waxseal-{VERSION}-{target}");
    let licences = folder.join("THIRD-PARTY.txt");
    let parts: [third_party::Compiled; 2] =
        [(&["waxseal-server", "waxseal-cli"], &target), (&["waxseal-client"], web::TARGET)];
    fs::write(&licences, third_party::licences(&parts)?)?;
    let lists = parts_list::write(&folder, &target, time)?;

    let mut archive = Archive::new(&name, time);
    archive.add_program("bin/waxseal-server", &server)?;
    archive.add_program("bin/waxseal", &cli)?;
    for text in TEXTS {
        archive.add(text, &root().join(text))?;
    }
    for folder in FOLDERS {
        archive.add_folder(folder, &root().join(folder))?;
    }
    archive.add("THIRD-PARTY.txt", &licences)?;
    for list in &lists {
        archive.add(file_name(list)?, list)?;
    }
    // Beside the programs, where they were built with one.
    let manifest = server.with_file_name(MANIFEST);
    if manifest.is_file() {
        fs::copy(&manifest, folder.join(MANIFEST))?;
        archive.add(MANIFEST, &manifest)?;
    }
    archive.write(&folder.join(format!("{name}.tar.gz")))?;
    for package in npm::pack(time)? {
        fs::copy(&package, folder.join(file_name(&package)?))?;
    }
    if cfg!(target_os = "linux") {
        debian(&folder, time)?;
    }
    sums(&folder)
}

/// The package for Debian: its description and list of files is in `server/Cargo.toml`.
fn debian(folder: &Path, time: u64) -> Result<()> {
    let mut deb = command(cargo_deb()?, ["--package", "waxseal-server", "--no-build", "--locked"]);
    // What is in both is the same.
    deb.arg("--no-strip").arg("--output").arg(folder);
    run(deb.env("SOURCE_DATE_EPOCH", time.to_string()))
}

/// SHA-256 of each file, as `sha256sum --check` reads it.
fn sums(folder: &Path) -> Result<()> {
    let mut lines = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let sum = data_encoding::HEXLOWER.encode(&Sha256::digest(fs::read(&path)?));
        lines.push((file_name(&path)?.to_owned(), sum));
    }
    lines.sort();
    let text: String = lines.iter().map(|(name, sum)| format!("{sum}  {name}\n")).collect();
    print!("{text}");
    Ok(fs::write(folder.join("SHA256SUMS"), text)?)
}

/// What this machine is called, and so what is built for.
fn host() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
    let about = output(&mut command(rustc, ["-vV"]))?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc says what it builds for")?.to_owned())
}

/// Of the last commit, or what somebody sets (<https://reproducible-builds.org/specs/source-date-epoch/>).
fn time() -> Result<u64> {
    let text = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text,
        Err(_) => output(&mut command("git", ["log", "-1", "--format=%ct"]))?,
    };
    text.trim().parse().with_context(|| format!("{text:?} is no time in seconds"))
}

fn file_name(path: &Path) -> Result<&str> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.with_context(|| format!("{} has no name", path.display()))
}

/// All files below, in order.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
