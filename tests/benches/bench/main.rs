//! `cargo xtask bench [page|server]`: how fast a release build is, beside a baseline of the same run.
//!
//! Invariant: nothing here passes or fails by the clock; figures are printed as Markdown tables, for
//! `docs/benchmarks.md`, and people judge them.
#![allow(clippy::print_stdout, reason = "a command talks to its terminal")]

mod bare;
mod figures;
mod load;
mod measured;
mod page;
mod server;

use anyhow::{Result, bail};
use std::env;

/// The secret that is shared: 1 KiB.
const TEXT: &str = match str::from_utf8(&[b's'; 1024]) {
    Ok(text) => text,
    Err(_) => unreachable!(),
};

fn main() -> Result<()> {
    // Cargo adds `--bench`.
    let args: Vec<String> = env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match &args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => {
            run(page::bench())?;
            run(server::bench())
        }
        ["page"] => run(page::bench()),
        ["server"] => run(server::bench()),
        [bare::COMMAND, redis] => bare::serve(redis),
        other => bail!("unknown benchmark `{}`; there are `page` and `server`", other.join(" ")),
    }
}

/// On one thread, so that the load takes no more than one processor.
fn run(bench: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(bench)
}
