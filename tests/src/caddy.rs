//! A real Caddy in front of a server, configured by our own documentation.
//!
//! Invariant: what Caddy reads is `docs/reverse-proxy.md`, with other addresses and without TLS.

use crate::{
    nginx::free_port,
    process::{Output, Process},
    wait::until,
};
use anyhow::{Context, Result, bail, ensure};
use std::{path::Path, process::Command};
use tempfile::TempDir;
use tokio::net::TcpStream;

/// The page that says how.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reverse-proxy.md");

/// What the page leaves to the rest of an installation: neither certificates nor a port to be told things on.
const GLOBAL: &str = "{\n\tadmin off\n\tauto_https off\n}\n";

/// A running Caddy.
pub struct Caddy {
    port: u16,
    _process: Process,
    _folder: TempDir,
}

impl Caddy {
    /// Starts one in front of the server on `port`.
    ///
    /// # Errors
    /// If Caddy is missing or does not start, or the page is not as expected.
    pub async fn start(port: u16) -> Result<Self> {
        let page = std::fs::read_to_string(PAGE)?;
        // Another program may take a port in between; then others are free.
        for _ in 0..5 {
            let ours = free_port()?;
            let folder = tempfile::tempdir()?;
            let site = format!("{GLOBAL}{}", site(&page, port, ours)?);
            std::fs::write(folder.path().join("Caddyfile"), site)?;
            if let Ok(process) = run(folder.path(), ours).await {
                return Ok(Self { port: ours, _process: process, _folder: folder });
            }
        }
        bail!("Caddy does not start: `cargo xtask test` installs it, or says how to")
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// The page's configuration with addresses of our own, and without TLS.
fn site(page: &str, server: u16, ours: u16) -> Result<String> {
    let (_, site) = page.split_once("```caddyfile\n").context("the page has a configuration")?;
    let (site, _) = site.split_once("```").context("the configuration ends")?;
    let mut site = site.to_owned();
    for (theirs, ours) in [
        ("share.example.org {", format!("http://:{ours} {{\n\tbind 127.0.0.1")),
        ("127.0.0.1:8080 {", format!("127.0.0.1:{server} {{")),
    ] {
        ensure!(site.matches(theirs).count() == 1, "the page has {theirs:?} once");
        site = site.replace(theirs, &ours);
    }
    Ok(site)
}

async fn run(folder: &Path, port: u16) -> Result<Process> {
    let output = Output::default();
    let mut caddy = Command::new("caddy");
    caddy.args(["run", "--adapter", "caddyfile", "--config"]).arg(folder.join("Caddyfile"));
    // Where it would keep certificates.
    caddy.env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder).env("HOME", folder);
    let mut process = Process::start(&mut caddy, &output)?;
    until("Caddy", async || {
        if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return Ok(Some(()));
        }
        if process.has_ended()? {
            bail!("Caddy ended: {}", String::from_utf8_lossy(&output.bytes()));
        }
        Ok(None)
    })
    .await?;
    Ok(process)
}
