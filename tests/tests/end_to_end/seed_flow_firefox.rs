//! The owner's side of the whole story in Firefox.

use anyhow::{Context, Result};
use fantoccini::Locator;
use waxseal_tests::{
    browser::{Browser, Firefox},
    cupboard::Cupboard,
    recipient::Recipient,
    server::Engine,
    wait::until,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_shares_a_secret_from_its_page_in_firefox() -> Result<()> {
    let (_deployment, cupboard) = Cupboard::start(Engine::Sqlite).await?;
    let (firefox, there) = tokio::try_join!(Firefox::start(), Browser::start())?;
    let value =
        async |expression: &str| firefox.execute(&format!("return {expression}"), vec![]).await;
    let holds = async |expression: &str| {
        until(expression, async || Ok((value(expression).await? == true).then_some(()))).await
    };
    let press = async |css: &str| -> Result<()> {
        holds(&format!("!!document.querySelector(\"{css}\")?.checkVisibility()")).await?;
        Ok(firefox.find(Locator::Css(css)).await?.click().await?)
    };
    firefox.goto(&cupboard.origin()).await?;
    press("button[value=Ada]").await?;
    press("a[href='/secrets/staging-database']").await?;
    press("#share").await?;
    holds("document.activeElement.id === 'public-link'").await?;
    let menu = "document.querySelector('#menu').getBoundingClientRect()";
    let button = "document.querySelector('#share').getBoundingClientRect()";
    holds(&format!("{menu}.top >= {button}.bottom && {menu}.right <= innerWidth")).await?;
    press("#public-link").await?;
    holds("!!document.body.lastElementChild.shadowRoot?.querySelector('iframe')").await?;
    firefox.execute("document.body.lastElementChild.id = 'holder'", vec![]).await?;
    let root = firefox.find(Locator::Css("#holder")).await?.shadow_root().await?;
    root.find(Locator::Css("iframe")).await?.enter_frame().await?;
    press("#get-link").await?;
    press("#copy-link").await?;
    holds("document.querySelector('#copy-link').textContent === 'Copied'").await?;
    let link = value("document.querySelector('#link').value").await?;
    press("#done").await?;
    firefox.enter_parent_frame().await?;
    holds("document.querySelector('#status').textContent.endsWith('for one view.')").await?;
    assert_eq!(value("document.activeElement.id").await?, "share");

    let link = link.as_str().context("a link is text")?;
    let recipient = Recipient::open(&there, link, "landing").await?;
    recipient.view_item().await?;
    assert_eq!(recipient.copy(1).await?, "correct horse battery staple");
    Ok(())
}
