//! My links: what the browser keeps, what it does not, and for how long.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use waxseal_core::{keys::LinkKeys, link::FoundLink, owned::Sent};
use waxseal_tests::{
    browser::Browser,
    deployment::Deployment,
    owner::{MyLinks, database_of, kept_by},
    recipient::Recipient,
    search::Secrets,
    sender::Sender,
    server::Engine,
    share::Terms,
    wait::until,
};

/// All that pages of this site have put away in this browser.
async fn stored(browser: &Browser) -> Result<Vec<u8>> {
    let others =
        browser.value("[{ ...localStorage }, { ...sessionStorage }, document.cookie]").await?;
    Ok(serde_json::to_vec(&(database_of(browser).await?, others))?)
}

pub(crate) async fn a_link_is_kept_only_if_its_owner_wants_it(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let origin = deployment.origin();
    let browser = Browser::start().await?;
    let sender = Sender::open(&browser, &origin).await?;
    sender.title("A title").await?;
    sender.write(0, "canary-text-5d20b7").await?;
    sender.share().await?;
    sender.more().await?;
    sender.passphrase("canary-passphrase-19ce44").await?;
    let link = sender.get_link().await?;
    let secret = FoundLink::in_address(&link)?.secret;
    let keys = LinkKeys::derive(&secret);
    let mut secrets = Secrets::default();
    secrets.add_text("the link's token", &secret.to_token());
    secrets.add_bytes("the link's secret", secret.as_bytes());
    secrets.add_bytes("the content key", keys.body().input().as_bytes());
    secrets.add_bytes("the access token", keys.access.as_bytes());
    secrets.add_text("the text", "canary-text-5d20b7");
    secrets.add_text("the passphrase", "canary-passphrase-19ce44");
    browser.copied_by("#copy-link").await?;
    assert_eq!(secrets.found_in(&stored(&browser).await?), BTreeSet::new(), "nothing of the link");
    let owned = kept_by(&browser).await?.pop().context("the right to revoke is kept")?;
    assert!(owned.id == keys.id && owned.label == "A title" && owned.token.is_none());

    browser.click("#keep").await?;
    until("the link to be kept", async || {
        Ok(kept_by(&browser).await?.pop().and_then(|link| link.token))
    })
    .await?;
    let found = secrets.found_in(&stored(&browser).await?);
    assert!(found.contains("the link's token"), "what is there is found");
    assert!(!found.contains("the text") && !found.contains("the passphrase"), "{found:?}");
    sender.done().await?;

    let links = MyLinks::open(&browser, &origin).await?;
    links.rows("Waiting").await?;
    links.press("A title", "show").await?;
    browser.wait_for("#qr svg").await?;
    assert_eq!(browser.value("document.querySelector('#link').value").await?, link);
    assert_eq!(browser.copied_by("#copy-link").await?, link);
    browser.click("#shown-forget").await?;
    links.said("The link is kept no longer.").await?;
    assert_eq!(browser.value("document.querySelector('#link').value").await?, "");
    assert_eq!(secrets.found_in(&stored(&browser).await?), BTreeSet::new(), "it is forgotten");
    until("the button to go", async || Ok((!links.shows("A title", "show").await?).then_some(())))
        .await?;
    browser.is_quiet(&origin).await
}

pub(crate) async fn tabs_do_not_undo_each_others_changes(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let origin = deployment.origin();
    let browser = Browser::start().await?;
    let one = browser.window().await?;
    let two = browser.new_window(true).await?.handle;
    // Both pages are there before either has made anything.
    for tab in [&one, &two] {
        browser.switch_to_window(tab.clone()).await?;
        Sender::open(&browser, &origin).await?;
    }
    for (tab, titles) in [(&one, ["A", "B"]), (&two, ["C", "D"])] {
        browser.switch_to_window(tab.clone()).await?;
        let sender = Sender::at(&browser);
        for title in titles {
            sender.send_note(title, "text").await?;
            sender.done().await?;
        }
    }
    let labels = async || {
        let kept = kept_by(&browser).await?;
        anyhow::Ok(kept.into_iter().map(|link| link.label).collect::<Vec<_>>())
    };
    assert_eq!(labels().await?, ["A", "B", "C", "D"]);

    // Both know all four; each changes something else of the same link.
    for tab in [&one, &two] {
        browser.switch_to_window(tab.clone()).await?;
        MyLinks::open(&browser, &origin).await?.rows("Waiting").await?;
    }
    let links = MyLinks::at(&browser);
    links.press("A", "rename").await?;
    browser.write("[data-slot=renaming]:not([hidden]) input", "A, renamed").await?;
    links.press("A", "save").await?;
    browser.switch_to_window(one).await?;
    links.press("D", "remove").await?;
    links.confirm().await?;
    three_are_left(&browser).await?;
    // What the other tab did is seen without loading the page again.
    links.is("A, renamed", "Waiting").await?;
    links.press("A, renamed", "sent").await?;
    until("both changes", async || {
        let kept = kept_by(&browser).await?;
        let both = kept
            .iter()
            .any(|link| link.label == "A, renamed" && matches!(link.sent_at, Sent::At(_)));
        Ok((both && kept.len() == 3).then_some(()))
    })
    .await?;
    browser.switch_to_window(two).await?;
    three_are_left(&browser).await?;

    assert_eq!(labels().await?, ["A, renamed", "B", "C"]);
    browser.is_quiet(&origin).await
}

async fn three_are_left(browser: &Browser) -> Result<()> {
    until("three rows", async || {
        let rows = "document.querySelectorAll('#links-list > li').length";
        Ok((browser.value(rows).await? == 3).then_some(()))
    })
    .await
}

pub(crate) async fn what_other_versions_keep_is_taken_over_and_stays(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let origin = deployment.origin();
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    let mut shares = Vec::new();
    let mut before = Vec::new();
    for title in ["One", "Two"] {
        let share = deployment.note(title, "text", Terms::default()).await?;
        let (id, owner) = (share.keys.id, &share.owner);
        before.push(json!({ "id": id, "owner": owner, "label": title, "later": title }));
        shares.push(share);
    }
    Recipient::open(&there, &shares[0].link(&origin), "landing").await?.view_item().await?;
    for page in ["", "/links"] {
        here.goto(&format!("{origin}/report")).await?;
        let put = "localStorage['waxseal.links'] = JSON.stringify(arguments[0])";
        here.execute(put, vec![before.clone().into()]).await?;
        here.goto(&format!("{origin}{page}")).await?;
        until("the old place to be empty", async || {
            Ok((here.value("localStorage['waxseal.links'] ?? null").await?.is_null()).then_some(()))
        })
        .await?;
        assert_eq!(kept_by(&here).await?.len(), 2, "from {page}/");
    }
    let links = MyLinks::open(&here, &origin).await?;
    let rows = links.rows("Waiting").await?;
    assert_eq!(rows.iter().map(|row| row.0.as_str()).collect::<Vec<_>>(), ["Two", "One"]);
    links.is("One", "Opened ").await?;
    assert!(!links.shows("One", "early").await?, "nobody knows when it was sent");
    links.press("Two", "revoke").await?;
    links.confirm().await?;
    links.is("Two", "Revoked ").await?;

    links.press("One", "rename").await?;
    here.write("[data-slot=renaming]:not([hidden]) input", "One, renamed").await?;
    links.press("One", "save").await?;
    links.is("One, renamed", "Opened ").await?;
    let records: Vec<String> = serde_json::from_value(database_of(&here).await?)?;
    let later = records.iter().map(|record| {
        let record: Value = serde_json::from_str(record)?;
        Ok(record["later"].as_str().context("it is still there")?.to_owned())
    });
    let later: BTreeSet<_> = later.collect::<Result<_>>()?;
    assert_eq!(later, BTreeSet::from(["One".to_owned(), "Two".to_owned()]));
    here.is_quiet(&origin).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_says_how_long_the_list_lasts() -> Result<()> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    let origin = deployment.origin();
    let browser = Browser::start().await?;
    MyLinks::open(&browser, &origin).await?;
    for id in ["#lasting", "#fleeting"] {
        assert!(!browser.shows(id).await?, "there is nothing to last");
    }
    let sender = Sender::open(&browser, &origin).await?;
    sender.send_note("Note", "text").await?;
    sender.done().await?;
    MyLinks::open(&browser, &origin).await?;
    browser.wait_for("#fleeting").await?;
    browser.click("#persist").await?;
    browser.wait_for("#refused:not(:empty)").await?;
    assert!(browser.text("#fleeting").await?.contains("a private window does when it closes"));

    let permission = json!({ "permissions": ["durableStorage"], "origin": origin });
    browser.devtools("Browser.grantPermissions", permission).await?;
    browser.click("#persist").await?;
    browser.wait_for("#lasting").await?;
    assert!(!browser.shows("#fleeting").await?);
    assert_eq!(
        browser.execute_async("navigator.storage.persisted().then(arguments[0])", vec![]).await?,
        true
    );
    // It was asked by itself, this time.
    MyLinks::open(&browser, &origin).await?;
    browser.wait_for("#lasting").await?;
    browser.is_quiet(&origin).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_that_keeps_nothing_says_so() -> Result<()> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    let origin = deployment.origin();
    let browser = Browser::start().await?;
    // As in a window whose site data is blocked.
    browser
        .before_pages(
            "Object.defineProperty(IDBFactory.prototype, 'open', \
                { value() { throw new DOMException('blocked', 'SecurityError'); } })",
        )
        .await?;
    let sender = Sender::open(&browser, &origin).await?;
    let link = sender.send_note("Note", "text").await?;
    browser.wait_for("#result-unlisted").await?;
    assert_eq!(browser.value("document.querySelector('#keep').disabled").await?, true);
    browser.click("#revoke").await?;
    until("the dialog to close", async || Ok((!browser.shows("#dialog").await?).then_some(())))
        .await?;
    Recipient::open(&browser, &link, "revoked").await?;
    MyLinks::open(&browser, &origin).await?;
    browser.wait_for("#unkept").await?;
    browser.is_quiet(&origin).await
}
