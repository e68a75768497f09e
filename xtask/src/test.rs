//! `cargo xtask test`: everything that is checked, the cheap first.
//!
//! Invariant: the first failure ends it with an exit code other than 0; tests come last, so that
//! their own last lines are in sight.

pub(crate) mod needs;

use crate::dist::npm;
use crate::tools::{binaries, cargo, command, find, run};
use crate::web;
use anyhow::{Context, Result};
use needs::{Needs, cargo_deny};
use std::path::PathBuf;
use std::process::Command;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

/// How much of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    Full,
    /// Without the end-to-end tests and the check of dependencies.
    Quick,
}

/// Runs all checks and all tests.
pub(crate) fn everything(extent: Extent) -> Result<()> {
    Steps::run(|steps| {
        let needs = steps.step("what tests need", || Needs::get(extent))?;
        steps.step("rustfmt", || run(&mut cargo(["fmt", "--all", "--check"])))?;
        steps.step("clippy", || {
            run(cargo(CLIPPY).args(["--workspace", "--all-targets", "--", "-D", "warnings"]))
        })?;
        steps.step("clippy, wasm32", || {
            let browser = ["waxseal-core", "waxseal-client", "waxseal-npm", "waxseal-vectors"];
            let packages = browser.iter().flat_map(|name| ["--package", name]);
            let target = ["--target", web::TARGET, "--", "-D", "warnings"];
            run(cargo(CLIPPY).args(packages).args(target))
        })?;
        steps.step("documentation", || {
            let doc = ["doc", "--locked", "--workspace", "--no-deps"];
            run(cargo(doc).env("RUSTDOCFLAGS", "-D warnings"))
        })?;
        if extent == Extent::Full {
            steps.step("cargo-deny", || {
                let which = ["check", "--hide-inclusion-graph", "bans", "licenses", "sources"];
                run(deny()?.args(which))
            })?;
        }
        tests(steps, &needs, extent, &[])?;
        match needs.old_redis() {
            Some(server) => {
                let mut tests = on_another_redis();
                tests.env("WAXSEAL_REDIS_SERVER", server);
                steps.step("store, on Redis 6.2", || run(&mut tests))
            }
            None => Ok(()),
        }
    })
}

/// The store's tests for a Redis that is without TLS. What needs several servers takes as long as it did
/// on the other, and is left out.
fn on_another_redis() -> Command {
    const WITHOUT: [&str; 3] = ["only_redis::tls", "only_redis::cluster", "only_redis::replicas"];
    if find("cargo-nextest").is_none() {
        let mut tests = cargo(["test", "--locked", "--package", "waxseal-server"]);
        tests.args(["--test", "conformance", "--", "redis::"]);
        return WITHOUT.iter().fold(tests, |mut tests, name| {
            tests.args(["--skip", name]);
            tests
        });
    }
    // All is built for the whole workspace already.
    let without: String = WITHOUT.iter().map(|name| format!(" - test({name})")).collect();
    let which = format!("binary(conformance) & test(redis::){without}");
    cargo(["nextest", "run", "--locked", "--workspace", "--no-fail-fast", "-E", &which])
}

/// Runs the tests whose name contains one of `filters`.
pub(crate) fn some(filters: &[&str]) -> Result<()> {
    Steps::run(|steps| {
        let needs = steps.step("what tests need", || Needs::get(Extent::Full))?;
        tests(steps, &needs, Extent::Full, filters)
    })
}

/// Runs the reliability tests whose name contains one of `filters`, at full length, one after the other:
/// what they report is not to be disturbed.
pub(crate) fn soak(filters: &[&str]) -> Result<()> {
    Steps::run(|steps| {
        let needs = steps.step("what tests need", || Needs::get(Extent::Full))?;
        let programs = programs(steps)?;
        // All is built for the whole workspace already.
        let mut tests = cargo(["test", "--locked", "--workspace"]);
        tests.args(["--test", "reliability", "--", "--nocapture", "--test-threads=1"]);
        programs.export(&mut tests);
        needs.export(&mut tests);
        steps.step("reliability", || run(tests.args(filters).env("WAXSEAL_SOAK", "1")))
    })
}

/// Checks dependencies against the advisory database.
pub(crate) fn advisories() -> Result<()> {
    run(deny()?.args(["check", "advisories"]))
}

const CLIPPY: [&str; 2] = ["clippy", "--locked"];

fn tests(steps: &mut Steps, needs: &Needs, extent: Extent, filters: &[&str]) -> Result<()> {
    let programs = programs(steps)?;
    let test = |words: &[&str]| {
        let mut command = cargo(words);
        command.args(["--locked", "--workspace", "--no-fail-fast"]);
        needs.export(&mut command);
        programs.export(&mut command);
        command
    };
    let quick = extent == Extent::Quick;
    if find("cargo-nextest").is_none() {
        let without: &[_] = if quick { &["--exclude", "waxseal-tests"] } else { &[] };
        let mut tests = test(&["test"]);
        return steps.step("tests", || run(tests.args(without).arg("--").args(filters)));
    }
    // Which nextest leaves out.
    steps.step("documentation's tests", || {
        run(test(&["test", "--doc", "--quiet"]).arg("--").args(filters))
    })?;
    let mut tests = test(&["nextest", "run"]);
    if quick {
        tests.args(["-E", "not package(waxseal-tests)"]);
    } else if filters.is_empty() {
        // What a browser does is seen on one engine; by name it is on both.
        tests.args(["-E", "not (binary(end_to_end) & test(/^either::redis::/))"]);
    }
    // Each waits for a browser, a server or a disk for about a third of its time.
    let threads = available_parallelism().map_or(1, usize::from) + 1;
    tests.arg("--test-threads").arg(threads.to_string());
    steps.step("tests", || run(tests.args(filters)))
}

/// What the tests run: built as they are.
struct Programs {
    server: PathBuf,
    cli: PathBuf,
    example_host: PathBuf,
}

impl Programs {
    fn export(&self, tests: &mut Command) {
        tests.env("WAXSEAL_SERVER", &self.server).env("WAXSEAL_CLI", &self.cli);
        tests.env("WAXSEAL_EXAMPLE_HOST", &self.example_host);
    }
}

/// Builds the web client, and all tests with what they run.
fn programs(steps: &mut Steps) -> Result<Programs> {
    steps.step("web client", || web::build(web::Mode::Release))?;
    steps.step("npm package", npm::build)?;
    let mut build = cargo(["test", "--locked", "--workspace", "--no-run"]);
    let binaries = steps.step("tests, compiled", || binaries(&mut build))?;
    let binary = |name: &str| {
        let found = binaries.iter().find(|path| path.file_stem() == Some(name.as_ref()));
        found.cloned().with_context(|| format!("{name}: its own tests have cargo build it"))
    };
    let (server, cli) = (binary("waxseal-server")?, binary("waxseal")?);
    Ok(Programs { server, cli, example_host: binary("waxseal-example-host")? })
}

fn deny() -> Result<Command> {
    Ok(command(cargo_deny()?, ["--locked"]))
}

/// What was done and how long it took.
struct Steps {
    done: Vec<(&'static str, Duration)>,
}

impl Steps {
    /// Runs `all`, then prints what was done.
    fn run(all: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let mut steps = Self { done: Vec::new() };
        let result = all(&mut steps);
        println!();
        for (name, time) in &steps.done {
            println!("{name:<24} {:>7.1} s", time.as_secs_f64());
        }
        let time: Duration = steps.done.iter().map(|(_, time)| time).sum();
        let verdict = if result.is_ok() { "all passed" } else { "FAILED at the last" };
        println!("{verdict:<24} {:>7.1} s", time.as_secs_f64());
        result
    }

    fn step<T>(&mut self, name: &'static str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        println!("\n==> {name}");
        let start = Instant::now();
        let result = work();
        self.done.push((name, start.elapsed()));
        result
    }
}
