//! Confirming by mail, as people do it: in the share dialog, and at the page of the mail's link.

use crate::{
    browser::{Browser, Key},
    deployment::Deployment,
    recipient::Recipient,
    sender::Sender,
    server::Engine,
    smtp::{Encryption, Mail, Smtp},
    wait::until,
};
use anyhow::{Context, Result, ensure};

/// An address that may share.
pub const ANN: &str = "ann@allowed.example";

/// A server that confirms by mail, and the mail server.
///
/// # Errors
/// If something that is needed is missing or does not start.
pub async fn deployment(engine: Engine, options: &[&str]) -> Result<(Deployment, Smtp)> {
    deployment_by(engine, options, None).await
}

/// As [`deployment`], by a clock of the test's own.
///
/// # Errors
/// If something that is needed is missing or does not start.
pub async fn deployment_by(
    engine: Engine,
    options: &[&str],
    clock: Option<&crate::clock::Clock>,
) -> Result<(Deployment, Smtp)> {
    let smtp = Smtp::start(Encryption::None)?;
    let mut flags = smtp.flags();
    // Browsers are on this machine, and there is no https.
    flags.retain(|flag| !flag.starts_with("--identity-public-url"));
    flags.push("--identity-public-url=http://localhost:8080".to_owned());
    flags.extend(options.iter().map(ToString::to_string));
    let flags: Vec<_> = flags.iter().map(String::as_str).collect();
    Ok((Deployment::with(engine, &flags, clock).await?, smtp))
}

/// The mail's link, by the way that the test's browsers have.
///
/// # Errors
/// If the mail has none.
pub fn link(mail: &Mail, origin: &str) -> Result<String> {
    let (link, _) = mail.link()?;
    let (_, fragment) = link.split_once('#').context("it has a fragment")?;
    Ok(format!("{origin}/confirm#{fragment}"))
}

/// Another number than `right`.
pub fn wrong(right: &str) -> &'static str {
    if right == "37" { "73" } else { "37" }
}

/// From what is written to the dialog's question who one is.
///
/// # Errors
/// If it does not come.
pub async fn submit(browser: &Browser, title: &str, text: &str) -> Result<()> {
    let sender = Sender::at(browser);
    sender.title(title).await?;
    sender.write(0, text).await?;
    sender.share().await?;
    sender.begin().await?;
    browser.wait_for("#address").await
}

/// Has a mail sent to `address`, and reads the number.
///
/// # Errors
/// If none is shown.
pub async fn ask(browser: &Browser, address: &str) -> Result<String> {
    browser.write("#address", address).await?;
    browser.press(Key::Enter).await?;
    number(browser, "").await
}

/// Presses “Send again”, and reads the new number.
///
/// # Errors
/// If none is shown.
pub async fn ask_again(browser: &Browser) -> Result<String> {
    browser.click("#send-again").await?;
    number(browser, "Another mail").await
}

/// The number, once there is one and what the dialog says beside it begins with `note`.
///
/// # Errors
/// If it never is.
pub async fn number(browser: &Browser, note: &str) -> Result<String> {
    until("a number", async || {
        let (shown, number) = (browser.shows("#number").await?, browser.text("#number").await?);
        let noted = browser.text("#waiting-note").await?.starts_with(note);
        let is_one = number.len() == 2 && number.bytes().all(|digit| digit.is_ascii_digit());
        Ok((shown && noted && is_one).then_some(number))
    })
    .await
}

/// What the dialog's choices say, once they are back and say why.
///
/// # Errors
/// If they never do.
pub async fn ended(browser: &Browser) -> Result<String> {
    let said = Sender::at(browser).refusal().await?;
    ensure!(browser.shows("#get-link").await?, "the choices are back");
    Ok(said)
}

/// Somebody at the page of a mail's link.
#[derive(Clone, Copy)]
pub struct Confirmer<'a> {
    browser: &'a Browser,
    page: Recipient<'a>,
}

impl<'a> Confirmer<'a> {
    /// Follows the link and waits for the screen `screen`.
    ///
    /// # Errors
    /// If that is not what is shown.
    pub async fn open(browser: &'a Browser, link: &str, screen: &str) -> Result<Self> {
        Ok(Self { browser, page: Recipient::open(browser, link, screen).await? })
    }

    /// Waits for a screen, the only one that is shown.
    ///
    /// # Errors
    /// If it is never shown.
    pub async fn is_at(&self, screen: &str) -> Result<()> {
        self.page.is_at(screen).await
    }

    /// All that the screen says.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn says(&self) -> Result<String> {
        self.browser.text("[data-screen]:not([hidden])").await
    }

    /// Types a number and presses “Confirm my identity”.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn confirm(&self, number: &str) -> Result<()> {
        self.browser.write("#number", number).await?;
        self.browser.click("#confirm").await
    }

    /// As [`Self::confirm`], and waits till the page says at the field what is wrong with it.
    ///
    /// # Errors
    /// If it does not say `part`.
    pub async fn is_refused(&self, number: &str, part: &str) -> Result<()> {
        self.confirm(number).await?;
        until(part, async || {
            Ok(self.browser.text("#number-error").await?.contains(part).then_some(()))
        })
        .await
    }

    /// Presses “This wasn't me”, and means it.
    ///
    /// # Errors
    /// If the page does not ask once more.
    pub async fn deny(&self) -> Result<()> {
        self.browser.click("#deny").await?;
        self.is_at("denying").await?;
        self.browser.click("#deny-yes").await
    }
}
