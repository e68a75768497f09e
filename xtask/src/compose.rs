//! `cargo xtask compose`: the server in containers, with what belongs to it.
//!
//! Invariant: it returns once every container says that it is well, or tells what is missing for that.

use crate::tools::{command, find, run};
use anyhow::{Result, bail};
use std::process::Stdio;

/// One server on one Redis, and three on a Redis Cluster.
pub(crate) const ONE: &str = "docker-compose.yml";
pub(crate) const CLUSTER: &str = "deploy/compose/cluster.yml";

/// Brings it up.
pub(crate) fn up(file: &str) -> Result<()> {
    if find("docker").is_none() {
        bail!("there is no docker here: https://docs.docker.com/engine/install");
    }
    if !works(&["info"]) {
        bail!("no Docker daemon answers: it may not run, or you may not talk to it (group docker)");
    }
    if !works(&["compose", "version"]) {
        bail!(
            "docker has no `compose` here. Debian, Ubuntu: apt-get install docker-compose-v2 or docker-compose-plugin"
        );
    }
    run(&mut command(
        "docker",
        ["compose", "--file", file, "up", "--build", "--detach", "--wait"],
    ))?;
    println!("http://127.0.0.1:8080; it ends with: docker compose --file {file} down");
    Ok(())
}

fn works(args: &[&str]) -> bool {
    let mut docker = command("docker", args);
    docker.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
