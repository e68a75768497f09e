//! What the server is deployed with: compose files and Kubernetes manifests that fit the published schemas, and
//! give the server settings that it takes.

use anyhow::{Context, Result, ensure};
use std::{collections::BTreeMap, env::var_os, ffi::OsString, path::Path, process::Command};
use waxseal_server::config::{Settings, StoreUrl};

/// In them: one server on one Redis, three on a Cluster, and those of Kubernetes.
const DEPLOYED: [&str; 3] =
    ["docker-compose.yml", "deploy/compose/cluster.yml", "deploy/kubernetes"];
const SERVERS: usize = 1 + 3 + 1;

#[test]
fn they_fit_the_published_schemas_and_the_server_takes_their_settings() -> Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let missing = "run the tests with `cargo xtask test`";
    let checked = Command::new(var_os("WAXSEAL_PYTHON").context(missing)?)
        .current_dir(here.join(".."))
        .arg(here.join("tests/reliability/manifests/check.py"))
        .arg(var_os("WAXSEAL_COMPOSE_SCHEMA").context(missing)?)
        .args(DEPLOYED)
        .output()?;
    let said = String::from_utf8_lossy(&checked.stderr);
    ensure!(checked.status.success(), "{said}");
    let servers: Vec<BTreeMap<String, String>> = serde_json::from_slice(&checked.stdout)?;
    ensure!(servers.len() == SERVERS, "{servers:?}");
    for variables in servers {
        let names: Vec<_> = variables.keys().cloned().collect();
        let own = names.iter().all(|name| name.starts_with("WAXSEAL_"));
        let env = variables.into_iter().map(|(name, value)| (OsString::from(name), value.into()));
        let settings = Settings::load(["waxseal-server"], env)?;
        ensure!(own && matches!(settings.store(), StoreUrl::Redis(_)), "{names:?}");
    }
    Ok(())
}
