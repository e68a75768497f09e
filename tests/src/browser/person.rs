//! What a person does at a window: clicks, keys, writing, reading.
//!
//! Invariant: every click and key is a trusted event, as a person's are.

use super::Browser;
use crate::wait::until;
use anyhow::{Context, Result};
use fantoccini::{Locator, error::CmdError};
use serde_json::{Value, json};

/// A key, and how the DevTools name it: name, code, what it types.
#[derive(Debug, Clone, Copy)]
pub enum Key {
    /// To the next control.
    Tab,
    /// Presses a button, sends a form.
    Enter,
    /// Presses a button, checks a box.
    Space,
    /// To the next choice.
    ArrowRight,
    /// To the next in a menu.
    ArrowDown,
    /// To the one before.
    ArrowUp,
    /// Closes a dialog.
    Escape,
}

impl Key {
    const fn parts(self) -> (&'static str, u32, &'static str) {
        match self {
            Self::Tab => ("Tab", 9, ""),
            Self::Enter => ("Enter", 13, "\r"),
            Self::Space => (" ", 32, " "),
            Self::ArrowRight => ("ArrowRight", 39, ""),
            Self::ArrowDown => ("ArrowDown", 40, ""),
            Self::ArrowUp => ("ArrowUp", 38, ""),
            Self::Escape => ("Escape", 27, ""),
        }
    }
}

impl Browser {
    /// Clicks what `css` selects.
    ///
    /// # Errors
    /// If it is not there to be clicked.
    pub async fn click(&self, css: &str) -> Result<()> {
        let found = self.find(Locator::Css(css)).await;
        let element = found.with_context(|| format!("{css} is not there"))?;
        match element.click().await {
            // It was clicked, and that closed the frame before the driver was told.
            Err(CmdError::NotW3C(said)) if said == "target frame detached" => Ok(()),
            clicked => clicked.with_context(|| format!("clicking {css}")),
        }
    }

    /// Replaces what is in the control that `css` selects, as pasting does.
    ///
    /// # Errors
    /// If it is not there.
    pub async fn write(&self, css: &str, text: &str) -> Result<()> {
        let focus = "const control = document.querySelector(arguments[0]); \
            control.focus(); control.select()";
        self.execute(focus, vec![css.into()]).await.with_context(|| format!("writing to {css}"))?;
        self.type_text(text).await
    }

    /// Types `text` into what has the focus.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn type_text(&self, text: &str) -> Result<()> {
        // WebDriver's own way knows no character beyond the Basic Multilingual Plane.
        self.devtools("Input.insertText", json!({ "text": text })).await?;
        Ok(())
    }

    /// Presses a key.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn press(&self, key: Key) -> Result<()> {
        let (name, code, text) = key.parts();
        for kind in [if text.is_empty() { "rawKeyDown" } else { "keyDown" }, "keyUp"] {
            let event = json!({
                "type": kind, "key": name, "windowsVirtualKeyCode": code,
                "text": if kind == "keyDown" { text } else { "" },
            });
            self.devtools("Input.dispatchKeyEvent", event).await?;
        }
        Ok(())
    }

    /// The value of a JavaScript expression of the page.
    ///
    /// # Errors
    /// If it throws.
    pub async fn value(&self, expression: &str) -> Result<Value> {
        let value = self.execute(&format!("return ({expression})"), vec![]).await;
        value.with_context(|| expression.to_owned())
    }

    /// All text in what `css` selects, shown or not; empty if there is no such element.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn text(&self, css: &str) -> Result<String> {
        let text = "return document.querySelector(arguments[0])?.textContent ?? ''";
        let text = self.execute(text, vec![css.into()]).await?;
        Ok(text.as_str().context("text is a string")?.to_owned())
    }

    /// Whether what `css` selects is there and on the screen.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn shows(&self, css: &str) -> Result<bool> {
        let shown = "return document.querySelector(arguments[0])?.checkVisibility() ?? false";
        Ok(self.execute(shown, vec![css.into()]).await? == true)
    }

    /// Waits till what `css` selects is on the screen.
    ///
    /// # Errors
    /// If it never is.
    pub async fn wait_for(&self, css: &str) -> Result<()> {
        until(css, async || Ok(self.shows(css).await?.then_some(()))).await
    }

    /// Presses a Copy button and gives what can be pasted then.
    ///
    /// # Errors
    /// If the button never says that it worked.
    pub async fn copied_by(&self, css: &str) -> Result<String> {
        let permission = json!({ "permissions": ["clipboardSanitizedWrite"] });
        self.devtools("Browser.grantPermissions", permission).await?;
        let before = "navigator.clipboard.writeText('nothing was copied').then(arguments[0])";
        self.execute_async(before, vec![]).await?;
        self.click(css).await?;
        until("Copied", async || Ok((self.text(css).await? == "Copied").then_some(()))).await?;
        self.pasted().await
    }

    /// What can be pasted. The page itself may not read the clipboard.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn pasted(&self) -> Result<String> {
        let open = "const area = document.createElement('textarea'); area.id = 'paste-here'; \
            (document.querySelector('dialog[open]') ?? document.body).append(area); area.focus()";
        self.execute(open, vec![]).await?;
        let paste = json!({ "type": "keyDown", "commands": ["paste"] });
        self.devtools("Input.dispatchKeyEvent", paste).await?;
        let close = "const area = document.querySelector('#paste-here'); area.remove(); \
            return area.value";
        let text = self.execute(close, vec![]).await?;
        Ok(text.as_str().context("text is a string")?.to_owned())
    }

    /// What somebody who looks after the page would complain about since the last call: errors, refused
    /// content, requests to other origins. That a call of the API was refused is no such thing.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn complaints(&self, origin: &str) -> Result<Vec<String>> {
        let mut complaints = self.console().await?;
        complaints.retain(|line| {
            !(line.contains(&format!("{origin}/api/")) && line.contains("Failed to load resource"))
        });
        for event in self.performance_log().await? {
            if event["method"] == "Network.requestWillBeSent" {
                let url = event["params"]["request"]["url"].as_str().context("a request's URL")?;
                let local = [origin, "data:", "blob:", "about:"];
                if !local.iter().any(|start| url.starts_with(start)) {
                    complaints.push(format!("a request to {url}"));
                }
            }
        }
        Ok(complaints)
    }

    /// Checks that there is nothing to complain about.
    ///
    /// # Errors
    /// Those of the browser.
    ///
    /// # Panics
    /// If there is.
    pub async fn is_quiet(&self, origin: &str) -> Result<()> {
        assert_eq!(self.complaints(origin).await?, Vec::<String>::new());
        Ok(())
    }
}
