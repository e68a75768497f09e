//! Outages: nothing is used up, and everything goes on by itself afterwards.

use anyhow::{Context, Result};
use getrandom::SysRng;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::task::JoinSet;
use waxseal_core::{token::ClaimToken, wire::ProblemType};
use waxseal_tests::{
    api::Answer,
    browser::Browser,
    deployment::Deployment,
    recipient::Recipient,
    sender::Sender,
    server::{Engine, Server},
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
    // Before or after the dialog has got all it needs.
    deployment.server.stop()?;
    browser.click("#get-link").await?;
    browser.wait_for("#options-error:not(:empty)").await?;
    let said = browser.text("#options-error").await?;
    assert!(said.ends_with("try again."), "{said}");
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
async fn a_crash_of_redis_among_claims_loses_none() -> Result<()> {
    let mut deployment = Deployment::start(Engine::Redis).await?;
    let claims = claim_and_crash(&mut deployment, |server| server.redis().kill()).await?;
    for Claimed { answer, .. } in &claims {
        let answer = answer.as_ref().context("the server itself did not crash")?;
        assert!(answer.status == 200 || answer.status == 503, "{answer:?}");
        assert_eq!(answer.status == 503, answer.headers.contains_key("retry-after"));
    }
    deployment.server.redis().restart().await?;
    none_is_lost(&deployment, &claims).await
}

pub(crate) async fn a_crash_of_the_server_among_claims_loses_none(engine: Engine) -> Result<()> {
    let mut deployment = Deployment::start(engine).await?;
    let claims = claim_and_crash(&mut deployment, Server::kill).await?;
    deployment.server.restart()?;
    none_is_lost(&deployment, &claims).await
}

/// A share, the claim made on it, and its answer if there was one.
struct Claimed {
    share: Share,
    claim: ClaimToken,
    answer: Option<Answer>,
}

/// Claims many shares, many at a time; `crash` happens when some are answered.
async fn claim_and_crash(
    deployment: &mut Deployment,
    crash: impl FnOnce(&mut Server),
) -> Result<Vec<Claimed>> {
    const SHARES: usize = 600;
    const AT_ONCE: usize = 50;
    let mut shares = Vec::new();
    for n in 0..SHARES {
        shares.push(deployment.note("Note", &format!("text {n}"), Terms::default()).await?);
    }
    let answered = Arc::new(AtomicUsize::new(0));
    let mut workers: JoinSet<Result<Vec<Claimed>>> = JoinSet::new();
    while !shares.is_empty() {
        let mine = shares.split_off(shares.len() - SHARES / AT_ONCE);
        let (api, answered) = (deployment.api.clone(), Arc::clone(&answered));
        workers.spawn(async move {
            let mut claims = Vec::new();
            for share in mine {
                let claim = ClaimToken::generate(&mut SysRng)?;
                let answer = api.claim(&share, &claim, None).await.ok();
                answered.fetch_add(1, Ordering::SeqCst);
                claims.push(Claimed { share, claim, answer });
            }
            Ok(claims)
        });
    }
    until("some answers", async || {
        Ok((answered.load(Ordering::SeqCst) >= SHARES / 10).then_some(()))
    })
    .await?;
    crash(&mut deployment.server);
    let mut claims = Vec::new();
    for mine in workers.join_all().await {
        claims.extend(mine?);
    }
    let opened = claims.iter().filter(|claimed| claimed.was_opened()).count();
    assert!((1..SHARES).contains(&opened), "{opened} of {SHARES} before the crash");
    Ok(claims)
}

impl Claimed {
    fn was_opened(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| answer.status == 200)
    }
}

/// Whether each claim, answered before the crash or not, gets its share now, and nobody else does.
async fn none_is_lost(deployment: &Deployment, claims: &[Claimed]) -> Result<()> {
    let other = ClaimToken::generate(&mut SysRng)?;
    for claimed in claims {
        let Claimed { share, claim, .. } = claimed;
        if claimed.was_opened() {
            let refused = deployment.api.claim(share, &other, None).await?;
            assert_eq!(refused.problem()?.kind, ProblemType::ShareOver);
        }
        let answer = deployment.api.claim(share, claim, None).await?;
        assert_eq!((answer.status.as_u16(), &*answer.body), (200, share.ciphertext()));
        assert_eq!(deployment.api.status(share).await?.opened_at.len(), 1);
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
