//! `cargo xtask bench [crypto|page|server|siege|timing|transfer]`: how fast a release build is, beside a baseline of the same run.
//!
//! Invariant: nothing here passes or fails by the clock; figures are printed as Markdown tables, for
//! `docs/benchmarks.md`, and people judge them.
#![allow(clippy::print_stdout, reason = "a command talks to its terminal")]

mod bare;
mod crypto;
mod figures;
mod load;
mod measured;
mod page;
mod server;
mod siege;
mod timing;
mod transfer;

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
            run(crypto::bench())?;
            run(page::bench())?;
            run(server::bench())?;
            run(siege::bench())?;
            run(timing::bench())?;
            run(transfer::bench())
        }
        ["crypto"] => run(crypto::bench()),
        ["page"] => run(page::bench()),
        ["server"] => run(server::bench()),
        ["siege"] => run(siege::bench()),
        ["timing"] => run(timing::bench()),
        ["transfer"] => run(transfer::bench()),
        [bare::COMMAND, redis] => bare::serve(redis),
        other => bail!(
            "unknown benchmark `{}`; there are `crypto`, `page`, `server`, `siege`, `timing` and `transfer`",
            other.join(" ")
        ),
    }
}

/// On one thread, so that the load takes no more than one processor.
fn run(bench: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(bench)
}
