//! The share dialog in the pages of another application, where the server asks who shares.

use anyhow::Result;
use serde_json::{Value, json};
use waxseal_tests::{
    browser::{Browser, Key},
    confirmer::{self, ANN, Confirmer},
    deployment::Deployment,
    embedder::{Embedder, Framed, is_closed, outcome, share, told},
    recipient::Recipient,
    server::Engine,
    wait::until,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_grant_is_enough_for_a_large_file() -> Result<()> {
    let embedder = Embedder::alone()?;
    let mut flags = embedder.grant_flags()?;
    flags.push(format!("--embedding-origins={}", embedder.origin()));
    let flags: Vec<_> = flags.iter().map(String::as_str).collect();
    let deployment = Deployment::with(Engine::Sqlite, &flags, None).await?;
    embedder.embeds(&deployment.origin());
    let (browser, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    embedder.visit(&browser).await?;
    let files = "document.querySelector('waxseal-share').secret = () => \
        ({ files: [new File([new Uint8Array(3e6).fill(7)], 'large.bin')] })";
    browser.execute(files, vec![]).await?;
    // What the server did not get is asked for again with the same grant, which makes the same share.
    let rule = deployment.proxy.cut_once("POST /api/shares HTTP");
    let dialog = Framed::open(&browser).await?;
    let link = dialog.get_link().await?;
    assert_eq!((embedder.grants(), rule.met()), (1, 1));
    assert_eq!(deployment.proxy.count("POST /api/shares HTTP"), 2);
    let recipient = Recipient::open(&there, &link, "landing").await?;
    recipient.view_item().await?;
    recipient.press_at(0, "Save").await?;
    let saved = there.downloaded("large.bin", 3_000_000).await?;
    assert!(saved.iter().all(|byte| *byte == 7));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_is_asked_for_when_it_is_needed() -> Result<()> {
    let embedder = Embedder::alone()?;
    let mut flags = embedder.grant_flags()?;
    flags.push(format!("--embedding-origins={}", embedder.origin()));
    let flags: Vec<_> = flags.iter().map(String::as_str).collect();
    let deployment = Deployment::with(Engine::Sqlite, &flags, None).await?;
    embedder.embeds(&deployment.origin());
    let browser = Browser::start().await?;
    embedder.visit(&browser).await?;
    let dialog = Framed::open(&browser).await?;
    assert_eq!(embedder.grants(), 0, "nobody pressed anything yet");
    let error = "#options-error:not(:empty)";
    embedder.grant_with(json!({ "exp": 1 }));
    browser.click("#get-link").await?;
    browser.wait_for(error).await?;
    let said = browser.text(error).await?;
    assert!(said.contains("the grant is over") && said.contains("try again"), "{said}");
    assert_eq!(embedder.grants(), 1);
    embedder.grant_with(json!({ "role": "viewer" }));
    browser.click("#get-link").await?;
    until("another refusal", async || {
        Ok(browser.text(error).await?.contains("only an owner may share").then_some(()))
    })
    .await?;
    embedder.grant_with(Value::Null);
    let link = dialog.get_link().await?;
    assert_eq!(embedder.grants(), 3, "a new one each time");
    dialog.leave().await?;
    assert_eq!(told(&browser, 1).await?[0].1["link"], link.as_str());

    // An application that gives none, and one that gives something else.
    embedder.visit(&browser).await?;
    for grant in
        ["undefined", "async () => { throw new Error('not signed in') }", "() => ({})", "'é'"]
    {
        let set = format!("document.querySelector('waxseal-share').grant = {grant}");
        browser.execute(&set, vec![]).await?;
        let dialog = Framed::open(&browser).await?;
        browser.click("#get-link").await?;
        browser.wait_for(error).await?;
        let said = browser.text(error).await?;
        assert!(said.starts_with("The application did not say that you may"), "{grant}: {said}");
        browser.press(Key::Escape).await?;
        dialog.closes().await?;
    }
    assert_eq!(embedder.grants(), 3);
    assert_eq!(
        deployment.proxy.count("POST /api/shares HTTP"),
        3,
        "none of them came to the server"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn owners_confirm_by_mail_in_the_frame() -> Result<()> {
    let embedder = Embedder::alone()?;
    let allowed = format!("--embedding-origins={}", embedder.origin());
    let (deployment, smtp) =
        confirmer::deployment(Engine::Sqlite, &["--identity-session=8h", &allowed]).await?;
    embedder.embeds(&deployment.origin());
    let (browser, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    embedder.visit(&browser).await?;
    let dialog = Framed::open(&browser).await?;
    browser.click("#get-link").await?;
    browser.wait_for("#address").await?;
    assert!(!browser.shows("#stay").await?, "a frame keeps no session");
    let number = confirmer::ask(&browser, ANN).await?;
    browser.press(Key::Escape).await?;
    assert!(browser.shows("#number").await?, "what waits is not lost by a key");
    let link = confirmer::link(&smtp.mail(0).await?, &deployment.origin())?;
    let confirmer = Confirmer::open(&there, &link, "asking").await?;
    confirmer.confirm(&number).await?;
    confirmer.is_at("confirmed").await?;
    let link = dialog.link().await?;
    dialog.leave().await?;
    assert_eq!(told(&browser, 1).await?[0].1["link"], link.as_str());
    let recipient = Recipient::open(&there, &link, "landing").await?;
    recipient.view_item().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_its_application_closes_takes_back_what_is_unfinished() -> Result<()> {
    let embedder = Embedder::alone()?;
    let allowed = format!("--embedding-origins={}", embedder.origin());
    let (deployment, _smtp) = confirmer::deployment(Engine::Sqlite, &[&allowed]).await?;
    embedder.embeds(&deployment.origin());
    let browser = Browser::start().await?;
    embedder.visit(&browser).await?;
    browser.execute("window.stop = new AbortController()", vec![]).await?;
    share(&browser, &deployment.origin(), "text: 'a note', signal: stop.signal").await?;
    let dialog = Framed::enter(&browser).await?;
    browser.click("#get-link").await?;
    browser.wait_for("#address").await?;
    dialog.leave().await?;
    browser.execute("stop.abort(new Error('signed out'))", vec![]).await?;
    is_closed(&browser).await?;
    assert_eq!(outcome(&browser).await?, json!(["rejected", "signed out"]));
    until("the share to be taken back", async || {
        Ok((deployment.proxy.count("DELETE /api/shares/") > 0).then_some(()))
    })
    .await
}
