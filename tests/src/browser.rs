//! A real Chromium, driven through WebDriver.
//!
//! Invariant: each browser has a profile of its own, and neither it nor its driver outlives the
//! [`Browser`], also when a test panics.

mod driver;
mod firefox;
mod person;

pub use firefox::Firefox;
pub use person::Key;

use crate::wait::until;
use anyhow::{Context, Result};
use driver::Driver;
use fantoccini::{Client, ClientBuilder, wd::WebDriverCompatibleCommand};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::{ops::Deref, path::Path};
use tempfile::TempDir;

/// The names that Chromium goes by; where none is on the PATH, its driver knows.
const CHROMIUM: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

const FLAGS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-default-apps",
    "--disable-component-extensions-with-background-pages",
];

/// A browser with one window; derefs to the WebDriver client.
pub struct Browser {
    client: Client,
    /// Dropped before the profile: it closes the browser.
    _driver: Driver,
    _profile: TempDir,
    downloads: TempDir,
}

/// What a window looks like to its page.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Width of the page in CSS pixels.
    pub width: u32,
    /// Height of the page in CSS pixels.
    pub height: u32,
    /// Whether the person prefers dark colours.
    pub dark: bool,
    /// Whether the person prefers less motion.
    pub reduced_motion: bool,
}

impl Default for Look {
    /// A desktop, light, with motion.
    fn default() -> Self {
        Self { width: 1280, height: 800, dark: false, reduced_motion: false }
    }
}

impl Browser {
    /// Starts a browser with a fresh profile and the default [`Look`].
    ///
    /// # Errors
    /// If Chromium or ChromeDriver is missing or does not start.
    pub async fn start() -> Result<Self> {
        Self::with(Look::default()).await
    }

    /// Starts a browser with a fresh profile.
    ///
    /// # Errors
    /// If Chromium or ChromeDriver is missing or does not start.
    pub async fn with(look: Look) -> Result<Self> {
        Self::recording("ALL", look).await
    }

    /// As [`Self::start`], without a record of requests, which holds all that is sent and so makes
    /// sending ten times as slow: for measurements.
    ///
    /// # Errors
    /// If Chromium or ChromeDriver is missing or does not start.
    pub async fn unwatched() -> Result<Self> {
        Self::recording("OFF", Look::default()).await
    }

    async fn recording(requests: &str, look: Look) -> Result<Self> {
        let (profile, downloads) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let mut driver = Driver::start(Path::new("chromedriver"))?;
        let mut args = FLAGS.map(str::to_owned).to_vec();
        args.push(format!("--user-data-dir={}", profile.path().display()));
        // No start page, which would ask for a hundred things.
        let prefs = json!({
            "session.restore_on_startup": 4, "session.startup_urls": ["about:blank"],
            "download.default_directory": downloads.path(),
            "download.prompt_for_download": false,
            "profile.default_content_setting_values.automatic_downloads": 1,
        });
        let mut options = json!({ "args": args, "prefs": prefs });
        if let Some(binary) = CHROMIUM.into_iter().find_map(find) {
            options["binary"] = binary.into();
        }
        let capabilities = json!({
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL", "performance": requests },
        });
        let capabilities = serde_json::from_value(capabilities)?;
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&driver.address())
            .await
            .context("starting Chromium")?;
        driver.closes(client.session_id().await?.context("a session has an id")?);
        let browser = Self { client, _driver: driver, _profile: profile, downloads };
        browser.look(look).await?;
        Ok(browser)
    }

    /// Where downloads go.
    pub fn downloads(&self) -> &Path {
        self.downloads.path()
    }

    /// What was downloaded under `name`, once it is `len` bytes.
    ///
    /// # Errors
    /// If it never is; with what is there.
    pub async fn downloaded(&self, name: &str, len: usize) -> Result<Vec<u8>> {
        let path = self.downloads().join(name);
        let there = until(name, async || {
            let whole = std::fs::metadata(&path).is_ok_and(|file| file.len() == len as u64);
            Ok(if whole { Some(std::fs::read(&path)?) } else { None })
        });
        let present = || std::fs::read_dir(self.downloads()).map(|all| all.flatten().collect());
        match there.await {
            Ok(content) => Ok(content),
            Err(error) => {
                let present: Vec<_> = present()?;
                Err(error.context(format!("the folder of downloads has {present:?}")))
            }
        }
    }

    /// Runs `script` in every page from now on, before the page's own.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn before_pages(&self, script: &str) -> Result<()> {
        let source = json!({ "source": script });
        self.devtools("Page.addScriptToEvaluateOnNewDocument", source).await?;
        Ok(())
    }

    /// Gives the current window another look. New windows start without.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn look(&self, look: Look) -> Result<()> {
        let (width, height) = (look.width, look.height);
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await?;
        let scheme = if look.dark { "dark" } else { "light" };
        let motion = if look.reduced_motion { "reduce" } else { "no-preference" };
        let features = json!({ "features": [
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": motion },
        ] });
        self.devtools("Emulation.setEmulatedMedia", features).await?;
        Ok(())
    }

    /// Sends a command of the Chrome DevTools Protocol to the current window.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn devtools(&self, method: &str, params: Value) -> Result<Value> {
        let body = json!({ "cmd": method, "params": params });
        let command = ChromeCommand { path: "goog/cdp/execute", body };
        self.client.issue_cmd(command).await.with_context(|| method.to_owned())
    }

    /// The DevTools events (`{"method", "params"}`) since the last call: every request and answer.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn performance_log(&self) -> Result<Vec<Value>> {
        let entries = self.log("performance").await?;
        entries
            .iter()
            .map(|entry| {
                let message = entry["message"].as_str().context("an entry without a message")?;
                Ok(serde_json::from_str::<Value>(message)?["message"].take())
            })
            .collect()
    }

    /// The lines of the console since the last call, with what the browser itself complains about.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn console(&self) -> Result<Vec<String>> {
        let entries = self.log("browser").await?;
        Ok(entries.iter().map(|entry| entry["message"].to_string()).collect())
    }

    async fn log(&self, kind: &str) -> Result<Vec<Value>> {
        let command = ChromeCommand { path: "se/log", body: json!({ "type": kind }) };
        let entries = self.client.issue_cmd(command).await?;
        Ok(entries.as_array().context("a log is an array")?.clone())
    }
}

impl Deref for Browser {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// A command that WebDriver does not have and ChromeDriver does.
#[derive(Debug)]
struct ChromeCommand {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for ChromeCommand {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}

/// Where `program` is on the PATH.
fn find(program: &str) -> Option<String> {
    let path = std::env::var_os("PATH")?;
    let file = std::env::split_paths(&path).map(|folder| folder.join(program));
    Some(file.into_iter().find(|file| file.is_file())?.to_string_lossy().into_owned())
}
