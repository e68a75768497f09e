//! `cargo xtask bench`: how fast a release build is; `docs/benchmarks.md` says what is measured.
//!
//! Invariant: what is measured is what `cargo xtask build` makes.

use crate::run::{command_line, release};
use crate::tools::{cargo, find, run};
use anyhow::{Result, bail};

/// What is measured, and the programs that it takes.
const BENCHES: [(&str, &str); 10] = [
    ("crypto", "chromedriver"),
    ("growth", "redis-server"),
    ("page", "chromedriver"),
    ("parts", "redis-server"),
    ("server", "redis-server"),
    // Nothing but the server.
    ("siege", "cargo"),
    ("spread", "redis-server"),
    ("start", "redis-server"),
    ("timing", "redis-server"),
    ("transfer", "chromedriver"),
];

/// Builds everything, then runs `which`, or all there are.
pub(crate) fn bench(which: &[&str]) -> Result<()> {
    if let Some(unknown) =
        which.iter().find(|name| !BENCHES.iter().any(|(bench, _)| bench == *name))
    {
        bail!("bench: what is `{unknown}`? There are {}", BENCHES.map(|(name, _)| name).join(", "));
    }
    for (bench, program) in BENCHES {
        if (which.is_empty() || which.contains(&bench)) && find(program).is_none() {
            bail!("{program} is not here: `cargo xtask test` installs it, or says how to");
        }
    }
    let server = release()?;
    let harness = ["bench", "--quiet", "--package", "waxseal-tests", "--bench", "bench", "--"];
    let cli = command_line()?;
    run(cargo(harness).args(which).env("WAXSEAL_SERVER", server).env("WAXSEAL_CLI", cli))
}
