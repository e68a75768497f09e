//! Outages: nothing is used up, and everything goes on by itself afterwards.

use anyhow::{Context, Result};
use getrandom::SysRng;
use waxseal_core::{token::ClaimToken, wire::ProblemType};
use waxseal_tests::{
    browser::Browser,
    deployment::Deployment,
    recipient::Recipient,
    sender::Sender,
    server::Engine,
    share::{Share, Terms},
    wait::until,
};

pub(crate) async fn a_server_that_is_away_before_the_landing_uses_nothing_up(
    engine: Engine,
) -> Result<()> {
    let mut deployment = Deployment::start(engine).await?;
    let browser = Browser::start().await?;
    let share = deployment.note("Note", "text", Terms::default()).await?;
    let held = deployment.proxy.hold("GET /api/shares/");
    let recipient =
        Recipient::open(&browser, &share.link(&deployment.origin()), "starting").await?;
    until("the landing's request", async || Ok((held.met() > 0).then_some(()))).await?;
    deployment.server.stop()?;
    drop(held);
    recipient.is_at("unreachable").await?;
    assert_eq!(recipient.heading().await?, "The server cannot be reached");
    assert!(browser.text("[data-screen=unreachable]").await?.contains("Nothing was used up"));
    recipient.try_again().await?;
    recipient.is_at("unreachable").await?;
    deployment.server.restart()?;
    recipient.try_again().await?;
    recipient.is_at("landing").await?;
    recipient.view_item().await?;
    assert_eq!(recipient.shown(0).await?, "text");
    Ok(())
}

pub(crate) async fn what_was_written_survives_a_server_that_is_away(engine: Engine) -> Result<()> {
    let mut deployment = Deployment::start(engine).await?;
    let browser = Browser::start().await?;
    let sender = Sender::open(&browser, &deployment.origin()).await?;
    sender.title("Kept").await?;
    sender.write(0, "not lost").await?;
    sender.share().await?;
    deployment.server.stop()?;
    browser.click("#get-link").await?;
    browser.wait_for("#options-error:not(:empty)").await?;
    let said = browser.text("#options-error").await?;
    assert!(said.starts_with("The server cannot be reached."), "{said}");
    deployment.server.restart()?;
    let link = sender.get_link().await?;
    let recipient = Recipient::open(&browser, &link, "landing").await?;
    recipient.view_item().await?;
    assert_eq!(recipient.shown(0).await?, "not lost");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_may_stop_and_come_back_under_a_running_server() -> Result<()> {
    let mut deployment = Deployment::start(Engine::Redis).await?;
    let browser = Browser::start().await?;
    let share = deployment.note("Note", "text", Terms::default()).await?;
    let link = share.link(&deployment.origin());
    deployment.server.redis().stop()?;
    let recipient = Recipient::open(&browser, &link, "unreachable").await?;
    let answer = deployment.api.landing(&share).await?;
    assert_eq!(answer.status, 503);
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(answer.problem()?.kind, ProblemType::Unavailable);

    deployment.server.redis().restart().await?;
    recipient.try_again().await?;
    recipient.is_at("landing").await?;
    deployment.server.redis().stop()?;
    recipient.view().await?;
    recipient.is_at("uncertain").await?;
    deployment.server.redis().restart().await?;
    recipient.try_again().await?;
    recipient.is_at("landing").await?;
    recipient.view_item().await?;
    assert_eq!(recipient.shown(0).await?, "text");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_killed_among_claims_spends_at_most_what_was_answered() -> Result<()> {
    let mut deployment = Deployment::start(Engine::Redis).await?;
    let mut shares = Vec::new();
    for n in 0..200 {
        let share = Share::note("Note", &format!("text {n}"), Terms::default())?;
        deployment.put(&share).await?;
        shares.push((share, ClaimToken::generate(&mut SysRng)?));
    }
    let api = deployment.api.clone();
    let redis = deployment.server.redis();
    let mut statuses = Vec::new();
    for (n, (share, claim)) in shares.iter().enumerate() {
        if n == 100 {
            redis.kill();
        }
        let answer = api.claim(share, claim, None).await?;
        if answer.status == 503 {
            assert!(answer.headers.contains_key("retry-after"));
        } else {
            assert_eq!(answer.status, 200);
        }
        statuses.push(answer.status.as_u16());
    }
    assert_eq!(statuses[..100], [200; 100]);
    assert_eq!(statuses[100..], [503; 100]);
    redis.restart().await?;
    let other = ClaimToken::generate(&mut SysRng)?;
    for (n, (share, claim)) in shares.iter().enumerate() {
        if n < 100 {
            // Spent, and durably so; its own claim may ask again.
            assert_eq!(api.claim(share, &other, None).await?.status, 410);
        }
        let answer = api.claim(share, claim, None).await?;
        assert_eq!(answer.status, 200, "share {n}");
        assert_eq!(answer.body, share.ciphertext());
    }
    Ok(())
}

pub(crate) async fn a_killed_server_forgets_nothing(engine: Engine) -> Result<()> {
    let mut deployment = Deployment::start(engine).await?;
    let untouched = deployment.note("Note", "untouched", Terms::default()).await?;
    let asked = deployment.note("Note", "asked for", Terms::default()).await?;
    let done = deployment.note("Note", "done", Terms::default()).await?;
    let claim = ClaimToken::generate(&mut SysRng)?;
    let api = deployment.api.clone();
    for share in [&asked, &done] {
        assert_eq!(api.claim(share, &claim, None).await?.status, 200);
    }
    assert_eq!(api.acknowledge(&done, &claim).await?.status, 204);
    deployment.server.kill();
    deployment.server.restart()?;
    assert_eq!(api.landing(&untouched).await?.status, 200);
    assert_eq!(api.claim(&untouched, &claim, None).await?.body, untouched.ciphertext());
    assert_eq!(api.claim(&asked, &claim, None).await?.body, asked.ciphertext());
    let other = ClaimToken::generate(&mut SysRng)?;
    let refused = api.claim(&asked, &other, None).await?.problem()?;
    assert_eq!(refused.kind, ProblemType::ShareOver);
    refused.at.context("it says when")?;
    let over = api.claim(&done, &claim, None).await?.problem()?;
    assert_eq!(over.kind, ProblemType::ClaimOver);
    Ok(())
}
