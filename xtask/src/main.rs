//! `cargo xtask`: build, run and test Waxseal with nothing installed but Rust.
//!
//! Invariant: one file a subcommand; nothing here is needed at run time.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command talks to its terminal")]

mod bench;
mod compose;
mod dist;
mod fuzz;
mod mutants;
mod run;
mod test;
mod tools;
mod web;

use anyhow::{Result, bail};
use std::process::ExitCode;

const HELP: &str = "\
Usage: cargo xtask COMMAND

  run [--redis URL] [--listen ADDR] [-- FLAGS]
                     build everything and start the server, on the embedded store unless told
                     otherwise; FLAGS are the server's own
  build              target/release/waxseal-server, the web client inside, and
                     target/release/waxseal, the command line
  compose [cluster]  a server on Redis in containers, or three on a Redis Cluster behind nginx
  dist               the release in target/dist: an archive, a Debian package, packages for npm, lists of
                     parts, sums
  web [--dev]        the web client alone, into target/web (--dev: compressed faster, whatever its size)
  web --check        the same twice, here and in a copy of the sources elsewhere: every file must be the same
  npm                the packages for JavaScript, in target/npm
  test               everything that is checked; gets what is missing for it
  test --quick       the same without the end-to-end tests and the check of dependencies
  test FILTER...     only tests whose name contains one of these, without the static checks
  test either        what a browser does whatever the store, on Redis too, which `test` leaves out
  soak [FILTER...]   the reliability tests at full length: docs/reliability.md
  fuzz [TARGET] [--seconds N]
                     searches for bytes that break a target of fuzz/, or each in turn, for a minute
                     unless told otherwise
  mutants            changes the code in many small ways, one after the other, and lists the changes
                     that no test notices; takes hours, or one of these:
  mutants core|stores [FLAGS]
                     FLAGS are cargo-mutants' own, as --shard K/N or --re NAME
  mutants scripts [SCRIPT...] [--shard K/N]
                     the scripts that Redis runs, all or some
  bench [NAME...]
                     how fast a release build is: docs/benchmarks.md
  advisories         known vulnerabilities of dependencies
  help               this text
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&args.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(args: &[&str]) -> Result<()> {
    match args {
        ["run", rest @ ..] => run::run(rest),
        ["build"] => run::build(),
        ["compose"] => compose::up(compose::ONE),
        ["compose", "cluster"] => compose::up(compose::CLUSTER),
        ["dist"] => dist::dist(),
        ["web"] => web::build(web::Mode::Release),
        ["web", "--dev"] => web::build(web::Mode::Dev),
        ["web", "--check"] => web::check(),
        ["npm"] => dist::npm::npm(),
        ["test"] => test::everything(test::Extent::Full),
        ["test", "--quick"] => test::everything(test::Extent::Quick),
        ["test", filters @ ..] if filters.iter().all(|filter| !filter.starts_with('-')) => {
            test::some(filters)
        }
        ["soak", filters @ ..] if filters.iter().all(|filter| !filter.starts_with('-')) => {
            test::soak(filters)
        }
        ["fuzz", rest @ ..] => fuzz::fuzz(rest),
        ["mutants", rest @ ..] => mutants::mutants(rest),
        ["bench", which @ ..] => bench::bench(which),
        ["advisories"] => test::advisories(),
        ["help" | "--help" | "-h"] | [] => {
            print!("{HELP}");
            Ok(())
        }
        other => bail!("unknown command `{}`\n\n{HELP}", other.join(" ")),
    }
}
