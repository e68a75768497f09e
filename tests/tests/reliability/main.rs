//! Reliability: the promises of `docs/reliability.md`, under the faults that it lists.
//!
//! Invariant: every fault is a real one, and a test that counts prints what it counted. Beside all other
//! tests a sample runs; `cargo xtask soak` runs all.
#![allow(clippy::print_stdout, reason = "what was counted is for people to read")]

#[cfg(target_os = "linux")] // For its /proc.
mod burst;
mod churn;
mod crash;
mod expiry;
mod failover;
#[cfg(target_os = "linux")] // For its namespaces.
mod full_disk;
mod linearizable;
mod manifests;
mod openapi;
mod proxies;
mod shutdown;
mod siege;
mod smuggling;
#[cfg(target_os = "linux")] // For its strace.
mod unsynced;
