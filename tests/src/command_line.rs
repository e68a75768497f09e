//! The command line as users run it: the binary, with a home of its own.

use anyhow::{Context, Result, ensure};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use tempfile::TempDir;

/// Somebody at a terminal of their own.
pub struct CommandLine {
    home: TempDir,
}

impl CommandLine {
    /// With nothing known yet.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn new() -> Result<Self> {
        Ok(Self { home: tempfile::tempdir()? })
    }

    /// A folder of this somebody's own.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Runs `waxseal` with the passphrase, if it is not empty, and gives what it printed.
    ///
    /// # Errors
    /// If it fails; with what it said.
    pub fn run(&self, args: &[&str], passphrase: &str) -> Result<String> {
        let mut command = Command::new(binary()?);
        command.args(args).env("WAXSEAL_HOME", self.home.path().join("waxseal"));
        if !passphrase.is_empty() {
            command.env("WAXSEAL_PASSPHRASE", passphrase);
        }
        let output = command.stdin(Stdio::null()).output().context("starting the command line")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "waxseal {args:?} ended with {}: {said}", output.status);
        Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
    }
}

fn binary() -> Result<PathBuf> {
    let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/debug/waxseal");
    let binary = std::env::var_os("WAXSEAL_CLI").map_or_else(built, PathBuf::from);
    ensure!(
        binary.is_file(),
        "the command line is not built: run the tests with `cargo xtask test`, or name the binary in WAXSEAL_CLI"
    );
    Ok(binary)
}
