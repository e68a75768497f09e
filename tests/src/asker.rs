//! Asking for a secret and answering, as people do.

use crate::{browser::Browser, recipient::Recipient, sender::Sender, wait::until};
use anyhow::Result;

/// Opens the page that asks, at `origin`, and writes a note.
///
/// # Errors
/// Those of the browser.
pub async fn write(browser: &Browser, origin: &str, note: &str, from: &str) -> Result<()> {
    browser.goto(&format!("{origin}/ask")).await?;
    // The button is as it will be only once the page knows the policy.
    browser.wait_for("#get-link:enabled").await?;
    browser.write("#note", note).await?;
    browser.write("#from", from).await
}

/// Chooses how long the link waits, or how long an answer is kept, in seconds.
///
/// # Errors
/// If it is not offered.
pub async fn choose(browser: &Browser, which: &str, seconds: u32) -> Result<()> {
    browser.click(&format!("#{which} label:has(input[value='{seconds}'])")).await
}

/// Presses “Get link” and gives the link.
///
/// # Errors
/// If there is none.
pub async fn get_link(browser: &Browser) -> Result<String> {
    browser.click("#get-link").await?;
    link(browser).await
}

/// The link, when it is there.
///
/// # Errors
/// If there never is.
pub async fn link(browser: &Browser) -> Result<String> {
    until("the link of the request", async || {
        let link = browser.value("document.querySelector('#link').value").await?;
        let link = link.as_str().unwrap_or_default().to_owned();
        Ok((!link.is_empty()).then_some(link))
    })
    .await
}

/// Asks for something, and gives the link.
///
/// # Errors
/// If there is none.
pub async fn ask(browser: &Browser, origin: &str, note: &str) -> Result<String> {
    write(browser, origin, note, "Dana").await?;
    get_link(browser).await
}

/// Follows a request's link to the form.
///
/// # Errors
/// If that is not what is shown.
pub async fn follow<'a>(browser: &'a Browser, link: &str) -> Result<Sender<'a>> {
    Recipient::open(browser, link, "write").await?;
    browser.wait_for("#share:enabled").await?;
    Ok(Sender::at(browser))
}

/// Presses “Send”, and waits for this screen.
///
/// # Errors
/// If it is never shown.
pub async fn send(browser: &Browser, screen: &str) -> Result<()> {
    browser.click("#share").await?;
    Recipient::at(browser).is_at(screen).await
}
