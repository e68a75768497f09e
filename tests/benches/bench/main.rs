//! `cargo xtask bench [NAME]`: how fast a release build is, beside a baseline of the same run.
//!
//! Invariant: nothing here passes or fails by the clock; figures are printed as Markdown tables, for
//! `docs/benchmarks.md`, and people judge them.
#![allow(clippy::print_stdout, reason = "a command talks to its terminal")]

mod bare;
mod cluster;
mod crypto;
mod figures;
mod growth;
mod load;
mod measured;
mod page;
mod parts;
mod requests;
mod running;
mod server;
mod siege;
mod spread;
mod start;
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
        [bare::COMMAND, redis] => bare::serve(redis),
        [] => NAMES.iter().try_for_each(|name| run(name)),
        names => names.iter().try_for_each(|name| run(name)),
    }
}

/// In the order in which they run.
const NAMES: [&str; 10] = [
    "start", "server", "spread", "parts", "crypto", "page", "siege", "timing", "transfer", "growth",
];

/// On one thread, so that the load takes no more than one processor.
fn run(name: &str) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match name {
            "crypto" => crypto::bench().await,
            "growth" => growth::bench().await,
            "page" => page::bench().await,
            "parts" => parts::bench().await,
            "server" => server::bench().await,
            "siege" => siege::bench().await,
            "spread" => spread::bench().await,
            "start" => start::bench().await,
            "timing" => timing::bench().await,
            "transfer" => transfer::bench().await,
            unknown => bail!("unknown benchmark `{unknown}`; there are {}", NAMES.join(", ")),
        }
    })
}
