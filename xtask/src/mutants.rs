//! `cargo xtask mutants`: what in the code could be changed without a test that fails.
//!
//! Invariant: a change that no test notices is an error that names it. What cargo-mutants has to know
//! of every run is in .cargo/mutants.toml, reports are below target/mutants.

mod lua;
mod scripts;

use crate::test::needs::{cargo_mutants, cargo_nextest};
use crate::tools::{command, root};
use anyhow::{Context, Result, bail, ensure};
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

/// What is changed, and which tests have to notice.
struct Area {
    name: &'static str,
    /// What is changed, what is built and where the tests are.
    which: &'static [&'static str],
    tests: &'static str,
}

const AREAS: [Area; 2] = [
    Area {
        name: "core",
        which: &["--package=waxseal-core", "--test-package=waxseal-core,waxseal-vectors"],
        // Starts a Python, and finds nothing that the vectors do not.
        tests: "not binary(differential)",
    },
    Area {
        name: "stores",
        which: &[
            "--file=server/src/store.rs",
            "--file=server/src/store/**",
            "--cargo-arg=--lib",
            "--cargo-arg=--test=conformance",
        ],
        // On a Cluster all runs once more that runs on a Redis alone.
        tests: "binary(conformance) - test(=a_redis_cluster_does_what_every_engine_must) | test(store::)",
    },
];

/// What cargo-mutants ends with: all noticed, some not, some only in that tests were endless (and it may
/// be that others were not noticed).
const DONE: [i32; 3] = [0, 2, 3];

/// Changes what the first of `args` names, or everything.
pub(crate) fn mutants(args: &[&str]) -> Result<()> {
    let path = path_with(&cargo_nextest()?)?;
    match args {
        [] => {
            let areas = AREAS.iter().map(|area| area.change(&[], &path));
            // Each has its turn, whatever was found in the one before.
            let found: Vec<_> = areas.chain([scripts::scripts(&[], &path)]).collect();
            found.into_iter().collect()
        }
        ["scripts", rest @ ..] => scripts::scripts(rest, &path),
        [name, flags @ ..] => match AREAS.iter().find(|area| area.name == *name) {
            Some(area) => area.change(flags, &path),
            None => bail!("no area {name}: there are core, stores and scripts"),
        },
    }
}

impl Area {
    /// `flags` are cargo-mutants' own.
    fn change(&self, flags: &[&str], path: &OsStr) -> Result<()> {
        println!("\n==> {}", self.name);
        let reports = root().join("target/mutants").join(self.name);
        fs::create_dir_all(&reports)?;
        let jobs = available_parallelism().map_or(1, usize::from).min(4);
        let mut mutants = command(cargo_mutants()?, ["mutants", "--jobs"]);
        mutants.arg(jobs.to_string()).arg("--output").arg(&reports).args(self.which).args(flags);
        mutants.args(["--", "--max-fail=1:immediate", "-E", self.tests]).env("PATH", path);
        let status = mutants.status().context("starting cargo-mutants")?;
        ensure!(status.code().is_some_and(|code| DONE.contains(&code)), "cargo-mutants: {status}");
        let survivors = fs::read_to_string(reports.join("mutants.out/missed.txt"))?;
        ensure!(survivors.is_empty(), "no test notices that:\n{survivors}");
        Ok(())
    }
}

/// PATH with the folder of a program, where cargo looks for its subcommands.
fn path_with(program: &Path) -> Result<OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = program.parent().map(PathBuf::from).into_iter().chain(env::split_paths(&path));
    env::join_paths(folders).context("a folder of PATH has a colon in its name")
}
