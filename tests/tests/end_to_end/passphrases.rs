//! Passphrases: asked for, counted when wrong, never in the way of the right one.

use anyhow::Result;
use getrandom::SysRng;
use waxseal_core::{
    token::{ClaimToken, Proof},
    wire::ShareState,
};
use waxseal_tests::{
    browser::Browser, deployment::Deployment, recipient::Recipient, sender::Sender, server::Engine,
    share::Terms,
};

pub(crate) async fn wrong_passphrases_use_nothing_up_till_the_right_one(
    engine: Engine,
) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let origin = deployment.origin();
    let browser = Browser::start().await?;
    let sender = Sender::open(&browser, &origin).await?;
    sender.title("Guarded").await?;
    sender.write(0, "behind a passphrase").await?;
    sender.share().await?;
    sender.more().await?;
    // An é of one character here, of two when it is asked for.
    sender.passphrase("caf\u{e9} au lait").await?;
    let link = sender.get_link().await?;
    assert_eq!(browser.text("#result-passphrase-text").await?, "caf\u{e9} au lait");

    let recipient = Recipient::open(&browser, &link, "landing").await?;
    assert!(recipient.shows("passphrase-row").await?);
    recipient.view().await?;
    browser.wait_for("#passphrase-error:not(:empty)").await?;
    let empty = browser.text("#passphrase-error").await?;
    assert!(empty.starts_with("Enter the passphrase"), "{empty}");
    assert_eq!(deployment.proxy.count("/claims"), 0, "an empty one is not even asked");
    for left in [9, 8, 7] {
        let said = recipient.try_passphrase(&format!("cafe au lait {left}")).await?;
        assert!(said.contains(&format!("{left} tries left")), "{said}");
    }
    browser.refresh().await?;
    recipient.is_at("landing").await?;
    assert_eq!(browser.text("#passphrase-error").await?, "7 tries left.");
    recipient.view_with("cafe\u{301} au lait").await?;
    assert_eq!(recipient.shown(0).await?, "behind a passphrase");
    Recipient::open(&browser, &link, "opened").await?;
    browser.is_quiet(&origin).await
}

pub(crate) async fn the_tenth_wrong_passphrase_destroys_the_item(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let browser = Browser::start().await?;
    let terms = Terms { passphrase: "the right one", ..Terms::default() };
    let share = deployment.note("Guarded", "text", terms).await?;
    let link = share.link(&deployment.origin());
    let claim = ClaimToken::generate(&mut SysRng)?;
    for left in (2..10).rev() {
        let wrong = Proof::from_bytes([left; 32]);
        let problem = deployment.api.claim(&share, &claim, Some(wrong)).await?.problem()?;
        assert_eq!(problem.tries_left, Some(left.into()));
    }
    let recipient = Recipient::open(&browser, &link, "landing").await?;
    assert_eq!(browser.text("#passphrase-error").await?, "2 tries left.");
    let said = recipient.try_passphrase("a wrong one").await?;
    assert!(said.contains("One try left; a wrong one destroys the item."), "{said}");
    let status = deployment.api.status(&share).await?;
    assert_eq!((status.state, status.failed_passphrases), (ShareState::Live, 9));
    // The same again, as by a key held down, is not asked about.
    let said = recipient.try_passphrase("a wrong one").await?;
    assert!(said.contains("refused before"), "{said}");
    let status = deployment.api.status(&share).await?;
    assert_eq!((status.state, status.failed_passphrases), (ShareState::Live, 9));
    browser.write("#passphrase", "another wrong one").await?;
    recipient.view().await?;
    recipient.is_at("burned").await?;
    Recipient::open(&browser, &link, "burned").await?;
    let status = deployment.api.status(&share).await?;
    assert_eq!((status.state, status.opened_at.len()), (ShareState::Burned, 0));
    browser.is_quiet(&deployment.origin()).await
}
