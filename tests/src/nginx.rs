//! A real nginx in front of a server, configured by our own documentation.
//!
//! Invariant: what nginx reads is `docs/reverse-proxy.md`, with other addresses and without TLS; it has
//! one worker, so that all clients' requests share the same connections to the server.

use crate::{
    process::{Output, Process},
    wait::until,
};
use anyhow::{Context, Result, bail, ensure};
use rustix::process::getuid;
use std::{net::TcpListener, path::Path, process::Command};
use tempfile::TempDir;
use tokio::net::TcpStream;

/// The page that says how.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reverse-proxy.md");

/// A running nginx.
pub struct Nginx {
    port: u16,
    redirects: u16,
    _process: Process,
    _folder: TempDir,
}

impl Nginx {
    /// Starts one in front of the server on `port`.
    ///
    /// # Errors
    /// If nginx is missing or does not start, or the page is not as expected.
    pub async fn start(port: u16) -> Result<Self> {
        let page = std::fs::read_to_string(PAGE)?;
        // Another program may take a port in between; then others are free.
        for _ in 0..5 {
            let (ours, redirects) = (free_port()?, free_port()?);
            let site = site(&page, port, ours, redirects)?;
            let folder = tempfile::tempdir()?;
            std::fs::write(folder.path().join("nginx.conf"), configuration(folder.path(), &site))?;
            if let Ok(process) = run(folder.path(), ours).await {
                return Ok(Self { port: ours, redirects, _process: process, _folder: folder });
            }
        }
        bail!("nginx does not start: `cargo xtask test` installs it, or says how to")
    }

    /// Where it listens for requests that it passes on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it sends everybody on to https.
    pub fn redirects(&self) -> u16 {
        self.redirects
    }
}

/// The page's configuration with addresses of our own, and without TLS.
fn site(page: &str, server: u16, ours: u16, redirects: u16) -> Result<String> {
    let (_, site) = page.split_once("```nginx\n").context("the page has a configuration")?;
    let (site, _) = site.split_once("```").context("the configuration ends")?;
    let mut site = site.to_owned();
    for (theirs, ours) in [
        ("server 127.0.0.1:8080;", format!("server 127.0.0.1:{server};")),
        ("listen 80;", format!("listen 127.0.0.1:{redirects};")),
        ("listen [::]:80;", String::new()),
        ("listen 443 ssl http2;", format!("listen 127.0.0.1:{ours};")),
        ("listen [::]:443 ssl http2;", String::new()),
        ("ssl_certificate /etc/ssl/share.example.org.pem;", String::new()),
        ("ssl_certificate_key /etc/ssl/private/share.example.org.key;", String::new()),
    ] {
        ensure!(site.matches(theirs).count() == 1, "the page has {theirs:?} once");
        site = site.replace(theirs, &ours);
    }
    Ok(site)
}

/// What the page leaves to the rest of an installation.
fn configuration(folder: &Path, site: &str) -> String {
    let folder = folder.display();
    // Otherwise nginx gives root up, and cannot write to a folder of root's.
    let user = if getuid().is_root() { "user root;" } else { "" };
    let kept = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let kept: String = kept.iter().map(|of| format!("{of}_temp_path {folder}/{of};\n")).collect();
    format!(
        "{user}\ndaemon off;\nworker_processes 1;\npid {folder}/nginx.pid;\nerror_log stderr;\n\
         events {{ worker_connections 256; }}\nhttp {{\n{kept}{site}}}\n"
    )
}

async fn run(folder: &Path, port: u16) -> Result<Process> {
    let output = Output::default();
    let mut nginx = Command::new("nginx");
    nginx.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf")).args(["-e", "stderr"]);
    let mut process = Process::start(&mut nginx, &output)?;
    until("nginx", async || {
        if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return Ok(Some(()));
        }
        if process.has_ended()? {
            bail!("nginx ended: {}", String::from_utf8_lossy(&output.bytes()));
        }
        Ok(None)
    })
    .await?;
    Ok(process)
}

/// One that nobody listens on now.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
