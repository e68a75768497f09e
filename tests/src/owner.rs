//! The page of an owner's links, as a person uses it.

use crate::{browser::Browser, wait::until};
use anyhow::{Context, Result};
use fantoccini::Locator;
use serde_json::Value;
use std::path::Path;
use waxseal_core::owned::OwnedLink;

/// Somebody at the page “My links”.
#[derive(Clone, Copy)]
pub struct MyLinks<'a> {
    browser: &'a Browser,
}

impl<'a> MyLinks<'a> {
    /// Opens the page and waits till it knows what there is.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn open(browser: &'a Browser, origin: &str) -> Result<Self> {
        browser.goto(&format!("{origin}/links")).await?;
        let known = "#none:not([hidden]), #listed:not([hidden]) > #summary:not(:empty)";
        browser.wait_for(known).await?;
        Ok(Self { browser })
    }

    /// Somebody at the current window of `browser`.
    pub fn at(browser: &'a Browser) -> Self {
        Self { browser }
    }

    /// Title and state of each link, once that of the newest begins with `newest`.
    ///
    /// # Errors
    /// If it never does.
    pub async fn rows(&self, newest: &str) -> Result<Vec<(String, String)>> {
        until(&format!("a newest link that is {newest}"), async || {
            let rows = self.read().await?;
            Ok(rows.first().is_some_and(|row| row.1.starts_with(newest)).then_some(rows))
        })
        .await
    }

    /// Waits till the state of the link with this title begins with `state`.
    ///
    /// # Errors
    /// If it never does; with what it is.
    pub async fn is(&self, title: &str, state: &str) -> Result<()> {
        let what = format!("{title}: {state}");
        let told = until(&what, async || {
            let rows = self.read().await?;
            Ok(rows.iter().any(|row| row.0 == title && row.1.starts_with(state)).then_some(()))
        });
        match told.await {
            Ok(()) => Ok(()),
            Err(error) => Err(error.context(format!("{:?}", self.read().await?))),
        }
    }

    async fn read(&self) -> Result<Vec<(String, String)>> {
        let rows = "[...document.querySelectorAll('#links-list > li')].map(row => \
            ['name', 'state'].map(name => row.querySelector(`[data-slot=${name}]`).textContent))";
        Ok(serde_json::from_value(self.browser.value(rows).await?)?)
    }

    /// What stands in a slot of the link with this title.
    ///
    /// # Errors
    /// If there is no such link.
    pub async fn slot(&self, title: &str, slot: &str) -> Result<String> {
        let css = self.find(title, slot).await?;
        self.browser.text(&css).await
    }

    /// Whether a slot of the link with this title is shown.
    ///
    /// # Errors
    /// If there is no such link.
    pub async fn shows(&self, title: &str, slot: &str) -> Result<bool> {
        let css = self.find(title, slot).await?;
        self.browser.shows(&css).await
    }

    /// Presses a button of the link with this title.
    ///
    /// # Errors
    /// If there is none.
    pub async fn press(&self, title: &str, slot: &str) -> Result<()> {
        // The list may change meanwhile, and the link be in another place.
        let what = format!("{slot} of {title}");
        let css = until(&what, async || {
            let css = self.find(title, slot).await?;
            Ok(self.browser.shows(&css).await?.then_some(css))
        })
        .await?;
        self.browser.click(&css).await
    }

    /// The selector of a slot of the link with this title.
    async fn find(&self, title: &str, slot: &str) -> Result<String> {
        let place = "return [...document.querySelectorAll('#links-list > li')].findIndex(row => \
            row.querySelector('[data-slot=name]').textContent === arguments[0])";
        let place = self.browser.execute(place, vec![title.into()]).await?;
        let place = place.as_i64().filter(|place| *place >= 0);
        let place = place.with_context(|| format!("there is no {title}"))?;
        Ok(format!("#links-list > li:nth-child({}) [data-slot={slot}]", place + 1))
    }

    /// Agrees to what the page asks.
    ///
    /// # Errors
    /// If it asks nothing.
    pub async fn confirm(&self) -> Result<()> {
        self.browser.wait_for("#confirm-yes").await?;
        self.browser.click("#confirm-yes").await
    }

    /// A dialog that is open hears that it was closed, as after being closed and opened again at once: a
    /// busy browser tells of the former after the latter.
    ///
    /// # Errors
    /// If it is not open.
    pub async fn closes_late(&self, dialog: &str) -> Result<()> {
        self.browser.wait_for(dialog).await?;
        let close = "document.querySelector(arguments[0]).dispatchEvent(new Event('close'))";
        self.browser.execute(close, vec![dialog.into()]).await?;
        Ok(())
    }

    /// What the page said last, once that holds `part`.
    ///
    /// # Errors
    /// If it never does.
    pub async fn said(&self, part: &str) -> Result<String> {
        until(part, async || {
            let said = self.browser.text("#said").await?;
            Ok(said.contains(part).then_some(said))
        })
        .await
    }

    /// Exports the list under a passphrase; the file is the browser's next download.
    ///
    /// # Errors
    /// If it is not sealed.
    pub async fn export(&self, passphrase: &str) -> Result<()> {
        self.browser.click("#export").await?;
        self.browser.wait_for("#new-passphrase").await?;
        self.browser.write("#new-passphrase", passphrase).await?;
        self.browser.click("#sealing-yes").await?;
        self.said("was saved").await.map(|_| ())
    }

    /// Picks a file to import.
    ///
    /// # Errors
    /// If the page has no picker.
    pub async fn pick(&self, file: &Path) -> Result<()> {
        let picker = self.browser.find(Locator::Css("#import")).await?;
        Ok(picker.send_keys(&file.display().to_string()).await?)
    }

    /// Types the passphrase of the file that was picked.
    ///
    /// # Errors
    /// If the page does not ask for it.
    pub async fn unlock(&self, passphrase: &str) -> Result<()> {
        self.browser.wait_for("#opening").await?;
        self.browser.write("#passphrase", passphrase).await?;
        self.browser.click("#opening-yes").await
    }
}

/// The links that a browser keeps for the site that it shows, oldest first.
///
/// # Errors
/// Those of the browser.
pub async fn kept_by(browser: &Browser) -> Result<Vec<OwnedLink>> {
    let records: Vec<String> = serde_json::from_value(database_of(browser).await?)?;
    let links = records.iter().map(|record| serde_json::from_str(record));
    let mut links: Vec<OwnedLink> = links.collect::<Result<_, _>>()?;
    links.sort_by_key(|link| link.made_at);
    Ok(links)
}

/// All that is in the list's database, of the site that a browser shows.
///
/// # Errors
/// Those of the browser.
pub async fn database_of(browser: &Browser) -> Result<Value> {
    // Opening one that is not there would make it, and empty.
    let script = "const done = arguments[0]; indexedDB.databases().then(all => { \
        if (!all.some(each => each.name === 'waxseal')) return done([]); \
        const opening = indexedDB.open('waxseal'); opening.onsuccess = () => { \
        const reading = opening.result.transaction('links').objectStore('links').getAll(); \
        reading.onsuccess = () => { opening.result.close(); done(reading.result); }; }; })";
    Ok(browser.execute_async(script, vec![]).await?)
}
