//! What a server's policy says, as the share dialog shows it; that the server keeps to it is tested there.

use anyhow::{Result, ensure};
use serde_json::json;
use waxseal_tests::{browser::Browser, deployment::Deployment, sender::Sender, server::Engine};

/// Expiries offered, the one that is chosen, whether one view is chosen and may be changed, whether a
/// number of views may, and whether “More options” are unfolded.
const CHOICES: &str = "({ \
    offered: [...document.querySelectorAll('#expiries label')].map(e => e.textContent.trim()), \
    chosen: document.querySelector('#expiries input:checked').value, \
    once: document.querySelector('#once').checked, \
    fixed: document.querySelector('#once').disabled, \
    views: document.querySelector('#views').disabled, \
    more: document.querySelector('#more').open })";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_forces_is_chosen_and_cannot_be_changed() -> Result<()> {
    let forced = ["--expiries=60,7200", "--default-expiry=7200", "--force-one-time"];
    let flags = [&forced[..], &["--force-passphrase"]].concat();
    let deployment = Deployment::with(Engine::Sqlite, &flags, None).await?;
    let browser = Browser::start().await?;
    let sender = Sender::open(&browser, &deployment.origin()).await?;
    sender.write(0, "text").await?;
    sender.share().await?;
    let choices = browser.value(CHOICES).await?;
    let expected = json!({
        "offered": ["1 minute", "2 hours"], "chosen": "7200",
        "once": true, "fixed": true, "views": true, "more": true,
    });
    ensure!(choices == expected, "{choices}");
    sender.begin().await?;
    let refusal = sender.refusal().await?;
    ensure!(refusal.contains("passphrase on every link"), "{refusal}");
    sender.passphrase("correct horse").await?;
    sender.get_link().await?;
    browser.is_quiet(&deployment.origin()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_leaves_open_is_as_it_says_beforehand() -> Result<()> {
    let flags = ["--one-time=false", "--default-expiry=3600"];
    let deployment = Deployment::with(Engine::Sqlite, &flags, None).await?;
    let browser = Browser::start().await?;
    let sender = Sender::open(&browser, &deployment.origin()).await?;
    sender.write(0, "text").await?;
    sender.share().await?;
    let choices = browser.value(CHOICES).await?;
    let expected = json!({
        "offered": ["1 hour", "12 hours", "1 day", "5 days", "30 days"], "chosen": "3600",
        "once": false, "fixed": false, "views": false, "more": false,
    });
    ensure!(choices == expected, "{choices}");
    sender.get_link().await?;
    let share = sender.newest_link().await?;
    let status = deployment.api.status_of(&share).await?;
    ensure!(status.views.is_none(), "{status:?}");
    browser.is_quiet(&deployment.origin()).await
}
