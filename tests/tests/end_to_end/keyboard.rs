//! Everything without a mouse: there is a way by Tab, and the eye can follow it.

use anyhow::{Result, bail};
use waxseal_tests::{
    browser::{Browser, Key},
    confirmer::{self, Confirmer},
    deployment::Deployment,
    owner::MyLinks,
    recipient::Recipient,
    sender::Sender,
    server::Engine,
    wait::until,
};

/// More stops than any page has.
const STOPS: usize = 60;

/// Tabs to what `css` selects; at every stop on the way, something shows where one is.
pub(crate) async fn tab_to(browser: &Browser, css: &str) -> Result<()> {
    let seen = "(() => { const e = document.activeElement; \
        const shows = e => { const style = getComputedStyle(e); return style.boxShadow !== 'none' \
            || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0); }; \
        return e === document.body || [e, e.nextElementSibling, e.closest('label')]\
            .some(e => e && shows(e)); })()";
    for _ in 0..STOPS {
        browser.press(Key::Tab).await?;
        let focus = browser.value("document.activeElement.outerHTML.slice(0, 100)").await?;
        assert_eq!(browser.value(seen).await?, true, "the focus cannot be seen on {focus}");
        if browser.value(&format!("document.activeElement.matches(`{css}`)")).await? == true {
            return Ok(());
        }
    }
    bail!("there is no way to {css} by Tab")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_item_is_sent_and_opened_with_the_keyboard_alone() -> Result<()> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    let origin = deployment.origin();
    let browser = Browser::start().await?;
    Sender::open(&browser, &origin).await?;
    tab_to(&browser, "[name=template]").await?;
    browser.press(Key::ArrowRight).await?;
    assert_eq!(browser.value("document.activeElement.value").await?, "login");
    tab_to(&browser, "#title").await?;
    browser.type_text("By keyboard").await?;
    tab_to(&browser, "#fields > li:nth-child(2) [data-slot=value] > *").await?;
    browser.type_text("correct horse").await?;
    tab_to(&browser, "#share").await?;
    browser.press(Key::Enter).await?;
    browser.wait_for("#get-link").await?;
    browser.press(Key::Escape).await?;
    assert!(!browser.shows("#dialog").await?, "Escape closes it");
    assert_eq!(browser.value("document.activeElement.id").await?, "share", "the focus is back");
    browser.press(Key::Space).await?;
    browser.wait_for("#get-link").await?;

    tab_to(&browser, "[name=expiry]").await?;
    browser.press(Key::ArrowRight).await?;
    let chosen = "document.querySelector('[name=expiry]:checked').value";
    assert_eq!(browser.value(chosen).await?, "432000");
    tab_to(&browser, "#once").await?;
    browser.press(Key::Space).await?;
    assert_eq!(browser.value("document.activeElement.checked").await?, false);
    browser.press(Key::Space).await?;
    tab_to(&browser, "summary").await?;
    browser.press(Key::Enter).await?;
    tab_to(&browser, "#new-passphrase").await?;
    browser.type_text("the right one").await?;
    tab_to(&browser, "#get-link").await?;
    browser.press(Key::Enter).await?;
    browser.wait_for("#copy-link").await?;
    let link = browser.value("document.querySelector('#link').value").await?;
    browser.press(Key::Escape).await?;
    assert!(browser.shows("#copy-link").await?, "Escape does not lose a link");
    tab_to(&browser, "#copy-link").await?;
    browser.press(Key::Enter).await?;
    browser.wait_for("#copy-link[data-busy]").await?;
    tab_to(&browser, "#done").await?;
    browser.press(Key::Space).await?;
    assert!(!browser.shows("#dialog").await?);
    tab_to(&browser, "a[href='/links']").await?;
    browser.press(Key::Enter).await?;
    MyLinks::at(&browser).rows("Waiting").await?;

    let link = link.as_str().unwrap_or_default();
    let recipient = Recipient::open(&browser, link, "landing").await?;
    tab_to(&browser, "#passphrase").await?;
    browser.type_text("the right one").await?;
    browser.press(Key::Enter).await?;
    recipient.is_at("item").await?;
    tab_to(&browser, "[data-slot=reveal]").await?;
    browser.press(Key::Space).await?;
    assert_eq!(recipient.shown(0).await?, "correct horse");
    tab_to(&browser, "[data-slot=copy]").await?;
    browser.press(Key::Enter).await?;
    browser.wait_for("[data-slot=copy][data-busy]").await?;
    assert_eq!(browser.pasted().await?, "correct horse");
    browser.is_quiet(&origin).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_are_looked_after_with_the_keyboard_alone() -> Result<()> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    let origin = deployment.origin();
    let browser = Browser::start().await?;
    let sender = Sender::open(&browser, &origin).await?;
    for title in ["One", "Two"] {
        sender.send_note(title, "text").await?;
        sender.done().await?;
    }
    let links = MyLinks::open(&browser, &origin).await?;
    links.rows("Waiting").await?;
    tab_to(&browser, "[data-slot=rename]").await?;
    browser.press(Key::Enter).await?;
    browser.type_text("Not this").await?;
    browser.press(Key::Escape).await?;
    let here = "document.activeElement.dataset.slot";
    assert_eq!(browser.value(here).await?, "rename", "the focus is back");
    browser.press(Key::Space).await?;
    browser.type_text("Another title").await?;
    browser.press(Key::Enter).await?;
    links.is("Another title", "Waiting").await?;
    assert_eq!(browser.value(here).await?, "rename");

    tab_to(&browser, "[data-slot=revoke]").await?;
    browser.press(Key::Enter).await?;
    browser.wait_for("#confirm").await?;
    assert_eq!(browser.value("document.activeElement.id").await?, "confirm-no");
    browser.press(Key::Escape).await?;
    assert_eq!(browser.value(here).await?, "revoke");
    browser.press(Key::Enter).await?;
    browser.wait_for("#confirm").await?;
    tab_to(&browser, "#confirm-yes").await?;
    browser.press(Key::Enter).await?;
    links.is("Another title", "Revoked ").await?;
    tab_to(&browser, "[data-slot=remove]").await?;
    browser.press(Key::Enter).await?;
    // Reading goes on at the next link.
    until("the next link's title", async || {
        Ok((browser.value("document.activeElement.textContent").await? == "One").then_some(()))
    })
    .await?;

    tab_to(&browser, "#export").await?;
    browser.press(Key::Enter).await?;
    browser.wait_for("#sealing").await?;
    tab_to(&browser, "#generate").await?;
    browser.press(Key::Space).await?;
    tab_to(&browser, "#sealing-yes").await?;
    browser.press(Key::Enter).await?;
    links.said("was saved").await?;
    tab_to(&browser, "#import").await?;
    browser.is_quiet(&origin).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn identities_are_confirmed_with_the_keyboard_alone() -> Result<()> {
    let options = ["--identity-session=8h"];
    let (deployment, smtp) = confirmer::deployment(Engine::Sqlite, &options).await?;
    let origin = deployment.origin();
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    let sender = Sender::open(&here, &origin).await?;
    confirmer::submit(&here, "Title", "text").await?;
    let focus = "document.activeElement.id";
    assert_eq!(here.value(focus).await?, "identity-title", "reading begins at the heading");
    tab_to(&here, "#address").await?;
    here.type_text(confirmer::ANN).await?;
    tab_to(&here, "#stay").await?;
    here.press(Key::Space).await?;
    tab_to(&here, "#send-mail").await?;
    here.press(Key::Enter).await?;
    let number = confirmer::number(&here, "").await?;
    assert_eq!(here.value(focus).await?, "waiting-title");
    here.press(Key::Escape).await?;
    tab_to(&here, "#send-again").await?;
    assert_eq!(confirmer::number(&here, "").await?, number, "Escape does not lose it");

    let mail = confirmer::link(&smtp.mail(0).await?, &origin)?;
    let page = Confirmer::open(&there, &mail, "asking").await?;
    tab_to(&there, "#deny").await?;
    there.press(Key::Enter).await?;
    page.is_at("denying").await?;
    tab_to(&there, "#deny-no").await?;
    there.press(Key::Space).await?;
    page.is_at("asking").await?;
    tab_to(&there, "#number").await?;
    there.type_text(&number).await?;
    there.press(Key::Enter).await?;
    page.is_at("confirmed").await?;
    sender.link().await?;
    here.is_quiet(&origin).await?;
    there.is_quiet(&origin).await
}
