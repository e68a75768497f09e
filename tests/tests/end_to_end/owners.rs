//! What an owner decides: for how long, and that it is over.

use anyhow::{Context, Result};
use std::time::Duration;
use waxseal_tests::{
    browser::Browser,
    clock::Clock,
    deployment::Deployment,
    owner::MyLinks,
    recipient::Recipient,
    sender::Sender,
    server::{Engine, Store},
    share::Terms,
    wait::until,
};

const EXPIRIES: [(&str, u64); 5] = [
    ("1 hour", 3600),
    ("12 hours", 12 * 3600),
    ("1 day", 24 * 3600),
    ("5 days", 5 * 24 * 3600),
    ("30 days", 30 * 24 * 3600),
];

/// How far what is measured may be from what was chosen.
const TOLERANCE: Duration = Duration::from_secs(5);

pub(crate) async fn every_expiry_reaches_the_store(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let browser = Browser::start().await?;
    let sender = Sender::open(&browser, &deployment.origin()).await?;
    for (words, seconds) in EXPIRIES {
        sender.write(0, "text").await?;
        sender.share().await?;
        sender.expires_in(words).await?;
        sender.get_link().await?;
        let left = match deployment.server.store() {
            Store::Redis(redis) => content_ttls(&mut redis.connection()?, 1)?,
            Store::Sqlite(_) => vec![shown_expiry(&deployment, &sender).await?],
        };
        let chosen = Duration::from_secs(seconds);
        let near = |left: &Duration| *left <= chosen + TOLERANCE && chosen <= *left + TOLERANCE;
        assert!(!left.is_empty() && left.iter().all(near), "{words}: {left:?}");
        if let Store::Redis(redis) = deployment.server.store() {
            ::redis::cmd("FLUSHALL").exec(&mut redis.connection()?)?;
        }
        sender.done().await?;
    }
    browser.is_quiet(&deployment.origin()).await
}

/// The times to live of the seals and parts of `shares` shares, every one of which must have both; no
/// key may be without one.
fn content_ttls(redis: &mut ::redis::Connection, shares: usize) -> Result<Vec<Duration>> {
    let keys: Vec<String> = ::redis::cmd("KEYS").arg("*").query(redis)?;
    let mut ttls = Vec::new();
    for key in keys {
        assert!(key.starts_with("waxseal:{"), "{key}");
        let ttl: i64 = ::redis::cmd("PTTL").arg(&key).query(redis)?;
        let ttl = Duration::from_millis(u64::try_from(ttl).with_context(|| key.clone())?);
        if key.ends_with(":seal") || key.contains(":part:") {
            ttls.push(ttl);
        }
    }
    assert_eq!(ttls.len(), 2 * shares, "a seal and a part a share");
    Ok(ttls)
}

/// How long the newest link still holds, as the server says to the owner.
async fn shown_expiry(deployment: &Deployment, sender: &Sender<'_>) -> Result<Duration> {
    let status = deployment.api.status_of(&sender.newest_link().await?).await?;
    let expires_at = status.expires_at.context("it is published")?;
    Ok(expires_at.since(status.created_at))
}

pub(crate) async fn an_expired_link_says_when_it_expired(engine: Engine) -> Result<()> {
    let clock = Clock::start()?;
    let deployment = Deployment::with(engine, &[], Some(&clock)).await?;
    let browser = Browser::start().await?;
    let share = deployment.note("Note", "text", Terms::default()).await?;
    let link = share.link(&deployment.origin());
    clock.forward(Duration::from_secs(24 * 3600 - 60))?;
    Recipient::open(&browser, &link, "landing").await?;
    clock.forward(Duration::from_secs(120))?;
    let recipient = Recipient::open(&browser, &link, "expired").await?;
    assert!(recipient.heading().await?.starts_with("This link expired on "));
    // The record outlives the content, but not for ever.
    clock.forward(Duration::from_secs(8 * 24 * 3600))?;
    Recipient::open(&browser, &link, "unknown").await?;
    assert_eq!(deployment.api.landing(&share).await?.status, 404);
    browser.is_quiet(&deployment.origin()).await
}

pub(crate) async fn an_item_that_expires_between_landing_and_click_is_not_shown(
    engine: Engine,
) -> Result<()> {
    let clock = Clock::start()?;
    let deployment = Deployment::with(engine, &[], Some(&clock)).await?;
    let browser = Browser::start().await?;
    let share = deployment.note("Note", "text", Terms::default()).await?;
    let link = share.link(&deployment.origin());
    let recipient = Recipient::open(&browser, &link, "landing").await?;
    clock.forward(Duration::from_secs(25 * 3600))?;
    recipient.view().await?;
    recipient.is_at("expired").await
}

pub(crate) async fn a_lapsed_place_cannot_be_resumed(engine: Engine) -> Result<()> {
    let clock = Clock::start()?;
    let deployment = Deployment::with(engine, &[], Some(&clock)).await?;
    let browser = Browser::start().await?;
    let share = deployment.note("Note", "text", Terms::default()).await?;
    let link = share.link(&deployment.origin());
    let recipient = Recipient::open(&browser, &link, "landing").await?;
    let lost = deployment.proxy.lose_replies("/claims");
    recipient.view().await?;
    recipient.is_at("uncertain").await?;
    drop(lost);
    clock.forward(Duration::from_secs(16 * 60))?;
    recipient.try_again().await?;
    recipient.is_at("landing").await?;
    recipient.view().await?;
    recipient.is_at("claim-over").await
}

pub(crate) async fn a_link_is_revoked_where_it_is_shown_and_in_the_list(
    engine: Engine,
) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let origin = deployment.origin();
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    let sender = Sender::open(&here, &origin).await?;
    let link = sender.send_note("At once", "text").await?;
    here.click("#revoke").await?;
    until("the dialog to close", async || Ok((!here.shows("#dialog").await?).then_some(())))
        .await?;
    assert_eq!(here.value("document.querySelector('#fields textarea').value").await?, "text");
    let recipient = Recipient::open(&there, &link, "revoked").await?;
    let heading = recipient.heading().await?;
    assert!(heading.starts_with("This was taken back on "), "{heading}");

    sender.share().await?;
    let link = sender.get_link().await?;
    sender.done().await?;
    let links = MyLinks::open(&here, &origin).await?;
    links.rows("Waiting").await?;
    let landed = Recipient::open(&there, &link, "landing").await?;
    links.press("At once", "revoke").await?;
    links.confirm().await?;
    links.rows("Revoked").await?;
    // Whoever was about to open it learns it too.
    landed.view().await?;
    landed.is_at("revoked").await?;
    here.is_quiet(&origin).await?;
    there.is_quiet(&origin).await
}
