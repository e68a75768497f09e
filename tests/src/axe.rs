//! axe-core, the accessibility checker, on a page in a browser.

use crate::browser::Browser;
use anyhow::{Context, Result};

/// The checker's script.
pub struct Axe(String);

impl Axe {
    /// Reads the script that `WAXSEAL_AXE` names.
    ///
    /// # Errors
    /// If it names none.
    pub fn load() -> Result<Self> {
        let path = std::env::var_os("WAXSEAL_AXE").context(
            "WAXSEAL_AXE does not name axe.min.js: run the tests with `cargo xtask test`",
        )?;
        Ok(Self(std::fs::read_to_string(path)?))
    }

    /// What is wrong with the page as it is now, a line each.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn violations(&self, browser: &Browser) -> Result<Vec<String>> {
        if browser.value("typeof axe").await? == "undefined" {
            // The driver's scripts run past the page's policy, which allows none but its own.
            browser.execute(&self.0, vec![]).await?;
        }
        let run = "const done = arguments[0]; axe.run({ resultTypes: ['violations'] }).then(found => \
            done(found.violations.flatMap(rule => rule.nodes.map(node => \
            `${rule.id}: ${node.html} ${node.failureSummary}`))), error => done([String(error)]))";
        Ok(serde_json::from_value(browser.execute_async(run, vec![]).await?)?)
    }
}
