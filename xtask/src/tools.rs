//! Other programs: where they are, how they are run.
//!
//! Invariant: a program that fails or is missing is an error that names it.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The top of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask/ is inside the repository")
}

/// The cargo that runs us, at the top of the repository.
pub(crate) fn cargo<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    command(std::env::var_os("CARGO").unwrap_or("cargo".into()), args)
}

/// `program args…`, at the top of the repository.
pub(crate) fn command<S: AsRef<OsStr>>(
    program: impl AsRef<OsStr>,
    args: impl IntoIterator<Item = S>,
) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(root());
    command
}

/// Runs to the end, the terminal shared; an exit code other than 0 is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", shown(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", shown(command));
    }
    Ok(())
}

/// Like [`run`], but returns what it printed to stdout.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    if !output.status.success() {
        bail!("{} failed ({})", shown(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("{}: not UTF-8", shown(command)))
}

/// Runs a `cargo build` and returns the binaries that it made.
pub(crate) fn binaries(build: &mut Command) -> Result<Vec<PathBuf>> {
    let messages = output(build.arg("--message-format=json-render-diagnostics"))?;
    let binary = |message: &str| -> Option<PathBuf> {
        let message: Value = serde_json::from_str(message).ok()?;
        let binary = message["target"]["kind"][0] == "bin";
        binary.then(|| message["executable"].as_str().map(PathBuf::from)).flatten()
    };
    Ok(messages.lines().filter_map(binary).collect())
}

/// Where `program` is on the PATH.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let program = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path).map(|folder| folder.join(&program)).find(|file| file.is_file())
}

/// Makes sure that Rust can compile to `target`.
pub(crate) fn ensure_target(target: &str) -> Result<()> {
    let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
    let libdir = output(&mut command(rustc, ["--print", "target-libdir", "--target", target]))?;
    if Path::new(libdir.trim()).is_dir() {
        return Ok(());
    }
    if find("rustup").is_none() {
        bail!(
            "Rust's standard library for {target} is missing, and there is no rustup to add it: \
             install Rust from https://rustup.rs, or your distribution's package of it"
        );
    }
    run(&mut command("rustup", ["target", "add", target]))
}

/// Makes sure that there is a C compiler.
pub(crate) fn ensure_cc() -> Result<()> {
    let named = std::env::var_os("CC").is_some();
    if named || cfg!(windows) || ["cc", "gcc", "clang"].iter().any(|name| find(name).is_some()) {
        return Ok(());
    }
    bail!(
        "there is no C compiler, which Rust links with and SQLite is compiled with. Debian, \
         Ubuntu: apt-get install gcc libc6-dev; Fedora: dnf install gcc; macOS: xcode-select --install"
    )
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    format!("`{}`", words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" "))
}
