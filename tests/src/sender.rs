//! The sender's page, as a person uses it.

use crate::{browser::Browser, owner::kept_by, wait::until};
use anyhow::{Context, Result};
use fantoccini::Locator;
use serde_json::json;
use std::path::Path;
use waxseal_core::wire::OwnedShare;

/// Somebody at the sender's page.
#[derive(Clone, Copy)]
pub struct Sender<'a> {
    browser: &'a Browser,
}

impl<'a> Sender<'a> {
    /// Opens the page at `origin` and waits till it can share.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn open(browser: &'a Browser, origin: &str) -> Result<Self> {
        browser.goto(origin).await?;
        // The button is as it will be only once the page's code has begun.
        browser.wait_for("#fields > li").await?;
        browser.wait_for("#share:enabled").await?;
        Ok(Self { browser })
    }

    /// Somebody at the current window of `browser`.
    pub fn at(browser: &'a Browser) -> Self {
        Self { browser }
    }

    /// Chooses a template: `note`, `login`, `wifi`, `ssh`, `card`.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn template(&self, name: &str) -> Result<()> {
        self.browser.click(&format!("label:has(input[name=template][value={name}])")).await
    }

    /// Writes the title.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn title(&self, text: &str) -> Result<()> {
        self.browser.write("#title", text).await
    }

    /// Adds a field at the end.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn add_field(&self) -> Result<()> {
        self.browser.click("#add").await
    }

    /// Names field `n`, counted from 0.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn label(&self, n: usize, text: &str) -> Result<()> {
        self.browser.write(&format!("{} [data-slot=label]", field(n)), text).await
    }

    /// Chooses the kind of field `n`.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn kind(&self, n: usize, kind: &str) -> Result<()> {
        self.browser.click(&format!("{} [data-slot=kind] option[value={kind}]", field(n))).await
    }

    /// Writes the value of field `n`.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn write(&self, n: usize, text: &str) -> Result<()> {
        self.browser.write(&format!("{} [data-slot=value] > *", field(n)), text).await
    }

    /// Opens the dialog.
    ///
    /// # Errors
    /// If it does not open.
    pub async fn share(&self) -> Result<()> {
        self.browser.click("#share").await?;
        self.browser.wait_for("#get-link").await
    }

    /// Chooses an expiry by its words, such as `1 hour`.
    ///
    /// # Errors
    /// If it is not offered.
    pub async fn expires_in(&self, words: &str) -> Result<()> {
        let value = "return [...document.querySelectorAll('#expiries label')] \
            .find(label => label.textContent.trim() === arguments[0])?.querySelector('input').value";
        let seconds = self.browser.execute(value, vec![words.into()]).await?;
        let seconds = seconds.as_str().with_context(|| format!("{words} is not offered"))?;
        self.browser.click(&format!("#expiries label:has(input[value='{seconds}'])")).await
    }

    /// Switches “Can be viewed only 1 time” the other way.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn toggle_once(&self) -> Result<()> {
        self.browser.click("#once").await
    }

    /// Unfolds “More options”.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn more(&self) -> Result<()> {
        self.browser.click("#more summary").await?;
        self.browser.wait_for("#new-passphrase").await
    }

    /// Writes the passphrase, which is among “More options”.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn passphrase(&self, text: &str) -> Result<()> {
        self.browser.write("#new-passphrase", text).await
    }

    /// Writes the number of views, which is among “More options”.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn views(&self, count: u32) -> Result<()> {
        self.browser.write("#views", &count.to_string()).await
    }

    /// Writes the sender's name, which is among “More options”.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn from(&self, name: &str) -> Result<()> {
        self.browser.write("#from", name).await
    }

    /// Presses “Get link” and gives the link.
    ///
    /// # Errors
    /// If there is none.
    pub async fn get_link(&self) -> Result<String> {
        self.begin().await?;
        self.link().await
    }

    /// Presses “Done”.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn done(&self) -> Result<()> {
        self.browser.click("#done").await
    }

    /// A note from the first letter to the link, with what is chosen beforehand.
    ///
    /// # Errors
    /// If there is no link.
    pub async fn send_note(&self, title: &str, text: &str) -> Result<String> {
        self.title(title).await?;
        self.write(0, text).await?;
        self.share().await?;
        self.get_link().await
    }

    /// Picks files, as the system's dialog would give them.
    ///
    /// # Errors
    /// If the page has no picker.
    pub async fn attach(&self, files: &[&Path]) -> Result<()> {
        let paths: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
        let picker = self.browser.find(Locator::Css("#pick")).await?;
        Ok(picker.send_keys(&paths.join("\n")).await?)
    }

    /// Drags files and folders over the page and lets go.
    ///
    /// # Errors
    /// Those of the browser; if the page does not show that it would take them.
    pub async fn drop(&self, files: &[&Path]) -> Result<()> {
        let files: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
        for kind in ["dragEnter", "dragOver", "drop"] {
            if kind == "drop" {
                self.browser.wait_for("#dropping").await?;
            }
            let event = json!({
                "type": kind, "x": 200, "y": 200,
                "data": { "items": [], "files": files, "dragOperationsMask": 1 },
            });
            self.browser.devtools("Input.dispatchDragEvent", event).await?;
        }
        Ok(())
    }

    /// Takes attachment `n` away, counted from 0.
    ///
    /// # Errors
    /// If there is none.
    pub async fn remove_attachment(&self, n: usize) -> Result<()> {
        self.browser.click(&format!("#files > li:nth-child({}) [data-slot=remove]", n + 1)).await
    }

    /// Names and sizes of the attachments, once there are `count`.
    ///
    /// # Errors
    /// If there never are.
    pub async fn attachments(&self, count: usize) -> Result<Vec<(String, String)>> {
        until(&format!("{count} attachments"), async || {
            let rows = "[...document.querySelectorAll('#files > li')].map(row => \
                ['name', 'size'].map(name => row.querySelector(`[data-slot=${name}]`).textContent))";
            let rows: Vec<(String, String)> =
                serde_json::from_value(self.browser.value(rows).await?)?;
            Ok((rows.len() == count).then_some(rows))
        })
        .await
    }

    /// Presses “Get link” and does not wait.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn begin(&self) -> Result<()> {
        self.browser.click("#get-link").await
    }

    /// The link, when it is there; an upload may take its time as long as it goes on.
    ///
    /// # Errors
    /// If there is none.
    pub async fn link(&self) -> Result<String> {
        let mut progress = (String::new(), String::new());
        while progress.0.is_empty() {
            progress = until("the link, or progress towards it", async || {
                let now = "['#link', '#upload-words'].map(id => document.querySelector(id))\
                    .map(element => element.value ?? element.textContent)";
                let now: (String, String) = serde_json::from_value(self.browser.value(now).await?)?;
                Ok((!now.0.is_empty() || now.1 != progress.1).then_some(now))
            })
            .await?;
        }
        Ok(progress.0)
    }

    /// What the dialog says is wrong, once it does.
    ///
    /// # Errors
    /// If it never does.
    pub async fn refusal(&self) -> Result<String> {
        self.browser.wait_for("#options-error:not(:empty)").await?;
        self.browser.text("#options-error").await
    }

    /// The newest link, as this browser keeps it: the share and its owner's token.
    ///
    /// # Errors
    /// If there is none.
    pub async fn newest_link(&self) -> Result<OwnedShare> {
        let newest = kept_by(self.browser).await?.pop().context("a link is kept")?;
        Ok(OwnedShare { id: newest.id, owner: newest.owner })
    }

    /// How many links this browser keeps.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn kept_links(&self) -> Result<usize> {
        Ok(kept_by(self.browser).await?.len())
    }
}

fn field(n: usize) -> String {
    format!("#fields > li:nth-child({})", n + 1)
}
