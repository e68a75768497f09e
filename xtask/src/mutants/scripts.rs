//! `cargo xtask mutants scripts`: Redis' scripts changed, as cargo-mutants does it with Rust.
//!
//! Invariant: only a copy of the sources is changed, below target/mutants. A change that no test notices
//! is an error that names it, after all others had their turn.

use super::lua::{Change, changes};
use crate::tools::{cargo, command, output, root};
use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;

const FOLDER: &str = "server/src/store/redis";

/// The worse it would be if they were wrong, the earlier.
const SCRIPTS: [&str; 12] = [
    "claim",
    "prelude",
    "revoke",
    "acknowledge",
    "renew",
    "part",
    "create",
    "publish",
    "put_part",
    "parts",
    "ledger",
    "rate",
];

/// Those of a Redis alone, with memory that fills up and replicas that are waited for.
const TESTS: &str = "binary(conformance) & test(redis::) \
                     - test(only_redis::tls) - test(only_redis::cluster)";

/// What nextest ends with when tests fail.
const TESTS_FAILED: i32 = 100;

/// Changes the scripts that `args` name, or all; cargo-nextest is on `path`.
pub(super) fn scripts(args: &[&str], path: &OsStr) -> Result<()> {
    let (names, (shard, shards)) = match args {
        [names @ .., "--shard", shard] => (names, parse(shard).context("--shard K/N")?),
        names => (names, (0, 1)),
    };
    let names = if names.is_empty() { &SCRIPTS[..] } else { names };
    if let Some(unknown) = names.iter().find(|name| !SCRIPTS.contains(name)) {
        bail!("no script {unknown}: there are {}", SCRIPTS.join(", "));
    }
    let copy = Copy::make(path)?;
    if !copy.passes()? {
        bail!("the tests fail with nothing changed: {}", copy.log.display());
    }
    let mut cases = Vec::new();
    for name in names {
        let file = format!("{FOLDER}/{name}.lua");
        let script = fs::read_to_string(root().join(&file)).context(file.clone())?;
        cases.extend(changes(&script).into_iter().map(|change| (file.clone(), change)));
    }
    let cases: Vec<_> = cases.into_iter().skip(shard).step_by(shards).collect();
    println!("{} changes", cases.len());
    let mut survivors = Vec::new();
    for (file, change) in &cases {
        let start = Instant::now();
        let caught = copy.catches(file, change)?;
        let (verdict, seconds) = (if caught { "caught" } else { "MISSED" }, start.elapsed());
        println!("{verdict} in {:>3} s  {file}:{change}", seconds.as_secs());
        if !caught {
            survivors.push(format!("{file}:{change}"));
        }
    }
    if survivors.is_empty() {
        return Ok(());
    }
    bail!("no test notices {} of {}:\n{}", survivors.len(), cases.len(), survivors.join("\n"));
}

fn parse(shard: &str) -> Option<(usize, usize)> {
    let (shard, shards) = shard.split_once('/')?;
    let (shard, shards) = (shard.parse().ok()?, shards.parse().ok()?);
    (shard < shards).then_some((shard, shards))
}

/// The sources once more, with a target/ of their own that outlasts the run.
struct Copy<'a> {
    folder: PathBuf,
    log: PathBuf,
    path: &'a OsStr,
}

impl<'a> Copy<'a> {
    fn make(path: &'a OsStr) -> Result<Self> {
        let above = root().join("target/mutants/scripts");
        let copy = Self { folder: above.join("sources"), log: above.join("tests.log"), path };
        fs::create_dir_all(&copy.folder)?;
        for entry in fs::read_dir(&copy.folder)? {
            let entry = entry?;
            match entry.file_type()?.is_dir() {
                true if entry.file_name() == "target" => {}
                true => fs::remove_dir_all(entry.path())?,
                false => fs::remove_file(entry.path())?,
            }
        }
        let files = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
        let files = output(&mut command("git", files))?;
        for file in files.split_terminator('\0').map(Path::new) {
            let (from, to) = (root().join(file), copy.folder.join(file));
            // Git still lists what was only just deleted.
            if from.is_file() {
                fs::create_dir_all(to.parent().expect("it is inside the copy"))?;
                fs::copy(from, to)?;
            }
        }
        Ok(copy)
    }

    fn passes(&self) -> Result<bool> {
        let log = File::create(&self.log)?;
        let nextest = ["nextest", "run", "--locked", "--cargo-profile=mutants"];
        let mut tests = cargo(nextest);
        tests.args(["--package=waxseal-server", "--test=conformance", "-E", TESTS]);
        tests.current_dir(&self.folder).env("PATH", self.path);
        tests.stdout(log.try_clone()?).stderr(log);
        match tests.status().context("starting cargo nextest")?.code() {
            Some(0) => Ok(true),
            Some(TESTS_FAILED) => Ok(false),
            _ => bail!("the tests do not run: {}", self.log.display()),
        }
    }

    fn catches(&self, file: &str, change: &Change) -> Result<bool> {
        let (original, changed) = (root().join(file), self.folder.join(file));
        fs::write(&changed, change.apply(&fs::read_to_string(&original)?))?;
        let passes = self.passes();
        fs::write(changed, fs::read(original)?)?;
        Ok(!passes?)
    }
}
