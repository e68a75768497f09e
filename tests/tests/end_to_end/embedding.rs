//! The share dialog in the pages of another application, as its users and its author see it.

use crate::{accessibility::Inspector, keyboard::tab_to};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::time::Duration;
use waxseal_tests::{
    browser::{Browser, Key, Look},
    deployment::Deployment,
    embedder::{self, Embedder, Framed, is_closed, outcome, share, told},
    recipient::Recipient,
    server::Engine,
    wait::{until, within},
};

/// Notes all that a page hears from elsewhere, and what its policy refused.
const WATCH: &str = r#"
if (window === top) {
  window.heard = [];
  window.refused = [];
  addEventListener("message", (event) => heard.push(event.data));
  const own = Object.getOwnPropertyDescriptor(MessagePort.prototype, "onmessage");
  Object.defineProperty(MessagePort.prototype, "onmessage", {
    set(handler) {
      this.addEventListener("message", (event) => heard.push(event.data));
      own.set.call(this, handler);
    },
  });
  document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
    refused.push(`${violatedDirective} ${blockedURI}`));
}"#;

/// Where the focus is in the application's page, and in the dialog that it shows.
const FOCUS: &str = "[document.activeElement?.localName, \
    document.activeElement?.shadowRoot?.activeElement?.localName ?? '']";

async fn heard(browser: &Browser) -> Result<Vec<Value>> {
    Ok(serde_json::from_value(browser.value("heard").await?)?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_five_lines_shares_a_secret_and_a_file() -> Result<()> {
    let (_deployment, embedder) = Embedder::start(&[]).await?;
    let (browser, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    browser.before_pages(WATCH).await?;
    embedder.visit(&browser).await?;
    let dialog = Framed::open(&browser).await?;
    let shown = browser.text(".what").await?;
    for part in ["Staging database", "Password", "notes.txt", "1 KB"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("correct horse"), "what is shared is not shown again");
    dialog.leave().await?;
    let before = heard(&browser).await?;
    let kinds = |heard: &[Value]| -> Vec<String> {
        let kind = |message: &Value| message.get("type").or(message.get("waxseal")).cloned();
        let kinds = heard.iter().filter_map(kind).map(|kind| kind.to_string());
        kinds.filter(|kind| kind != "\"height\"").collect()
    };
    assert_eq!(kinds(&before), ["\"ready\"", "\"opened\""], "{before:?}");

    let dialog = Framed::enter(&browser).await?;
    let link = dialog.get_link().await?;
    dialog.leave().await?;
    let told = told(&browser, 1).await?;
    let (_, secret) = link.split_once('#').context("a link has a fragment")?;
    let heard = heard(&browser).await?;
    assert_eq!(kinds(&heard[before.len()..]), ["\"shared\""], "{heard:?}");
    assert!(before.iter().all(|message| !message.to_string().contains(secret)));
    let [(kind, shared)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((kind.as_str(), &shared["link"]), ("shared", &json!(link)));
    assert_eq!((&shared["oneTime"], shared["id"].as_str().map(str::len)), (&json!(true), Some(22)));
    let expires = shared["expiresAt"].as_str().context("a time")?;
    assert!(expires.parse::<waxseal_core::time::Timestamp>().is_ok(), "{expires}");
    let keys: Vec<_> = shared.as_object().context("an object")?.keys().collect();
    assert_eq!(keys, ["expiresAt", "id", "link", "oneTime"], "and nothing else");
    let refused = "refused.filter(each => !each.endsWith('/favicon.ico'))";
    assert_eq!(browser.value(refused).await?, json!([]), "the page's policy is kept");
    assert_eq!(embedder.grants(), 0, "this server wants none");

    let recipient = Recipient::open(&there, &link, "landing").await?;
    recipient.view_item().await?;
    recipient.reveal(0).await?;
    assert_eq!(recipient.shown(0).await?, "correct horse");
    recipient.press_at(0, "Save").await?;
    assert_eq!(there.downloaded("notes.txt", 19).await?, b"what is in the file");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_isolated_page_loads_one_content_of_the_script_and_no_other() -> Result<()> {
    let (deployment, embedder) = Embedder::start(&[]).await?;
    let script = deployment.api.send(http::Method::GET, "/embed.js", None, None::<&()>).await?;
    embedder.pins(&script.body);
    let browser = Browser::start().await?;
    embedder.visit_at(&browser, "/isolated").await?;
    assert_eq!(browser.value("crossOriginIsolated").await?, true);
    let loaded =
        "performance.getEntriesByType('resource').map(each => new URL(each.name).pathname)";
    let loaded = browser.value(loaded).await?.to_string();
    assert!(loaded.contains("/embed-") && !loaded.contains("/embed.js"), "{loaded}");
    let dialog = Framed::open(&browser).await?;
    let link = dialog.get_link().await?;
    dialog.leave().await?;
    assert_eq!(told(&browser, 1).await?[0].1["link"], link.as_str());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cancels_shares_nothing() -> Result<()> {
    let (deployment, embedder) = Embedder::start(&[]).await?;
    let browser = Browser::start().await?;
    embedder.visit(&browser).await?;
    for (n, way) in ["the button", "Escape in the frame", "Escape around it"].iter().enumerate() {
        let dialog = Framed::open(&browser).await?;
        until("the focus on what the dialog is", async || {
            let id = browser.value("document.activeElement.id").await?;
            Ok((id == "dialog-title").then_some(()))
        })
        .await?;
        match n {
            0 => browser.click("[data-close]").await?,
            1 => browser.press(Key::Escape).await?,
            _ => {
                dialog.leave().await?;
                assert_eq!(browser.value(FOCUS).await?, json!(["div", "iframe"]));
                let focus = "const dialog = document.body.lastElementChild.shadowRoot\
                    .querySelector('dialog'); dialog.tabIndex = -1; dialog.focus()";
                browser.execute(focus, vec![]).await?;
                browser.press(Key::Escape).await?;
            }
        }
        if n < 2 {
            dialog.closes().await?;
        }
        is_closed(&browser).await?;
        let told = told(&browser, n + 1).await?;
        assert_eq!(told[n], ("cancel".to_owned(), Value::Null), "{way}");
        assert_eq!(browser.value(FOCUS).await?, json!(["waxseal-share", "button"]), "{way}");
    }
    share(&browser, &deployment.origin(), "text: 'a note'").await?;
    let dialog = Framed::enter(&browser).await?;
    browser.click("[data-close]").await?;
    dialog.closes().await?;
    assert_eq!(outcome(&browser).await?, json!(["resolved", null]));
    assert_eq!(deployment.proxy.count("POST /api/shares HTTP"), 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_comes_back_with_a_click_presses_what_they_see() -> Result<()> {
    let (_deployment, embedder) = Embedder::start(&[]).await?;
    let low = Look { width: 390, height: 500, ..Look::default() };
    let browser = Browser::with(low).await?;
    embedder.visit(&browser).await?;
    let dialog = Framed::open(&browser).await?;
    dialog.leave().await?;
    until("the focus in the frame", async || {
        Ok((browser.value(FOCUS).await? == json!(["div", "iframe"])).then_some(()))
    })
    .await?;
    browser.execute("document.activeElement.blur(); window.focus()", vec![]).await?;
    let dialog = Framed::enter(&browser).await?;
    let below = "document.querySelector('#get-link').getBoundingClientRect().top > innerHeight";
    assert_eq!(browser.value(below).await?, true, "one has to scroll to it");
    dialog.get_link().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_was_not_copied_is_not_lost_by_a_key() -> Result<()> {
    let (deployment, embedder) = Embedder::start(&[]).await?;
    let (browser, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    embedder.visit(&browser).await?;
    share(&browser, &deployment.origin(), "title: 'T', text: 'a note', ownerToken: true").await?;
    let dialog = Framed::enter(&browser).await?;
    dialog.get_link().await?;
    browser.press(Key::Escape).await?;
    browser.wait_for("#losing").await?;
    assert_eq!(browser.value("document.activeElement.id").await?, "lose-not");
    browser.press(Key::Enter).await?;
    assert!(!browser.shows("#losing").await? && browser.shows("#copy-link").await?);
    browser.press(Key::Escape).await?;
    browser.wait_for("#losing").await?;
    browser.click("#lose").await?;
    dialog.closes().await?;
    let outcome = outcome(&browser).await?;
    assert_eq!(outcome[0], "resolved");
    let owner = outcome[1]["owner"].as_str().context("it was asked for")?;
    let status = format!("/api/shares/{}/status", outcome[1]["id"].as_str().context("an id")?);
    let status = deployment.api.send(http::Method::GET, &status, Some(owner), None::<&()>).await?;
    assert_eq!(status.json::<Value>()?["state"], "live", "whoever has the token looks after it");

    // Copied, it may go.
    let dialog = Framed::open(&browser).await?;
    let link = dialog.get_link().await?;
    browser.click("#copy-link").await?;
    let kept = "indexedDB.databases().then(all => all.length + localStorage.length)";
    assert_eq!(browser.value(kept).await?, 0, "the frame keeps nothing");
    browser.press(Key::Escape).await?;
    dialog.closes().await?;
    Recipient::open(&there, &link, "landing").await?;

    // Revoked where it is shown, it was not shared.
    share(&browser, &deployment.origin(), "text: 'a note'").await?;
    let dialog = Framed::enter(&browser).await?;
    let link = dialog.get_link().await?;
    browser.click("#revoke").await?;
    dialog.closes().await?;
    assert_eq!(embedder::outcome(&browser).await?, json!(["resolved", null]));
    Recipient::open(&there, &link, "revoked").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_made_with_the_keyboard_alone() -> Result<()> {
    let (_deployment, embedder) = Embedder::start(&[]).await?;
    let browser = Browser::start().await?;
    embedder.visit(&browser).await?;
    browser.press(Key::Tab).await?;
    assert_eq!(browser.value(FOCUS).await?, json!(["waxseal-share", "button"]));
    browser.press(Key::Enter).await?;
    let dialog = Framed::enter(&browser).await?;
    tab_to(&browser, "[name=expiry]").await?;
    browser.press(Key::ArrowRight).await?;
    // All the way round: nothing behind the dialog is ever reached.
    for _ in 0..12 {
        dialog.leave().await?;
        let focus = browser.value("document.activeElement.localName").await?;
        assert_ne!(focus, "waxseal-share");
        Framed::enter(&browser).await?;
        browser.press(Key::Tab).await?;
    }
    tab_to(&browser, "#get-link").await?;
    browser.press(Key::Enter).await?;
    dialog.link().await?;
    tab_to(&browser, "#copy-link").await?;
    browser.press(Key::Enter).await?;
    browser.wait_for("#copy-link[data-busy]").await?;
    tab_to(&browser, "#done").await?;
    browser.press(Key::Space).await?;
    dialog.closes().await?;
    assert_eq!(browser.value(FOCUS).await?, json!(["waxseal-share", "button"]));
    assert_eq!(told(&browser, 1).await?.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dialog_is_accessible_in_any_colour() -> Result<()> {
    let (deployment, embedder) = Embedder::start(&[]).await?;
    let browser = Browser::start().await?;
    embedder.visit(&browser).await?;
    let mut inspector = Inspector::new(&browser)?;
    // Colours that nobody could read, as they are, on the dialog's grounds.
    for theme in [
        "{}",
        "{ accent: 'yellow', scheme: 'auto' }",
        "{ accent: 'hsl(240 100% 20%)', scheme: 'auto' }",
    ] {
        share(&browser, &deployment.origin(), &format!("text: 'a note', theme: {theme}")).await?;
        let dialog = Framed::enter(&browser).await?;
        let wax = "getComputedStyle(document.documentElement).getPropertyValue('--wax')";
        assert_eq!(browser.value(wax).await? == "#9b1b30", theme == "{}", "{theme}");
        inspector.inspect(&format!("choices, {theme}")).await?;
        dialog.leave().await?;
        inspector.inspect(&format!("the page around, {theme}")).await?;
        Framed::enter(&browser).await?;
        dialog.get_link().await?;
        inspector.inspect(&format!("link, {theme}")).await?;
        browser.press(Key::Escape).await?;
        browser.wait_for("#losing").await?;
        inspector.inspect(&format!("losing, {theme}")).await?;
        browser.click("#lose").await?;
        dialog.closes().await?;
    }
    inspector.verdict();
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_is_taken_as_far_as_it_is_one() -> Result<()> {
    let (deployment, embedder) = Embedder::start(&[]).await?;
    let browser = Browser::with(Look { dark: true, ..Look::default() }).await?;
    embedder.visit(&browser).await?;
    let style = "(() => { const root = document.documentElement; return [\
        ...['--wax', '--radius', '--sans'].map(name => root.style.getPropertyValue(name)), \
        root.dataset.theme ?? '', root.getAttribute('style') ?? ''] })()";
    // Of the page's style.
    let css = "const { style } = document.querySelector('waxseal-share'); \
        for (const [name, value] of arguments) style.setProperty(name, value)";
    for (said, want) in [
        (
            [
                ("accent", "rebeccapurple"),
                ("radius", "4px"),
                ("font", "'Open Sans', serif"),
                ("scheme", "light"),
            ],
            ["#663399", "4px", "\"Open Sans\", serif", "light"],
        ),
        (
            [
                ("accent", "hsl(240 100% 90%)"),
                ("radius", "0px"),
                ("font", "Inter"),
                ("scheme", "light dark"),
            ],
            ["#ccccff", "0px", "\"Inter\"", ""],
        ),
    ] {
        let name = |name: &str| match name {
            "scheme" => "color-scheme".to_owned(),
            name => format!("--waxseal-{name}"),
        };
        let said = said.map(|(which, value)| json!([name(which), value])).to_vec();
        browser.execute(css, said).await?;
        let dialog = Framed::open(&browser).await?;
        let got: Vec<String> = serde_json::from_value(browser.value(style).await?)?;
        assert_eq!(got[..4], want);
        browser.press(Key::Escape).await?;
        dialog.closes().await?;
    }
    // What is no look is as if nothing was said.
    for theme in [
        "{ accent: 'red;background:url(//x)', radius: '1px;}', font: 'a;b', scheme: 'dark light' }",
        "{ accent: 'url(//x)', radius: 'calc(1px)', font: 'url(//x)', scheme: 'x' }",
        "{ accent: 'rgb(0 0 0 / 50%)', radius: '100px', font: 'expression(1)', scheme: 5 }",
        "{ accent: 'color(display-p3 1 0 0)', radius: '1e1px', font: 'x'.repeat(201), scheme: {} }",
        "{ accent: 5, radius: 5, font: ['serif'], scheme: null }",
    ] {
        share(&browser, &deployment.origin(), &format!("text: 'a note', theme: {theme}")).await?;
        let dialog = Framed::enter(&browser).await?;
        let got: Vec<String> = serde_json::from_value(browser.value(style).await?)?;
        assert_eq!(got[..3], ["", "", ""], "{theme}");
        assert_eq!(got[4], "", "{theme}");
        browser.press(Key::Escape).await?;
        dialog.closes().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_that_is_not_allowed_is_told_so() -> Result<()> {
    let embedder = Embedder::alone()?;
    let options = ["--embedding-origins=https://app.example.org"];
    let deployment = Deployment::with(Engine::Sqlite, &options, None).await?;
    embedder.embeds(&deployment.origin());
    let browser = Browser::start().await?;
    embedder.visit(&browser).await?;
    browser.click("waxseal-share").await?;
    let told = within(Duration::from_secs(60), "the refusal", async || {
        let told: Vec<(String, Value)> = serde_json::from_value(browser.value("told").await?)?;
        Ok(told.first().cloned())
    })
    .await?;
    let said = told.1.as_str().context("a sentence")?;
    assert_eq!(told.0, "error");
    for part in [&deployment.origin(), embedder.origin(), "did not answer"] {
        assert!(said.contains(part), "{said}");
    }
    is_closed(&browser).await?;
    let console = browser.console().await?.join("\n");
    assert!(console.contains("frame-ancestors"), "the browser refused it: {console}");
    assert_eq!(deployment.proxy.count("/api/"), 0);
    Ok(())
}
