//! A user at a command line: the real binary, in a home and a folder of its own.
//!
//! Invariant: nothing of this machine's settings, proxies or terminals gets into a test.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;
use waxseal_tests::{deployment::Deployment, server::Engine};

/// A user.
pub(crate) struct User {
    home: TempDir,
    /// Where they work.
    pub(crate) folder: TempDir,
    server: String,
}

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Done {
    /// Its exit code.
    pub(crate) code: Option<i32>,
    /// Its standard output.
    pub(crate) out: String,
    /// Its standard error.
    pub(crate) err: String,
}

impl Done {
    /// Standard output of a command that must succeed.
    pub(crate) fn ok(self) -> Result<String> {
        ensure!(self.code == Some(0), "{self:?}");
        Ok(self.out)
    }

    /// The JSON of a command that must succeed.
    pub(crate) fn json(self) -> Result<Value> {
        Ok(serde_json::from_str(&self.ok()?)?)
    }
}

impl User {
    /// Somebody who uses the server at `origin`.
    pub(crate) fn of(origin: &str) -> Result<Self> {
        let (home, folder) = (tempfile::tempdir()?, tempfile::tempdir()?);
        Ok(Self { home, folder, server: origin.to_owned() })
    }

    /// A command that is about to run.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_waxseal"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .env("WAXSEAL_HOME", self.home.path())
            .env("WAXSEAL_URL", &self.server)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Result<Done> {
        done(self.command(args).spawn()?)
    }

    /// As [`Self::run`], with a passphrase in the environment.
    pub(crate) fn run_with(&self, passphrase: &str, args: &[&str]) -> Result<Done> {
        done(self.command(args).env("WAXSEAL_PASSPHRASE", passphrase).spawn()?)
    }

    /// As [`Self::run`], with a standard input.
    pub(crate) fn run_on(&self, input: &[u8], args: &[&str]) -> Result<Done> {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn()?;
        let mut stdin = child.stdin.take().context("standard input is piped")?;
        // Some commands end without reading it.
        stdin.write_all(input).ok();
        drop(stdin);
        done(child)
    }

    /// Sends and gives the link.
    pub(crate) fn send(&self, args: &[&str]) -> Result<String> {
        let out = self.run(&[&["send"], args].concat())?.ok()?;
        let link = out.strip_suffix('\n').context("a line")?;
        ensure!(link.contains("/s#") && !link.contains('\n'), "the link and nothing else: {out}");
        Ok(link.to_owned())
    }

    /// A file of theirs.
    pub(crate) fn file(&self, name: &str, content: &[u8]) -> Result<PathBuf> {
        let path = self.folder.path().join(name);
        fs::write(&path, content)?;
        Ok(path)
    }

    /// What is in a file of theirs.
    pub(crate) fn read(&self, name: &str) -> Result<Vec<u8>> {
        fs::read(self.folder.path().join(name)).with_context(|| name.to_owned())
    }

    /// Names in a folder of theirs, sorted.
    pub(crate) fn names(&self, folder: &str) -> Result<Vec<String>> {
        names(&self.folder.path().join(folder))
    }

    /// Files in which openings are kept.
    pub(crate) fn openings(&self) -> PathBuf {
        self.home.path().join("openings")
    }

    /// Where the program keeps what it needs.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }
}

/// Waits for the end of a command.
pub(crate) fn done(child: Child) -> Result<Done> {
    let output = child.wait_with_output()?;
    Ok(Done {
        code: output.status.code(),
        out: String::from_utf8(output.stdout)?,
        err: String::from_utf8(output.stderr)?,
    })
}

/// Names in a folder, sorted.
pub(crate) fn names(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// A server on the embedded store, and a user of it who goes through the proxy.
pub(crate) async fn start() -> Result<(Deployment, User)> {
    start_with(&[]).await
}

/// As [`start`], with flags for the server.
pub(crate) async fn start_with(options: &[&str]) -> Result<(Deployment, User)> {
    let deployment = Deployment::with(Engine::Sqlite, options, None).await?;
    let user = User::of(&deployment.origin())?;
    Ok((deployment, user))
}

/// So many bytes that no two stretches of are alike.
pub(crate) fn random(len: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(bytes)
}
