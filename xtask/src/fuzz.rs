//! `cargo xtask fuzz`: libFuzzer looks for bytes that break a target.
//!
//! Invariant: what is found on the way stays in target/fuzz/corpus, so that the next run goes on from
//! there; bytes that break a target are an error that names their file.

use crate::test::needs::cargo_fuzz;
use crate::tools::{command, find, root, run};
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const TARGETS: [&str; 7] = ["link", "token", "manifest", "message", "body", "request", "stores"];
/// The one that compares SQLite with Redis.
const WITH_REDIS: &str = "stores";
const IN_MEMORY: &str = "/dev/shm";
/// Longer than any message that a target tells apart.
const LONGEST: &str = "-max_len=4096";

/// Runs the targets that `args` name.
pub(crate) fn fuzz(args: &[&str]) -> Result<()> {
    let (names, seconds) = match args {
        [names @ .., "--seconds", seconds] => (names, seconds.parse().context("--seconds N")?),
        names => (names, 60_u32),
    };
    let targets = if names.is_empty() { &TARGETS[..] } else { names };
    if let Some(unknown) = targets.iter().find(|name| !TARGETS.contains(name)) {
        bail!("no target {unknown}: there are {}", TARGETS.join(", "));
    }
    let cargo_fuzz = cargo_fuzz()?;
    // No sanitizer: there is no unsafe code of ours, and without one any toolchain will do.
    let options = ["--fuzz-dir=fuzz/libfuzzer", "--target-dir=target/fuzz", "--sanitizer=none"];
    for target in targets {
        println!("\n==> {target}, {seconds} s");
        let redis = if *target == WITH_REDIS { Some(Redis::start()?) } else { None };
        let corpus = root().join("target/fuzz/corpus").join(target);
        fs::create_dir_all(&corpus)?;
        let mut search = command(&cargo_fuzz, ["run"]);
        search.args(options).arg(target).arg(corpus).arg(root().join("fuzz/seeds").join(target));
        search.args(["--", LONGEST, "-timeout=60", "-print_final_stats=1"]);
        search.arg(format!("-max_total_time={seconds}"));
        // Where syncs take no time.
        if Path::new(IN_MEMORY).is_dir() {
            search.env("TMPDIR", IN_MEMORY);
        }
        search.envs(redis.iter().map(|redis| ("WAXSEAL_FUZZ_REDIS", &redis.address)));
        run(&mut search)?;
    }
    Ok(())
}

/// A Redis that keeps nothing, and ends with the value.
struct Redis {
    server: Child,
    address: String,
}

impl Redis {
    fn start() -> Result<Self> {
        if find("redis-server").is_none() {
            bail!("redis-server is missing: `cargo xtask test` installs it, or says how to");
        }
        let folder = root().join("target/fuzz");
        fs::create_dir_all(&folder)?;
        let socket = folder.join(format!("redis-{}.sock", std::process::id()));
        let server = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
            .arg(&socket)
            .stdout(Stdio::null())
            .spawn()
            .context("starting redis-server")?;
        let redis = Self { server, address: format!("redis+unix://{}", socket.display()) };
        let deadline = Instant::now() + Duration::from_secs(20);
        while UnixStream::connect(&socket).is_err() {
            ensure!(Instant::now() < deadline, "redis-server does not start");
            sleep(Duration::from_millis(10));
        }
        Ok(redis)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // It may have ended.
        self.server.kill().ok();
        self.server.wait().ok();
    }
}
