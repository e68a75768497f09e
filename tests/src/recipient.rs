//! The recipient's page, as a person uses it.

use crate::{browser::Browser, wait::until};
use anyhow::{Context, Result};

/// Somebody at the recipient's page.
#[derive(Clone, Copy)]
pub struct Recipient<'a> {
    browser: &'a Browser,
}

impl<'a> Recipient<'a> {
    /// Somebody at the current window of `browser`.
    pub fn at(browser: &'a Browser) -> Self {
        Self { browser }
    }

    /// Follows `link` and waits for the screen `screen`.
    ///
    /// # Errors
    /// If that is not what is shown.
    pub async fn open(browser: &'a Browser, link: &str, screen: &str) -> Result<Self> {
        // Between two links only the fragment differs, and the page of the first would still be there.
        browser.goto("about:blank").await?;
        browser.goto(link).await?;
        let recipient = Self { browser };
        recipient.is_at(screen).await?;
        Ok(recipient)
    }

    /// The screen that is shown.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn screen(&self) -> Result<String> {
        let shown = "[...document.querySelectorAll('[data-screen]')] \
            .filter(screen => screen.checkVisibility()).map(screen => screen.dataset.screen).join()";
        Ok(self.browser.value(shown).await?.as_str().context("names")?.to_owned())
    }

    /// Waits for a screen, the only one that is shown.
    ///
    /// # Errors
    /// If it is never shown; with what is.
    pub async fn is_at(&self, screen: &str) -> Result<()> {
        let shown = async || Ok((self.screen().await? == screen).then_some(()));
        match until(screen, shown).await {
            Ok(()) => Ok(()),
            Err(error) => Err(error.context(format!(
                "the screen is {}; the console says {:?}",
                self.screen().await?,
                self.browser.console().await?
            ))),
        }
    }

    /// What stands in a slot of the screen that is shown.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn slot(&self, name: &str) -> Result<String> {
        let css = format!("[data-screen]:not([hidden]) [data-slot={name}]");
        self.browser.text(&css).await
    }

    /// Whether a slot of the screen that is shown is shown.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn shows(&self, name: &str) -> Result<bool> {
        self.browser.shows(&format!("[data-screen]:not([hidden]) [data-slot={name}]")).await
    }

    /// The heading of the screen that is shown.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn heading(&self) -> Result<String> {
        Ok(self.browser.text("[data-screen]:not([hidden]) h1").await?.trim().to_owned())
    }

    /// Presses “View shared item”.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn view(&self) -> Result<()> {
        self.browser.click("#view").await
    }

    /// Presses “View shared item” and waits for the item.
    ///
    /// # Errors
    /// If it is not shown.
    pub async fn view_item(&self) -> Result<()> {
        self.view().await?;
        self.is_at("item").await
    }

    /// Waits till the claim on the item that is shown, the last view of it, is over.
    ///
    /// # Errors
    /// If it never is.
    pub async fn is_done(&self) -> Result<()> {
        let done =
            async || Ok((self.browser.value("history.state").await? == "shown").then_some(()));
        until("the end of the claim", done).await
    }

    /// Waits till this tab keeps no place any more, so that it may open the same item anew.
    ///
    /// # Errors
    /// If it always does.
    pub async fn has_let_go(&self) -> Result<()> {
        let places = "Object.keys(sessionStorage).length";
        let gone = async || Ok((self.browser.value(places).await? == 0).then_some(()));
        until("the end of the place", gone).await
    }

    /// Tries a passphrase and gives what is said to a wrong one.
    ///
    /// # Errors
    /// If nothing is said.
    pub async fn try_passphrase(&self, text: &str) -> Result<String> {
        let error = "#passphrase-error";
        let before = self.browser.text(error).await?;
        self.browser.write("#passphrase", text).await?;
        self.view().await?;
        until("an answer to the passphrase", async || {
            let now = self.browser.text(error).await?;
            let done = self.browser.shows("#view:enabled").await?;
            Ok((done && !now.is_empty() && now != before).then_some(now))
        })
        .await
    }

    /// Writes the passphrase, which is right, and views.
    ///
    /// # Errors
    /// If the item is not shown.
    pub async fn view_with(&self, passphrase: &str) -> Result<()> {
        self.browser.write("#passphrase", passphrase).await?;
        self.view_item().await
    }

    /// Presses “Try again”.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn try_again(&self) -> Result<()> {
        self.browser.click("[data-screen]:not([hidden]) [data-slot=retry]").await
    }

    /// The labels of the item's fields.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn labels(&self) -> Result<Vec<String>> {
        let labels = "[...document.querySelectorAll('[data-slot=fields] [data-slot=label]')] \
            .map(label => label.textContent)";
        Ok(serde_json::from_value(self.browser.value(labels).await?)?)
    }

    /// What field `n` shows, counted from 0.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn shown(&self, n: usize) -> Result<String> {
        self.browser.text(&in_field(n, "value")).await
    }

    /// Presses the Show button of field `n`.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn reveal(&self, n: usize) -> Result<()> {
        self.browser.click(&in_field(n, "reveal")).await
    }

    /// Presses the Copy button of field `n` and gives what is in the clipboard then.
    ///
    /// # Errors
    /// If it is never there.
    pub async fn copy(&self, n: usize) -> Result<String> {
        self.browser.copied_by(&in_field(n, "copy")).await
    }

    /// Presses the button of attachment `n`, counted from 0, that says `label`, once it is there.
    ///
    /// # Errors
    /// If it never is.
    pub async fn press_at(&self, n: usize, label: &str) -> Result<()> {
        self.press_in(&format!(".files > li:nth-child({})", n + 1), label).await
    }

    /// Presses the button under the attachments that says `label`, once it is there.
    ///
    /// # Errors
    /// If it never is.
    pub async fn press(&self, label: &str) -> Result<()> {
        self.press_in("#attachments", label).await
    }

    async fn press_in(&self, css: &str, label: &str) -> Result<()> {
        // Marked, so that it can be clicked as a person would.
        let mark = "for (const marked of document.querySelectorAll('[data-press]')) \
            marked.removeAttribute('data-press'); \
            const fits = button => button.textContent === arguments[1] && button.checkVisibility(); \
            const all = [...document.querySelectorAll(arguments[0])] \
                .flatMap(place => [...place.querySelectorAll('button')]); \
            const button = all.find(fits); button?.setAttribute('data-press', ''); return !!button";
        until(label, async || {
            let marked = self.browser.execute(mark, vec![css.into(), label.into()]).await?;
            Ok((marked == true).then_some(()))
        })
        .await?;
        self.browser.click("[data-press]").await
    }

    /// Waits till attachment `n`, counted from 0, or all of them, say something with `part` in it.
    ///
    /// # Errors
    /// If they never do; with what they say.
    pub async fn says(&self, n: Option<usize>, part: &str) -> Result<()> {
        let css = match n {
            Some(n) => format!(".files > li:nth-child({}) .said", n + 1),
            None => "#attachments > .said".to_owned(),
        };
        self.tells(&css, part).await
    }

    /// Waits till what `css` selects is shown with `part` in its text.
    ///
    /// # Errors
    /// If it never is; with what it says.
    pub async fn tells(&self, css: &str, part: &str) -> Result<()> {
        let told = async || {
            let text = self.browser.text(css).await?;
            let told = text.contains(part) && self.browser.shows(css).await?;
            Ok(told.then_some(()))
        };
        match until(part, told).await {
            Ok(()) => Ok(()),
            Err(error) => {
                let text = self.browser.text("#attachments").await?;
                Err(error.context(format!("the attachments say: {text}")))
            }
        }
    }

    /// The names of the attachments as they are shown.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn attachments(&self) -> Result<Vec<String>> {
        let names = "[...document.querySelectorAll('.filename')].map(name => name.textContent)";
        Ok(serde_json::from_value(self.browser.value(names).await?)?)
    }

    /// The address bar.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn address(&self) -> Result<String> {
        Ok(self.browser.current_url().await?.to_string())
    }
}

fn in_field(n: usize, slot: &str) -> String {
    format!("[data-slot=fields] > li:nth-child({}) [data-slot={slot}]", n + 1)
}
