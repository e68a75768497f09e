//! My links: what became of each, and what its owner does about it.

use anyhow::Result;
use std::time::Duration;
use waxseal_core::token::{ClaimToken, Proof};
use waxseal_tests::{
    browser::Browser,
    clock::Clock,
    deployment::Deployment,
    owner::{MyLinks, kept_by},
    recipient::Recipient,
    sender::Sender,
    server::Engine,
    wait::{until, within},
};

const HOUR: Duration = Duration::from_secs(3600);

/// Makes a link with the sender's page.
async fn send(sender: &Sender<'_>, title: &str, expires_in: &str) -> Result<String> {
    sender.title(title).await?;
    sender.write(0, "text").await?;
    sender.share().await?;
    sender.expires_in(expires_in).await?;
    let link = sender.get_link().await?;
    sender.done().await?;
    Ok(link)
}

pub(crate) async fn every_fate_is_told(engine: Engine) -> Result<()> {
    let clock = Clock::start()?;
    let deployment = Deployment::with(engine, &[], Some(&clock)).await?;
    let origin = deployment.origin();
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    let links = MyLinks::open(&here, &origin).await?;
    assert!(here.shows("#none").await? && !here.shows("#listed").await?, "there are none yet");
    let sender = Sender::open(&here, &origin).await?;
    assert!(!here.shows("#links").await?, "nor a way to them");
    send(&sender, "Waiting", "30 days").await?;
    send(&sender, "Expired", "1 hour").await?;
    let opened = send(&sender, "Opened", "30 days").await?;
    sender.title("Thrice").await?;
    sender.write(0, "text").await?;
    sender.share().await?;
    sender.toggle_once().await?;
    sender.more().await?;
    sender.views(3).await?;
    sender.expires_in("30 days").await?;
    let thrice = sender.get_link().await?;
    sender.done().await?;
    sender.title("Burned").await?;
    sender.write(0, "text").await?;
    sender.share().await?;
    sender.passphrase("the right one").await?;
    let burned = sender.get_link().await?;
    sender.done().await?;
    assert!(here.text("#links").await?.starts_with("5 links made here"));

    for link in [&opened, &thrice, &thrice] {
        let recipient = Recipient::open(&there, link, "landing").await?;
        recipient.view_item().await?;
        recipient.has_let_go().await?;
    }
    wrong_passphrases(&deployment, &burned, 3).await?;
    MyLinks::open(&here, &origin).await?;
    links.is("Waiting", "Waiting").await?;
    let detail = links.slot("Waiting", "detail").await?;
    assert_eq!(detail, "Can be viewed only 1 time. Expires in 30 days.");
    assert!(links.slot("Expired", "detail").await?.contains("Expires in 59 min "), "to the second");
    links.is("Opened", "Opened ").await?;
    links.is("Thrice", "Opened 2 times, last ").await?;
    assert!(links.slot("Thrice", "detail").await?.starts_with("1 of 3 views left."));
    assert!(links.shows("Thrice", "openings").await?);
    links.is("Burned", "Waiting").await?;
    assert!(links.slot("Burned", "detail").await?.contains("3 wrong passphrases so far."));
    let titles = links.rows("Waiting").await?;
    let titles: Vec<_> = titles.iter().map(|row| row.0.as_str()).collect();
    assert_eq!(titles, ["Burned", "Thrice", "Opened", "Expired", "Waiting"], "the newest first");
    assert_eq!(deployment.proxy.count("POST /api/status"), 1, "one question for all");

    wrong_passphrases(&deployment, &burned, 7).await?;
    clock.forward(2 * HOUR)?;
    MyLinks::open(&here, &origin).await?;
    links.is("Expired", "Expired ").await?;
    assert_eq!(links.slot("Expired", "detail").await?, "Nobody opened it.");
    links.is("Burned", "Burned by wrong passphrases").await?;
    // The server's date follows its clock within half a second, and the page the server's date.
    until("the server's time", async || {
        MyLinks::open(&here, &origin).await?;
        links.is("Waiting", "Waiting").await?;
        let detail = links.slot("Waiting", "detail").await?;
        Ok(detail.ends_with("Expires in 29 days.").then_some(()))
    })
    .await?;
    // A browser that was opened anew has the list still, and the server forgets in the end.
    clock.forward(9 * 24 * HOUR)?;
    MyLinks::open(&here, &origin).await?;
    links.is("Expired", "Over").await?;
    links.is("Waiting", "Waiting").await?;
    assert_eq!(kept_by(&here).await?.len(), 5);
    here.is_quiet(&origin).await
}

/// Tries the passphrase of a link, as somebody who does not know it.
async fn wrong_passphrases(deployment: &Deployment, link: &str, count: usize) -> Result<()> {
    use waxseal_core::{keys::LinkKeys, link::FoundLink, wire::ClaimRequest};
    let keys = LinkKeys::derive(&FoundLink::in_address(link)?.secret);
    for _ in 0..count {
        let claim = ClaimToken::generate(&mut getrandom::SysRng)?;
        let request = ClaimRequest { claim, proof: Some(Proof::from_bytes([7; 32])) };
        let path = format!("/api/shares/{}/claims", keys.id.to_base64url());
        let access = keys.access.to_base64url();
        let answer =
            deployment.api.send(http::Method::POST, &path, Some(&access), Some(&request)).await?;
        assert!(!answer.status.is_success(), "{answer:?}");
    }
    Ok(())
}

pub(crate) async fn all_are_revoked_and_removed_at_once(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let origin = deployment.origin();
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    let sender = Sender::open(&here, &origin).await?;
    let mut made = Vec::new();
    for title in ["First", "Second", "Third"] {
        made.push(sender.send_note(title, "text").await?);
        sender.done().await?;
    }
    Recipient::open(&there, &made[2], "landing").await?.view_item().await?;
    let links = MyLinks::open(&here, &origin).await?;
    links.rows("Opened").await?;
    here.click("#links-revoke").await?;
    here.wait_for("#confirm-no").await?;
    here.click("#confirm-no").await?;
    assert_eq!(deployment.proxy.count("DELETE"), 0, "it was not meant so");
    here.click("#links-revoke").await?;
    links.closes_late("#confirm").await?;
    links.confirm().await?;
    links.said("2 links revoked.").await?;
    for title in ["First", "Second"] {
        links.is(title, "Revoked ").await?;
    }
    links.is("Third", "Opened ").await?;
    assert_eq!(deployment.proxy.count("DELETE"), 2, "what is over is left alone");
    Recipient::open(&there, &made[0], "revoked").await?;

    links.press("Second", "remove").await?;
    until("the row to go", async || Ok((kept_by(&here).await?.len() == 2).then_some(()))).await?;
    let sender = Sender::open(&here, &origin).await?;
    sender.send_note("Fourth", "text").await?;
    sender.done().await?;
    let links = MyLinks::open(&here, &origin).await?;
    links.rows("Waiting").await?;
    here.click("#links-forget").await?;
    links.said("2 links removed.").await?;
    let left = kept_by(&here).await?;
    assert_eq!(left.iter().map(|link| link.label.as_str()).collect::<Vec<_>>(), ["Fourth"]);
    // One that can still be opened goes only after a question.
    links.press("Fourth", "remove").await?;
    links.confirm().await?;
    here.wait_for("#none").await?;
    assert!(kept_by(&here).await?.is_empty());
    here.is_quiet(&origin).await
}

pub(crate) async fn an_opening_before_the_link_was_sent_stands_out(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let origin = deployment.origin();
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    let sender = Sender::open(&here, &origin).await?;
    let early = sender.send_note("Early", "text").await?;
    assert_eq!(here.value("document.querySelector('#sent').checked").await?, false);
    sender.done().await?;
    let copied = sender.send_note("Copied", "text").await?;
    assert_eq!(here.copied_by("#copy-link").await?, copied);
    assert_eq!(here.value("document.querySelector('#sent').checked").await?, true);
    sender.done().await?;
    let told = sender.send_note("Told later", "text").await?;
    sender.done().await?;
    let links = MyLinks::open(&here, &origin).await?;
    links.rows("Waiting").await?;
    assert!(!links.shows("Copied", "sent").await?, "copying says that it was sent");
    links.press("Told later", "sent").await?;
    until("the mark", async || Ok((!links.shows("Told later", "sent").await?).then_some(())))
        .await?;
    // By the server's clock, which tells whole seconds, nothing is as early as it was sent.
    for link in [&early, &copied, &told] {
        Recipient::open(&there, link, "landing").await?.view_item().await?;
    }

    MyLinks::open(&here, &origin).await?;
    for title in ["Early", "Copied", "Told later"] {
        links.is(title, "Opened ").await?;
        assert_eq!(links.shows(title, "early").await?, title == "Early", "{title}");
    }
    here.wait_for("#early").await?;
    links.press("Early", "expected").await?;
    until("the warning to go", async || Ok((!here.shows("#early").await?).then_some(()))).await?;
    assert!(!links.shows("Early", "early").await?);
    MyLinks::open(&here, &origin).await?;
    links.is("Early", "Opened ").await?;
    assert!(!links.shows("Early", "early").await?, "it stays so");
    here.is_quiet(&origin).await
}

pub(crate) async fn a_link_that_ends_under_ones_eyes_says_so(engine: Engine) -> Result<()> {
    let clock = Clock::start()?;
    let deployment = Deployment::with(engine, &[], Some(&clock)).await?;
    let origin = deployment.origin();
    let browser = Browser::start().await?;
    let sender = Sender::open(&browser, &origin).await?;
    send(&sender, "Ending", "1 hour").await?;
    clock.forward(HOUR - Duration::from_secs(20))?;
    // The server's date follows its clock within half a second.
    let before = until("the last minute", async || {
        let links = MyLinks::open(&browser, &origin).await?;
        links.rows("Waiting").await?;
        let detail = links.slot("Ending", "detail").await?;
        Ok((!detail.contains("min")).then_some(detail))
    })
    .await?;
    let links = MyLinks::at(&browser);
    until("the countdown to go on", async || {
        Ok((links.slot("Ending", "detail").await? != before).then_some(()))
    })
    .await?;
    // Nobody touches the page.
    within(Duration::from_secs(60), "the end", async || {
        let state = links.slot("Ending", "state").await?;
        Ok(state.starts_with("Expired ").then_some(()))
    })
    .await?;
    browser.is_quiet(&origin).await
}

pub(crate) async fn a_server_that_is_away_hides_no_title(engine: Engine) -> Result<()> {
    let mut deployment = Deployment::start(engine).await?;
    let origin = deployment.origin();
    let browser = Browser::start().await?;
    let sender = Sender::open(&browser, &origin).await?;
    sender.send_note("Still here", "text").await?;
    sender.done().await?;
    let links = MyLinks::open(&browser, &origin).await?;
    links.rows("Waiting").await?;
    deployment.server.stop()?;
    links.press("Still here", "revoke").await?;
    links.confirm().await?;
    links.said("was not revoked").await?;
    browser.wait_for("#offline").await?;
    links.rows("Waiting").await?;
    deployment.server.restart()?;
    browser.click("#again").await?;
    until("the server", async || Ok((!browser.shows("#offline").await?).then_some(()))).await?;
    links.press("Still here", "revoke").await?;
    links.confirm().await?;
    links.rows("Revoked ").await.map(|_| ())
}
