//! `cargo xtask run` and `cargo xtask build`: the server with the web client inside, the command line.
//!
//! Invariant: on Unix the server takes this process's place, so that a signal, an exit code and the
//! output (its first line is its address) are its own.

use crate::{tools, web};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// What `run` was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options<'a> {
    redis: Option<&'a str>,
    listen: Option<&'a str>,
    server: &'a [&'a str],
}

/// Builds everything and starts the server, on the embedded store unless told otherwise.
pub(crate) fn run(args: &[&str]) -> Result<()> {
    let options = parse(args)?;
    let server = release()?;
    // By environment, so that flags after `--` go before it and no password is on a command line.
    let mut command = tools::command(&server, options.server);
    if let Some(url) = options.redis {
        command.env("WAXSEAL_STORE", url);
    }
    if let Some(address) = options.listen {
        command.env("WAXSEAL_LISTEN", address);
    }
    become_it(&mut command)
}

/// Builds the release binaries: the server and the command line.
pub(crate) fn build() -> Result<()> {
    let server = release()?;
    let manifest = server.with_file_name(web::MANIFEST);
    for made in [server, command_line()?, manifest] {
        println!("{}", shown(&made));
    }
    Ok(())
}

/// The server as users get it, the web client inside and its manifest beside it.
pub(crate) fn release() -> Result<PathBuf> {
    tools::ensure_cc()?;
    web::build(web::Mode::Release)?;
    let server = binary("waxseal-server", "waxseal-server")?;
    let manifest = tools::root().join("target/web").join(web::MANIFEST);
    fs::copy(manifest, server.with_file_name(web::MANIFEST))?;
    Ok(server)
}

/// The command line as users get it.
pub(crate) fn command_line() -> Result<PathBuf> {
    binary("waxseal-cli", "waxseal")
}

fn binary(package: &str, name: &'static str) -> Result<PathBuf> {
    let build = ["build", "--package", package, "--bin", name, "--release"];
    let built = tools::binaries(&mut tools::cargo(build))?.pop();
    built.with_context(|| format!("cargo built no {name}"))
}

fn parse<'a>(mut args: &'a [&'a str]) -> Result<Options<'a>> {
    let mut options = Options::default();
    loop {
        args = match args {
            [] => return Ok(options),
            ["--", rest @ ..] => {
                options.server = rest;
                return Ok(options);
            }
            ["--redis", url, rest @ ..] => {
                options.redis = Some(url);
                rest
            }
            ["--listen", address, rest @ ..] => {
                options.listen = Some(address);
                rest
            }
            [other, ..] => bail!("run: what is `{other}`? The server's own flags go after `--`"),
        }
    }
}

/// The path from the top of the repository, where that is shorter.
fn shown(path: &Path) -> String {
    path.strip_prefix(tools::root()).unwrap_or(path).display().to_string()
}

#[cfg(unix)]
fn become_it(command: &mut std::process::Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    Err(command.exec().into())
}

#[cfg(not(unix))]
fn become_it(command: &mut std::process::Command) -> Result<()> {
    tools::run(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_own_flags_follow_two_dashes() {
        let args = ["--listen", "[::1]:0", "--redis", "redis://a", "--", "--redis", "b"];
        let options = Options {
            redis: Some("redis://a"),
            listen: Some("[::1]:0"),
            server: &["--redis", "b"],
        };
        assert_eq!(parse(&args).expect("all are known"), options);
        assert_eq!(parse(&[]).expect("nothing is fine"), Options::default());
        assert!(parse(&["--store", "x"]).is_err());
        assert!(parse(&["--redis"]).is_err());
    }
}
