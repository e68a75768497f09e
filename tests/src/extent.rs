//! How much of a test is run: a sample beside all other tests, all of it by `cargo xtask soak`.
//!
//! Invariant: both run the same code on the same kinds of faults; only how many differs.

/// `sample`, or `all` in `cargo xtask soak`.
pub fn extent(sample: usize, all: usize) -> usize {
    if std::env::var_os("WAXSEAL_SOAK").is_some() { all } else { sample }
}
