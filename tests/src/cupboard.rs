//! Cupboard, the application in `examples/host-app`, as users run it: the binary, on a free port.
//!
//! Invariant: its pages are on another site than the server's.

use crate::{
    browser::Browser,
    clock::Clock,
    deployment::Deployment,
    embedder::Framed,
    process::{Output, Process},
    server::Engine,
    wait::until,
};
use anyhow::{Context, Result, ensure};
use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
};

/// What the server calls itself to applications that grant.
const AUDIENCE: &str = "https://share.example.org";

/// An application that runs or may run.
pub struct Cupboard {
    port: u16,
    process: Option<Process>,
}

impl Cupboard {
    /// One that does not run yet.
    ///
    /// # Errors
    /// If no port is free.
    pub fn later() -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        Ok(Self { port, process: None })
    }

    /// Starts one, and a server that takes its grants.
    ///
    /// # Errors
    /// If something that is needed is missing or does not start.
    pub async fn start(engine: Engine) -> Result<(Deployment, Self)> {
        Self::start_by(engine, None, None).await
    }

    /// The same by clocks of the test's own: the server's, and the application's.
    ///
    /// # Errors
    /// If something that is needed is missing or does not start.
    pub async fn start_by(
        engine: Engine,
        server: Option<&Clock>,
        own: Option<&Clock>,
    ) -> Result<(Deployment, Self)> {
        let mut cupboard = Self::later()?;
        let (embedding, origin) = (cupboard.embedding_flag(), cupboard.origin());
        let [audience, issuer, keys] = [
            format!("--identity-grant-audience={AUDIENCE}"),
            format!("--identity-grant-issuer={origin}"),
            format!("--identity-grant-keys={origin}/.well-known/jwks.json"),
        ];
        let flags = ["--identity-mode=grant", &embedding, &audience, &issuer, &keys];
        let deployment = Deployment::with(engine, &flags, server).await?;
        cupboard.run(&deployment.origin(), own)?;
        Ok((deployment, cupboard))
    }

    /// The server's flag that lets its pages show the dialog.
    pub fn embedding_flag(&self) -> String {
        format!("--embedding-origins={}", self.origin())
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        // Another site than the server's, which goes by its number.
        format!("http://localhost:{}", self.port)
    }

    /// Runs it, with the dialog of the server at `waxseal`.
    ///
    /// # Errors
    /// If it does not start.
    pub fn run(&mut self, waxseal: &str, clock: Option<&Clock>) -> Result<()> {
        let mut command = Command::new(binary()?);
        command.args(["--port", &self.port.to_string(), "--waxseal", waxseal]);
        command.args(["--audience", AUDIENCE]);
        if let Some(clock) = clock {
            clock.rules(&mut command);
        }
        let mut process = Process::start(&mut command, &Output::default())?;
        process.first_line().context("starting the application")?;
        self.process = Some(process);
        Ok(())
    }

    /// Signs in.
    ///
    /// # Errors
    /// If the list of secrets is not shown then.
    pub async fn sign_in(&self, browser: &Browser, name: &str) -> Result<()> {
        browser.goto(&self.origin()).await?;
        let button = format!("button[value={name}]");
        browser.wait_for(&button).await?;
        browser.click(&button).await?;
        browser.wait_for(&format!("{button}[aria-current]")).await?;
        browser.wait_for(".secrets a").await
    }

    /// From the list of secrets to the page of one.
    ///
    /// # Errors
    /// If it is not in the list, or not shown.
    pub async fn visit(&self, browser: &Browser, secret: &str) -> Result<()> {
        browser.goto(&self.origin()).await?;
        browser.wait_for(".secrets a").await?;
        browser.click(&format!(".secrets a[href='/secrets/{secret}']")).await?;
        browser.wait_for("dl dd").await
    }

    /// Share secret, Share via public link.
    ///
    /// # Errors
    /// If there is no such menu, or no dialog.
    pub async fn share<'a>(&self, browser: &'a Browser) -> Result<Framed<'a>> {
        self.choose(browser).await?;
        Framed::enter(browser).await
    }

    /// As [`Self::share`], and does not wait for the dialog.
    ///
    /// # Errors
    /// If there is no such menu.
    pub async fn choose(&self, browser: &Browser) -> Result<()> {
        browser.click("#share").await?;
        browser.wait_for("#menu").await?;
        browser.click("#public-link").await
    }

    /// What the page says at its end, once it says something with `part` in it.
    ///
    /// # Errors
    /// If it never does.
    pub async fn says(&self, browser: &Browser, part: &str) -> Result<String> {
        until(part, async || {
            let said = browser.text("#status").await?;
            Ok(said.contains(part).then_some(said))
        })
        .await
    }
}

fn binary() -> Result<PathBuf> {
    let built =
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/debug/waxseal-example-host");
    let binary = std::env::var_os("WAXSEAL_EXAMPLE_HOST").map_or_else(built, PathBuf::from);
    ensure!(
        binary.is_file(),
        "the example is not built: run the tests with `cargo xtask test`, or name the binary in WAXSEAL_EXAMPLE_HOST"
    );
    Ok(binary)
}
