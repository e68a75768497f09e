//! The whole story: from a secret's page in somebody's application to a recipient without an account.

use crate::accessibility::Inspector;
use anyhow::Result;
use serde_json::json;
use std::time::Duration;
use waxseal_tests::{
    browser::{Browser, Key},
    clock::Clock,
    confirmer::{ANN, Confirmer, ask, deployment, link},
    cupboard::Cupboard,
    embedder::Framed,
    recipient::Recipient,
    sender::Sender,
    server::Engine,
};

pub(crate) async fn an_owner_shares_a_secret_from_its_page(engine: Engine) -> Result<()> {
    let (_deployment, cupboard) = Cupboard::start(engine).await?;
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    cupboard.sign_in(&here, "Ada").await?;
    cupboard.visit(&here, "staging-database").await?;
    // That nobody was signed in at first, and that there is no icon.
    here.console().await?;
    let dialog = cupboard.share(&here).await?;
    let offered = "[...document.querySelectorAll('#expiries label')].map(each => each.innerText)";
    assert_eq!(
        here.value(offered).await?,
        json!(["1 hour", "12 hours", "1 day", "5 days", "30 days"])
    );
    assert_eq!(here.text("label:has(#once:checked)").await?.trim(), "Can be viewed only 1 time");
    let sender = Sender::at(&here);
    sender.expires_in("1 hour").await?;
    let link = dialog.get_link().await?;
    here.wait_for("#qr svg").await?;
    assert_eq!(here.copied_by("#copy-link").await?, link);
    sender.done().await?;
    dialog.closes().await?;
    let said = cupboard.says(&here, "Shared until").await?;
    assert!(said.ends_with("for one view."), "{said}");
    assert_eq!(here.value("document.activeElement.id").await?, "share");
    assert_eq!(here.console().await?, Vec::<String>::new());

    let recipient = Recipient::open(&there, &link, "landing").await?;
    assert_eq!(recipient.heading().await?, "A shared item is waiting for you");
    recipient.view_item().await?;
    assert_eq!(recipient.heading().await?, "Staging database");
    assert_eq!(recipient.labels().await?, ["Username", "Password", "Address"]);
    let content = ["cupboard", "correct horse battery staple", "https://db.staging.example/"];
    for (n, value) in content.into_iter().enumerate() {
        assert_eq!(recipient.copy(n).await?, value);
    }
    recipient.is_done().await?;
    Recipient::open(&there, &link, "opened").await?;
    Ok(())
}

pub(crate) async fn an_owner_confirms_by_mail_in_the_frame(engine: Engine) -> Result<()> {
    let mut cupboard = Cupboard::later()?;
    let (deployment, smtp) = deployment(engine, &[&cupboard.embedding_flag()]).await?;
    let origin = deployment.origin();
    cupboard.run(&origin, None)?;
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    cupboard.sign_in(&here, "Ada").await?;
    cupboard.visit(&here, "deploy-key").await?;
    let dialog = cupboard.share(&here).await?;
    let sender = Sender::at(&here);
    sender.begin().await?;
    here.wait_for("#address").await?;
    assert_eq!(here.text("#identity-title").await?, "Confirm your identity to get the link");
    let number = ask(&here, ANN).await?;

    let mail = smtp.mail(0).await?;
    assert_eq!(mail.headers["subject"], "Action required: Confirm your identity");
    let confirmer = Confirmer::open(&there, &self::link(&mail, &origin)?, "asking").await?;
    assert_eq!(there.text("#confirm").await?, "Confirm my identity");
    confirmer.confirm(&number).await?;
    confirmer.is_at("confirmed").await?;

    let link = dialog.link().await?;
    here.wait_for("#qr svg").await?;
    assert_eq!(here.copied_by("#copy-link").await?, link);
    sender.done().await?;
    dialog.closes().await?;

    let recipient = Recipient::open(&there, &link, "landing").await?;
    recipient.view_item().await?;
    assert_eq!(recipient.copy(0).await?, "The release pipeline");
    assert_eq!(recipient.attachments().await?, ["deploy_key.txt"]);
    recipient.press_at(0, "Save").await?;
    let content = b"This stands for a private key.\n";
    assert_eq!(there.downloaded("deploy_key.txt", content.len()).await?, content);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_than_owners_see_no_menu_and_get_no_grant() -> Result<()> {
    let (deployment, cupboard) = Cupboard::start(Engine::Sqlite).await?;
    let browser = Browser::start().await?;
    for (name, secret) in [("Ada", "payroll"), ("Bob", "staging-database")] {
        cupboard.sign_in(&browser, name).await?;
        cupboard.visit(&browser, secret).await?;
        assert!(!browser.shows("#share").await?, "{name} may read {secret}");
    }
    // Bob knows how to show it to himself.
    browser.execute("document.querySelector('#share').hidden = false", vec![]).await?;
    let dialog = cupboard.share(&browser).await?;
    let sender = Sender::at(&browser);
    sender.begin().await?;
    let said = sender.refusal().await?;
    assert!(said.starts_with("The application did not say that you may share this."), "{said}");
    dialog.leave().await?;
    let ask = "const done = arguments[0]; fetch('/grants', { method: 'POST', \
        headers: { 'content-type': 'application/json' }, \
        body: JSON.stringify({ secret: 'staging-database' }) }).then(answer => done(answer.status))";
    assert_eq!(browser.execute_async(ask, vec![]).await?, 403);
    assert_eq!(deployment.proxy.count("POST /api/shares"), 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_is_for_one_share() -> Result<()> {
    let (_deployment, cupboard) = Cupboard::start(Engine::Sqlite).await?;
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    cupboard.sign_in(&here, "Ada").await?;
    cupboard.visit(&here, "staging-database").await?;
    // A page that keeps what it once got.
    let keep = "const ask = window.fetch; let kept; window.forget = () => { window.fetch = ask }; \
        window.fetch = async (...call) => (kept ??= await ask(...call)).clone()";
    here.execute(keep, vec![]).await?;
    let dialog = cupboard.share(&here).await?;
    dialog.get_link().await?;
    let sender = Sender::at(&here);
    here.copied_by("#copy-link").await?;
    sender.done().await?;
    dialog.closes().await?;

    let dialog = cupboard.share(&here).await?;
    sender.begin().await?;
    let said = sender.refusal().await?;
    assert!(said.contains("the grant was used for another share"), "{said}");
    dialog.leave().await?;
    here.execute("forget()", vec![]).await?;
    let link = Framed::enter(&here).await?.get_link().await?;
    Recipient::open(&there, &link, "landing").await?.view_item().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_that_is_over_leads_to_a_new_one() -> Result<()> {
    let (server, own) = (Clock::start()?, Clock::start()?);
    let behind = Duration::from_secs(5 * 60);
    server.forward(behind)?;
    let started = Cupboard::start_by(Engine::Sqlite, Some(&server), Some(&own));
    let (_deployment, cupboard) = started.await?;
    let browser = Browser::start().await?;
    cupboard.sign_in(&browser, "Ada").await?;
    cupboard.visit(&browser, "staging-database").await?;
    let dialog = cupboard.share(&browser).await?;
    let sender = Sender::at(&browser);
    sender.begin().await?;
    let said = sender.refusal().await?;
    assert!(said.contains("the grant is over"), "{said}");
    own.forward(behind)?;
    dialog.get_link().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_application_works_while_the_server_is_away() -> Result<()> {
    let (mut deployment, cupboard) = Cupboard::start(Engine::Sqlite).await?;
    let browser = Browser::start().await?;
    deployment.server.kill();
    cupboard.sign_in(&browser, "Ada").await?;
    cupboard.visit(&browser, "staging-database").await?;
    cupboard.choose(&browser).await?;
    cupboard.says(&browser, "Sharing does not work now. Reload this page to try again.").await?;
    deployment.server.restart()?;
    browser.refresh().await?;
    browser.wait_for("#share").await?;
    cupboard.share(&browser).await?.get_link().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_pages_are_accessible_and_its_menu_is_for_keyboards() -> Result<()> {
    let (_deployment, cupboard) = Cupboard::start(Engine::Sqlite).await?;
    let browser = Browser::start().await?;
    let mut inspector = Inspector::new(&browser)?;
    browser.goto(&cupboard.origin()).await?;
    browser.wait_for("h1").await?;
    inspector.inspect("signed out").await?;
    cupboard.sign_in(&browser, "Ada").await?;
    inspector.inspect("list").await?;
    cupboard.visit(&browser, "staging-database").await?;
    inspector.inspect("secret").await?;

    let at = async |id: &str, open: bool| -> Result<()> {
        assert_eq!(browser.value("document.activeElement.id").await?, id);
        assert_eq!(browser.shows("#menu").await?, open, "at {id}");
        Ok(())
    };
    browser.execute("document.querySelector('#share').focus()", vec![]).await?;
    browser.press(Key::Enter).await?;
    at("public-link", true).await?;
    inspector.inspect("menu").await?;
    for (key, id) in [
        (Key::ArrowDown, "colleagues"),
        (Key::ArrowDown, "public-link"),
        (Key::ArrowUp, "colleagues"),
    ] {
        browser.press(key).await?;
        at(id, true).await?;
    }
    browser.press(Key::Escape).await?;
    at("share", false).await?;
    browser.press(Key::Enter).await?;
    browser.press(Key::Tab).await?;
    assert!(!browser.shows("#menu").await?, "the focus has left it");
    inspector.verdict();
    Ok(())
}
