//! The share dialog in another application's page, in Firefox.

use anyhow::{Context, Result};
use fantoccini::Locator;
use serde_json::json;
use waxseal_tests::{
    browser::{Browser, Firefox},
    embedder::Embedder,
    recipient::Recipient,
    wait::until,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dialog_works_in_firefox() -> Result<()> {
    let (_deployment, embedder) = Embedder::start(&[]).await?;
    let (firefox, there) = tokio::try_join!(Firefox::start(), Browser::start())?;
    let value =
        async |expression: &str| firefox.execute(&format!("return {expression}"), vec![]).await;
    let holds = async |expression: &str| {
        until(expression, async || Ok((value(expression).await? == true).then_some(()))).await
    };
    firefox.goto(embedder.origin()).await?;
    holds("!!window.told && customElements.get('waxseal-share') !== undefined").await?;
    firefox.find(Locator::Css("waxseal-share")).await?.click().await?;
    holds("!!document.body.lastElementChild.shadowRoot?.querySelector('iframe')").await?;
    firefox.execute("document.body.lastElementChild.id = 'holder'", vec![]).await?;
    let root = firefox.find(Locator::Css("#holder")).await?.shadow_root().await?;
    root.find(Locator::Css("iframe")).await?.enter_frame().await?;
    holds("!!document.querySelector('#get-link')?.checkVisibility()").await?;
    holds("document.activeElement.id === 'dialog-title'").await?;
    firefox.find(Locator::Css("#get-link")).await?.click().await?;
    holds("!!document.querySelector('#copy-link')?.checkVisibility()").await?;
    let link = value("document.querySelector('#link').value").await?;
    let link = link.as_str().context("a link is text")?;
    // Escape asks, as the link was not copied, and goes nowhere near the page around.
    let escape = "\u{e00c}";
    firefox.active_element().await?.send_keys(escape).await?;
    holds("document.querySelector('#losing').checkVisibility()").await?;
    firefox.find(Locator::Css("#lose")).await?.click().await?;
    firefox.enter_parent_frame().await?;
    holds("document.querySelector('#holder') === null").await?;
    assert_eq!(value("document.activeElement.localName").await?, "waxseal-share");
    let told = value("told").await?;
    assert_eq!((&told[0][0], &told[0][1]["link"]), (&json!("shared"), &json!(link)), "{told}");

    let recipient = Recipient::open(&there, link, "landing").await?;
    recipient.view_item().await?;
    recipient.reveal(0).await?;
    assert_eq!(recipient.shown(0).await?, "correct horse");
    recipient.press_at(0, "Save").await?;
    assert_eq!(there.downloaded("notes.txt", 19).await?, b"what is in the file");
    Ok(())
}
