//! A real Firefox, driven through WebDriver: for what differs between browsers.

use super::driver::Driver;
use anyhow::{Context, Result};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use std::{ops::Deref, path::Path};

/// A browser with one window and a profile of its own; derefs to the WebDriver client.
pub struct Firefox {
    client: Client,
    /// Dropped last: it closes the browser.
    _driver: Driver,
}

impl Firefox {
    /// Starts a browser with a fresh profile.
    ///
    /// # Errors
    /// If Firefox or its driver, which `WAXSEAL_GECKODRIVER` names, is missing or does not start.
    pub async fn start() -> Result<Self> {
        let driver = std::env::var_os("WAXSEAL_GECKODRIVER").context(
            "WAXSEAL_GECKODRIVER does not name geckodriver: run the tests with `cargo xtask test`",
        )?;
        let mut driver = Driver::start(Path::new(&driver))?;
        let capabilities = json!({ "moz:firefoxOptions": { "args": ["-headless"] } });
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(serde_json::from_value(capabilities)?)
            .connect(&driver.address())
            .await
            .context("starting Firefox")?;
        driver.closes(client.session_id().await?.context("a session has an id")?);
        Ok(Self { client, _driver: driver })
    }
}

impl Deref for Firefox {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}
