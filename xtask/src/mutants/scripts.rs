//! `cargo xtask mutants scripts`: Redis' scripts changed, as cargo-mutants does it with Rust.
//!
//! Compiling would take longer than testing: a script is changed where it stands, as text, in a copy of
//! the compiled tests.
//!
//! Invariant: a change that no test notices is an error that names it, after all others had their turn.

use super::lua::{Change, changes};
use crate::tools::{cargo, output, root};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::time::Instant;

const FOLDER: &str = "server/src/store/redis";

/// The worse it would be if they were wrong, the earlier.
const SCRIPTS: [&str; 20] = [
    "claim",
    "prelude",
    "revoke",
    "acknowledge",
    "answer",
    "offer",
    "renew",
    "part",
    "create",
    "publish",
    "confirm",
    "deny",
    "ask",
    "put_part",
    "parts",
    "begin_session",
    "session",
    "grant",
    "ledger",
    "rate",
];

/// What a script answers and leaves, with memory that fills up and replicas that are waited for; not how
/// servers are reached.
const TESTS: &str =
    "test(/^redis::|only_redis::(ledger|lifetimes|memory|parts|rates|replicas|servers)/)";
const BINARY: &str = "waxseal-server::conformance";

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
    let tests = Tests::build(path)?;
    ensure!(tests.pass()?, "the tests fail with nothing changed: {}", tests.log.display());
    let (mut survivors, mut number) = (Vec::new(), 0);
    for name in names {
        let file = format!("{FOLDER}/{name}.lua");
        let script = fs::read_to_string(root().join(&file)).context(file.clone())?;
        let places = tests.places(&script)?;
        for change in changes(&script) {
            number += 1;
            if number % shards != shard {
                continue;
            }
            let start = Instant::now();
            let caught = tests.catch(&script, &change, &places)?;
            let (verdict, seconds) = (if caught { "caught" } else { "MISSED" }, start.elapsed());
            println!("{verdict} in {:>3} s  {file}:{change}", seconds.as_secs());
            survivors.extend((!caught).then(|| format!("{file}:{change}")));
        }
    }
    if survivors.is_empty() {
        return Ok(());
    }
    bail!("{} changes that no test notices:\n{}", survivors.len(), survivors.join("\n"));
}

fn parse(shard: &str) -> Option<(usize, usize)> {
    let (shard, shards) = shard.split_once('/')?;
    let (shard, shards) = (shard.parse().ok()?, shards.parse().ok()?);
    (shard < shards).then_some((shard, shards))
}

/// The store's tests, compiled.
struct Tests<'a> {
    compiled: Vec<u8>,
    /// The copy that is changed and run.
    copy: PathBuf,
    /// What nextest has to know of it, and of the workspace.
    binaries: PathBuf,
    workspace: PathBuf,
    log: PathBuf,
    path: &'a OsStr,
}

impl<'a> Tests<'a> {
    fn build(path: &'a OsStr) -> Result<Self> {
        let folder = root().join("target/mutants/scripts");
        let tests = Self {
            compiled: Vec::new(),
            copy: folder.join("conformance"),
            binaries: folder.join("binaries.json"),
            workspace: folder.join("workspace.json"),
            log: folder.join("tests.log"),
            path,
        };
        fs::create_dir_all(&folder)?;
        let list = ["nextest", "list", "--list-type=binaries-only", "--message-format=json"];
        let mut list = cargo(list);
        list.args(["--locked", "--cargo-profile=mutants", "--package=waxseal-server"]);
        list.arg("--test=conformance").arg("--target-dir").arg(&folder).env("PATH", path);
        let mut list: Value = serde_json::from_str(&output(&mut list)?)?;
        let binary = &mut list["rust-binaries"][BINARY]["binary-path"];
        let compiled = binary.as_str().context("nextest names no binary")?.to_owned();
        fs::copy(&compiled, &tests.copy)?;
        *binary = tests.copy.to_str().context("a folder's name is not UTF-8")?.into();
        fs::write(&tests.binaries, list.to_string())?;
        let metadata = ["metadata", "--locked", "--format-version=1", "--all-features"];
        fs::write(&tests.workspace, output(&mut cargo(metadata))?)?;
        Ok(Self { compiled: fs::read(compiled)?, ..tests })
    }

    /// Runs what the copy is now.
    fn pass(&self) -> Result<bool> {
        let log = File::create(&self.log)?;
        let mut tests = cargo(["nextest", "run", "--max-fail=1:immediate", "-E", TESTS]);
        tests.arg("--binaries-metadata").arg(&self.binaries);
        tests.arg("--cargo-metadata").arg(&self.workspace).env("PATH", self.path);
        tests.stdout(log.try_clone()?).stderr(log);
        match tests.status().context("starting cargo nextest")?.code() {
            Some(0) => Ok(true),
            Some(TESTS_FAILED) => Ok(false),
            _ => bail!("the tests do not run: {}", self.log.display()),
        }
    }

    /// Where the script stands: the prelude is in front of each.
    fn places(&self, script: &str) -> Result<Vec<u64>> {
        let windows = self.compiled.windows(script.len()).enumerate();
        let places = windows.filter(|(_, window)| *window == script.as_bytes());
        let places: Vec<u64> = places.map(|(at, _)| at as u64).collect();
        ensure!(!places.is_empty(), "the compiled tests are not of this script");
        Ok(places)
    }

    fn catch(&self, script: &str, change: &Change, places: &[u64]) -> Result<bool> {
        let write = |text: &str| {
            let copy = File::options().write(true).open(&self.copy)?;
            places.iter().try_for_each(|at| copy.write_all_at(text.as_bytes(), *at))
        };
        write(&fitted(change.apply(script), script.len()))?;
        let passed = self.pass();
        write(script)?;
        Ok(!passed?)
    }
}

/// As long as the script was: the comment in its first line pays for what is longer.
fn fitted(mut changed: String, len: usize) -> String {
    let end = changed.find('\n').unwrap_or(0);
    let longer = changed.len().saturating_sub(len);
    changed.drain(end - longer..end);
    changed.extend(std::iter::repeat_n(' ', len - changed.len()));
    changed
}
