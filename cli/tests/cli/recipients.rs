//! Opening, and every way in which that can fail.

use crate::support::{User, start};
use anyhow::{Context, Result};
use waxseal_tests::{server::Engine, share::Terms, wait::until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_end_of_a_share_has_its_own_code() -> Result<()> {
    let (deployment, user) = start().await?;
    let link = user.send(&["--text", "once"])?;
    assert_eq!(user.run(&["open", &link])?.ok()?, "once\n");
    let done = user.run(&["open", &link])?;
    assert_eq!((done.code, done.err.contains("already opened on 20")), (Some(6), true), "{done:?}");

    let link = user.send(&["--text", "x", "--label", "mine"])?;
    user.run(&["revoke", "mine"])?.ok()?;
    let done = user.run(&["open", &link])?;
    assert_eq!((done.code, done.err.contains("took it back")), (Some(8), true), "{done:?}");

    let unknown = waxseal_tests::share::Share::note("", "", Terms::default())?;
    assert_eq!(user.run(&["open", &unknown.link(&deployment.origin())])?.code, Some(10));
    let cut = &link[..link.len() - 1];
    let before = deployment.proxy.requests().len();
    for damaged in [cut, "https://example.org/s", "#", "", "nonsense"] {
        assert_eq!(user.run(&["open", damaged])?.code, Some(3), "{damaged}");
    }
    assert_eq!(deployment.proxy.requests().len(), before);
    assert_eq!(std::fs::read_dir(user.openings())?.count(), 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_share_says_when() -> Result<()> {
    let clock = waxseal_tests::clock::Clock::start()?;
    let deployment =
        waxseal_tests::deployment::Deployment::with(Engine::Sqlite, &[], Some(&clock)).await?;
    let user = User::of(&deployment.origin())?;
    let link = user.send(&["--text", "x", "--expires", "1h"])?;
    clock.forward(std::time::Duration::from_secs(3601))?;
    let done = user.run(&["open", &link])?;
    assert_eq!((done.code, done.err.contains("expired on 20")), (Some(7), true), "{done:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_passphrases_are_counted_and_the_tenth_burns() -> Result<()> {
    let (_deployment, user) = start().await?;
    let send = ["send", "--text", "locked", "-p", "--label", "locked"];
    let link = user.run_with("right horse", &send)?.ok()?;
    let link = link.trim();
    let done = user.run(&["open", link])?;
    assert_eq!((done.code, done.err.contains("nothing was used up")), (Some(11), true), "{done:?}");
    for left in (1..10).rev() {
        let done = user.run_with(&format!("wrong {left}"), &["open", "--json", link])?;
        assert_eq!(done.code, Some(11), "{done:?}");
        let said: serde_json::Value = serde_json::from_str(&done.out)?;
        assert_eq!(said["error"]["tries_left"], left);
    }
    assert_eq!(user.run_with("right horse", &["open", link])?.ok()?, "locked\n");

    let link = user.run_with("right horse", &send)?.ok()?;
    for left in (0..10).rev() {
        let done = user.run_with(&format!("wrong {left}"), &["open", link.trim()])?;
        assert_eq!(done.code, Some(if left == 0 { 9 } else { 11 }), "{done:?}");
    }
    assert_eq!(user.run_with("right horse", &["open", link.trim()])?.code, Some(9));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_generated_passphrase_and_one_in_a_file_open() -> Result<()> {
    let (_deployment, user) = start().await?;
    let sent = user.run(&["--json", "send", "--text", "x", "--generate-passphrase"])?.json()?;
    user.file("secret", format!("{}\n", sent["passphrase"].as_str().context("one")?).as_bytes())?;
    let link = sent["link"].as_str().context("a link")?;
    assert_eq!(user.run(&["open", link, "--passphrase-file", "secret"])?.ok()?, "x\n");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_to_a_wrong_passphrase_costs_one_try() -> Result<()> {
    let (deployment, user) = start().await?;
    let share = deployment.note("", "x", Terms { passphrase: "right", ..Terms::default() }).await?;
    let link = share.link(&deployment.origin());
    let lost = deployment.proxy.lose_replies("/claims");
    let child = user.command(&["open", &link]).env("WAXSEAL_PASSPHRASE", "wrong").spawn()?;
    until("a claim", async || Ok((deployment.proxy.count("/claims") > 0).then_some(()))).await?;
    drop(lost);
    let done = crate::support::done(child)?;
    assert_eq!((done.code, done.err.contains("tries left: 9")), (Some(11), true), "{done:?}");
    assert_eq!(deployment.api.status(&share).await?.failed_passphrases, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_whose_answer_never_came_is_asked_for_again() -> Result<()> {
    let (deployment, user) = start().await?;
    let share = deployment.note("", "kept", Terms::default()).await?;
    let link = share.link(&deployment.origin());
    let lost = deployment.proxy.lose_replies("/claims");
    let done = user.run(&["--retry-for", "0s", "open", &link])?;
    assert_eq!((done.code, done.err.contains("carries on")), (Some(5), true), "{done:?}");
    drop(lost);
    assert_eq!(deployment.api.status(&share).await?.opened_at.len(), 1);
    assert_eq!(user.run(&["open", &link])?.ok()?, "kept\n");
    assert_eq!(deployment.api.status(&share).await?.opened_at.len(), 1);
    assert_eq!(user.run(&["open", &link])?.code, Some(6));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreachable_server_uses_nothing_up() -> Result<()> {
    let (mut deployment, user) = start().await?;
    let link = user.send(&["--text", "x"])?;
    deployment.server.stop()?;
    let done = user.run(&["--retry-for", "0s", "open", &link])?;
    assert_eq!((done.code, done.err.contains("nothing was used up")), (Some(4), true), "{done:?}");
    deployment.server.restart()?;
    assert_eq!(user.run(&["open", &link])?.ok()?, "x\n");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_standard_output_does_not_take_is_not_acknowledged() -> Result<()> {
    let (deployment, user) = start().await?;
    let link = user.send(&["--text", "not lost"])?;
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full")?;
    let done = crate::support::done(user.command(&["open", &link]).stdout(full).spawn()?)?;
    assert_eq!((done.code, done.err.contains("carries on")), (Some(13), true), "{done:?}");
    assert_eq!(deployment.proxy.count("/ack"), 0);
    assert_eq!(user.run(&["open", &link])?.ok()?, "not lost\n");
    assert_eq!(deployment.proxy.count("/ack"), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_from_standard_input_and_one_that_was_rewritten_open() -> Result<()> {
    let (_deployment, user) = start().await?;
    let link = user.send(&["--text", "x"])?;
    assert_eq!(user.run_on(format!("{link}\n").as_bytes(), &["open", "-"])?.ok()?, "x\n");
    let link = user.send(&["--text", "x"])?.replace('#', "%23");
    let done = user.run(&["open", &link])?;
    assert!(done.err.contains("rewrote this link"), "{done:?}");
    assert_eq!(done.ok()?, "x\n");
    Ok(())
}
