//! Every test vector of the format, as one plain function that runs natively and in a browser.
//!
//! Invariant: nothing here seals or opens by itself; all answers are those of `waxseal-core`, all
//! expectations those of other implementations or of a file in `core/tests/vectors/`.

mod backups;
mod bodies;
mod cobblestone;
#[cfg(target_arch = "wasm32")]
mod engines;
mod files;
mod gcm;
mod hex;
mod hkdf;
mod known_answers;
mod links;
mod manifests;
mod requests;
mod sealed;
mod sizes;

use serde::Serialize;
use std::fmt::Display;

/// What all checks came to.
#[derive(Debug, Serialize)]
pub struct Report {
    /// In the order they ran.
    pub groups: Vec<Group>,
}

/// What the checks of one source came to.
#[derive(Debug, Serialize)]
pub struct Group {
    /// What was checked.
    pub name: &'static str,
    /// How many cases there were.
    pub cases: usize,
    /// One line for each case that failed.
    pub failures: Vec<String>,
}

/// Runs every check. Takes seconds, and 64 MiB of memory for Argon2id.
pub fn run() -> Report {
    let groups = [
        ("Wycheproof AES-256-GCM", gcm::check as fn(&mut Group)),
        ("Wycheproof HKDF-SHA-512", hkdf::check),
        ("Wycheproof Cobblestone-256", cobblestone::check),
        ("known answers: derivations", known_answers::derivations),
        ("known answers: padding", known_answers::padding),
        ("known answers: sealed body", known_answers::sealed),
        ("links", links::check),
        ("manifests", manifests::check),
        ("plaintexts", bodies::check),
        ("sealed bodies", sealed::check),
        ("backups", backups::check),
        ("requests", requests::links),
        ("answers", requests::answers),
        ("sizes", sizes::check),
    ];
    let groups = groups.into_iter().map(|(name, check)| {
        let mut group = Group { name, cases: 0, failures: Vec::new() };
        check(&mut group);
        group
    });
    Report { groups: groups.collect() }
}

/// Runs everything, and what only a browser has: both of its engines for bulk.
#[cfg(target_arch = "wasm32")]
pub async fn run_in_browser() -> Report {
    let mut report = run();
    report.groups.extend(engines::check().await);
    report
}

impl Report {
    /// Whether every group had cases and none of them failed.
    pub fn passed(&self) -> bool {
        self.groups.iter().all(|group| group.cases > 0 && group.failures.is_empty())
    }
}

impl Group {
    /// Counts a case, and notes it if it went wrong.
    fn case(&mut self, name: impl Display, outcome: Result<(), String>) {
        self.cases += 1;
        if let Err(failure) = outcome {
            self.failures.push(format!("{name}: {failure}"));
        }
    }
}

/// `Ok` if `got` is what was `expected`.
fn equal<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, expected: &T) -> Result<(), String> {
    if got == expected { Ok(()) } else { Err(format!("{what} is {got:?} instead of {expected:?}")) }
}
