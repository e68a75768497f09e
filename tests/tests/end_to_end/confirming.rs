//! Confirming who one is, in the dialog and at the mail's page, with a real mail server.

use anyhow::Result;
use std::time::Duration;
use waxseal_tests::{
    browser::{Browser, Key},
    clock::Clock,
    confirmer::{
        ANN, Confirmer, ask, ask_again, deployment, deployment_by, ended, link, number, submit,
        wrong,
    },
    deployment::Deployment,
    owner::MyLinks,
    recipient::Recipient,
    sender::Sender,
    server::Engine,
    wait::until,
};

const TEXT: &str = "document.querySelector('#fields textarea').value";

pub(crate) async fn a_number_typed_on_another_device_gets_the_link(engine: Engine) -> Result<()> {
    let (deployment, smtp) = deployment(engine, &[]).await?;
    let origin = deployment.origin();
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    let sender = Sender::open(&here, &origin).await?;
    submit(&here, "Confirmed", "only once").await?;
    assert!(!here.shows("#stay").await?, "each share is confirmed here");
    assert_eq!(sender.kept_links().await?, 0, "it is no link yet");
    let number = ask(&here, ANN).await?;
    let spoken = here.text("#number-spoken").await?;
    assert_eq!(spoken, format!("Number {} {}", &number[..1], &number[1..]));

    let mail = smtp.mail(0).await?;
    let confirmer = Confirmer::open(&there, &link(&mail, &origin)?, "asking").await?;
    let loaded =
        "performance.getEntriesByType('resource').map(each => new URL(each.name).pathname)";
    let loaded: Vec<String> = serde_json::from_value(there.value(loaded).await?)?;
    let foreign: Vec<_> = loaded.iter().filter(|path| !path.starts_with("/assets/")).collect();
    assert!(!loaded.is_empty() && foreign.is_empty(), "loading asks nothing: {loaded:?}");
    confirmer.confirm(&number).await?;
    confirmer.is_at("confirmed").await?;

    let link = sender.link().await?;
    here.wait_for("#qr svg").await?;
    sender.done().await?;
    MyLinks::open(&here, &origin).await?.is("Confirmed", "Waiting").await?;
    let recipient = Recipient::open(&there, &link, "landing").await?;
    recipient.view_item().await?;
    assert_eq!(recipient.shown(0).await?, "only once");
    here.is_quiet(&origin).await?;
    there.is_quiet(&origin).await
}

pub(crate) async fn three_wrong_numbers_end_it_and_what_was_written_stays(
    engine: Engine,
) -> Result<()> {
    let (deployment, smtp) = deployment(engine, &[]).await?;
    let origin = deployment.origin();
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    let sender = Sender::open(&here, &origin).await?;
    submit(&here, "Guessed", "not lost").await?;
    let number = ask(&here, ANN).await?;
    let mail = link(&smtp.mail(0).await?, &origin)?;
    let confirmer = Confirmer::open(&there, &mail, "asking").await?;
    for nothing in ["", "4", "4a"] {
        confirmer.is_refused(nothing, "two digits").await?;
    }
    let wrong = wrong(&number);
    confirmer.is_refused(wrong, "2 tries left").await?;
    confirmer.is_refused(wrong, "refused before").await?;
    assert_eq!(deployment.proxy.count("POST /api/confirmations"), 1);
    // A new mail does not forget wrong numbers.
    let number = ask_again(&here).await?;
    let mail = link(&smtp.mail(1).await?, &origin)?;
    let confirmer = Confirmer::open(&there, &mail, "asking").await?;
    confirmer.is_refused(self::wrong(&number), "One try left").await?;
    let other = if number == "11" { "22" } else { "11" };
    confirmer.confirm(other).await?;
    confirmer.is_at("burned").await?;
    let said = ended(&here).await?;
    assert!(said.starts_with("A wrong number was typed three times"), "{said}");
    assert_eq!(here.value(TEXT).await?, "not lost");

    // The right number comes too late; sharing again works.
    let confirmer = Confirmer::open(&there, &mail, "asking").await?;
    confirmer.confirm(&number).await?;
    confirmer.is_at("burned").await?;
    sender.begin().await?;
    here.wait_for("#address").await?;
    let number = ask(&here, ANN).await?;
    let mail = link(&smtp.mail(2).await?, &origin)?;
    let confirmer = Confirmer::open(&there, &mail, "asking").await?;
    confirmer.confirm(&number).await?;
    Recipient::open(&there, &sender.link().await?, "landing").await?;
    Ok(())
}

pub(crate) async fn whoever_says_this_was_not_me_ends_it(engine: Engine) -> Result<()> {
    let (deployment, smtp) = deployment(engine, &[]).await?;
    let origin = deployment.origin();
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    Sender::open(&here, &origin).await?;
    submit(&here, "Not Ann's", "not lost").await?;
    let number = ask(&here, ANN).await?;
    let mail = link(&smtp.mail(0).await?, &origin)?;
    let confirmer = Confirmer::open(&there, &mail, "asking").await?;
    there.click("#deny").await?;
    confirmer.is_at("denying").await?;
    there.click("#deny-no").await?;
    confirmer.is_at("asking").await?;
    assert_eq!(deployment.proxy.count("POST /api/confirmations"), 0);
    confirmer.deny().await?;
    confirmer.is_at("denied").await?;
    let said = ended(&here).await?;
    assert!(said.contains("This wasn’t me"), "{said}");
    assert_eq!(here.value(TEXT).await?, "not lost");
    let confirmer = Confirmer::open(&there, &mail, "asking").await?;
    confirmer.confirm(&number).await?;
    confirmer.is_at("cancelled").await?;
    there.is_quiet(&origin).await
}

pub(crate) async fn only_the_newest_mail_counts(engine: Engine) -> Result<()> {
    let (deployment, smtp) = deployment(engine, &[]).await?;
    let origin = deployment.origin();
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    let sender = Sender::open(&here, &origin).await?;
    submit(&here, "Twice", "text").await?;
    let first = ask(&here, ANN).await?;
    let void = link(&smtp.mail(0).await?, &origin)?;
    // While no answer tells which number counts, none is shown.
    let cut = deployment.proxy.cut("POST /api/shares/");
    here.click("#send-again").await?;
    here.wait_for("#waiting-offline").await?;
    assert_eq!(here.text("#number").await?, "··");
    assert_eq!(here.text("#number-spoken").await?, "");
    drop(cut);
    let second = number(&here, "Another mail").await?;
    let valid = link(&smtp.mail(1).await?, &origin)?;
    for digits in [&first, &second] {
        let confirmer = Confirmer::open(&there, &void, "asking").await?;
        confirmer.confirm(digits).await?;
        confirmer.is_at("unknown").await?;
    }
    let confirmer = Confirmer::open(&there, &valid, "asking").await?;
    // A lost answer: the same again is the same.
    let lost = deployment.proxy.lose_replies("POST /api/confirmations");
    confirmer.is_refused(&second, "did not answer").await?;
    drop(lost);
    confirmer.confirm(&second).await?;
    confirmer.is_at("confirmed").await?;
    let shared = sender.link().await?;
    Recipient::open(&there, &shared, "landing").await?.view_item().await?;
    let confirmer = Confirmer::open(&there, &valid, "asking").await?;
    confirmer.confirm(&second).await?;
    confirmer.is_at("before").await
}

/// Presses all there is, as scripts can, in every screen and face.
const SCANNER: &str = "for (const hidden of document.querySelectorAll('[hidden]')) hidden.hidden = false; \
    for (const input of document.querySelectorAll('input')) { input.value = arguments[0]; \
        input.dispatchEvent(new Event('input', { bubbles: true })); } \
    for (const each of document.querySelectorAll('button, a, input, [role=button]')) { \
        if (each.id === 'theme' || each.matches('a')) continue; \
        each.click(); \
        each.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true })); \
        for (const type of ['keydown', 'keypress', 'keyup']) \
            each.dispatchEvent(new KeyboardEvent(type, { key: 'Enter', bubbles: true })); } \
    for (const form of document.querySelectorAll('form')) { \
        form.requestSubmit(); \
        form.dispatchEvent(new SubmitEvent('submit', { bubbles: true, cancelable: true })); \
        try { form.submit(); } catch {} }";

pub(crate) async fn a_scanner_that_presses_everything_confirms_nothing(
    engine: Engine,
) -> Result<()> {
    let (deployment, smtp) = deployment(engine, &[]).await?;
    let origin = deployment.origin();
    let (here, scanner) = tokio::try_join!(Browser::start(), Browser::start())?;
    let sender = Sender::open(&here, &origin).await?;
    submit(&here, "Scanned", "text").await?;
    let number = ask(&here, ANN).await?;
    let mail = link(&smtp.mail(0).await?, &origin)?;
    // It even knows the number.
    for address in [mail.clone(), mail.replace('#', "%23")] {
        Confirmer::open(&scanner, &address, "asking").await?;
        scanner.execute(SCANNER, vec![number.as_str().into()]).await?;
        scanner.refresh().await?;
        Recipient::at(&scanner).is_at("asking").await?;
    }
    assert_eq!(deployment.proxy.count("POST /api/confirmations"), 0);
    assert!(here.shows("#number").await?);
    // A person does.
    let confirmer = Confirmer::open(&scanner, &mail, "asking").await?;
    confirmer.confirm(&number).await?;
    confirmer.is_at("confirmed").await?;
    sender.link().await?;
    Ok(())
}

pub(crate) async fn a_session_shares_further_links_without_a_mail(engine: Engine) -> Result<()> {
    let (deployment, smtp) = deployment(engine, &["--identity-session=8h"]).await?;
    let origin = deployment.origin();
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    let sender = Sender::open(&here, &origin).await?;
    submit(&here, "First", "text").await?;
    assert!(here.text("#stay-words").await?.ends_with("in this browser for 8 hours"));
    here.click("#stay").await?;
    let number = ask(&here, ANN).await?;
    let mail = link(&smtp.mail(0).await?, &origin)?;
    Confirmer::open(&there, &mail, "asking").await?.confirm(&number).await?;
    sender.link().await?;
    sender.done().await?;
    for title in ["Second", "Third"] {
        sender.send_note(title, "text").await?;
        sender.done().await?;
    }
    assert_eq!(sender.kept_links().await?, 3);
    assert_eq!(smtp.mails()?.len(), 1);
    // Whoever else comes confirms.
    Sender::open(&there, &origin).await?;
    submit(&there, "Another's", "text").await
}

pub(crate) async fn waiting_goes_on_after_an_outage(engine: Engine) -> Result<()> {
    let (mut deployment, smtp) = deployment(engine, &[]).await?;
    let origin = deployment.origin();
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    let sender = Sender::open(&here, &origin).await?;
    submit(&here, "Patient", "text").await?;
    let cut = deployment.proxy.cut("/confirmation ");
    here.write("#address", ANN).await?;
    here.click("#send-mail").await?;
    here.wait_for("#identity-offline").await?;
    drop(cut);
    here.wait_for("#number").await?;
    let number = here.text("#number").await?;
    let mail = link(&smtp.mail(0).await?, &origin)?;
    deployment.server.kill();
    here.wait_for("#waiting-offline").await?;
    assert_eq!(here.text("#number").await?, number, "it still counts");
    deployment.server.restart()?;
    until("the connection", async || Ok((!here.shows("#waiting-offline").await?).then_some(())))
        .await?;
    Confirmer::open(&there, &mail, "asking").await?.confirm(&number).await?;
    let shared = sender.link().await?;
    Recipient::open(&there, &shared, "landing").await?;
    Ok(())
}

pub(crate) async fn cancelling_takes_the_share_back(engine: Engine) -> Result<()> {
    let (deployment, smtp) = deployment(engine, &[]).await?;
    let origin = deployment.origin();
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    let sender = Sender::open(&here, &origin).await?;
    submit(&here, "Cancelled", "not lost").await?;
    here.write("#address", "no address").await?;
    here.press(Key::Enter).await?;
    here.wait_for("#address-error:not(:empty)").await?;
    here.press(Key::Escape).await?;
    assert!(here.shows("#address").await?, "Escape does not lose it");
    let number = ask(&here, ANN).await?;
    here.click("#waiting-cancel").await?;
    here.wait_for("#options-note:not(:empty)").await?;
    assert_eq!(here.value(TEXT).await?, "not lost");
    let first = link(&smtp.mail(0).await?, &origin)?;
    gone(&deployment, 1).await?;
    let confirmer = Confirmer::open(&there, &first, "asking").await?;
    confirmer.confirm(&number).await?;
    confirmer.is_at("cancelled").await?;

    // So does leaving the page: its key was nowhere else.
    sender.begin().await?;
    here.wait_for("#address").await?;
    assert_eq!(here.value("document.querySelector('#address').value").await?, ANN);
    let number = ask(&here, ANN).await?;
    let second = link(&smtp.mail(1).await?, &origin)?;
    here.goto("about:blank").await?;
    gone(&deployment, 2).await?;
    let confirmer = Confirmer::open(&there, &second, "asking").await?;
    confirmer.confirm(&number).await?;
    confirmer.is_at("cancelled").await
}

/// Waits till the server has taken so many shares back.
async fn gone(deployment: &Deployment, count: usize) -> Result<()> {
    until("the end of the share", async || {
        let logs = String::from_utf8(deployment.server.logs())?;
        Ok((logs.matches("\"method\":\"DELETE\"").count() == count).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_ten_minutes_it_is_too_late() -> Result<()> {
    let clock = Clock::start()?;
    let (deployment, smtp) = deployment_by(Engine::Sqlite, &[], Some(&clock)).await?;
    let origin = deployment.origin();
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    Sender::open(&here, &origin).await?;
    submit(&here, "Late", "not lost").await?;
    let number = ask(&here, ANN).await?;
    let mail = link(&smtp.mail(0).await?, &origin)?;
    let confirmer = Confirmer::open(&there, &mail, "asking").await?;
    clock.forward(Duration::from_secs(11 * 60))?;
    confirmer.confirm(&number).await?;
    confirmer.is_at("late").await?;
    let said = ended(&here).await?;
    assert!(said.starts_with("Nobody confirmed in time"), "{said}");
    assert_eq!(here.value(TEXT).await?, "not lost");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_link_asks_nothing() -> Result<()> {
    let (deployment, _smtp) = deployment(Engine::Sqlite, &[]).await?;
    let (origin, browser) = (deployment.origin(), Browser::start().await?);
    for end in ["", "#", "#AAAA", "%23AAAA", "#AAAA?x=y"] {
        Confirmer::open(&browser, &format!("{origin}/confirm{end}"), "damaged").await?;
    }
    assert_eq!(deployment.proxy.count("/api/"), 0);
    let nothing = format!("{origin}/confirm#{}", "A".repeat(64));
    let confirmer = Confirmer::open(&browser, &nothing, "asking").await?;
    assert!(confirmer.says().await?.contains(origin.trim_start_matches("http://")));
    confirmer.confirm("42").await?;
    confirmer.is_at("unknown").await?;
    Confirmer::open(&browser, &nothing, "asking").await?.deny().await?;
    confirmer.is_at("unknown").await?;
    browser.is_quiet(&origin).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_item_with_attachments_is_confirmed_too() -> Result<()> {
    let (deployment, smtp) = deployment(Engine::Sqlite, &[]).await?;
    let origin = deployment.origin();
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("three parts.bin");
    std::fs::write(&file, vec![7; 2_500_000])?;
    let sender = Sender::open(&here, &origin).await?;
    sender.attach(&[&file]).await?;
    sender.attachments(1).await?;
    sender.share().await?;
    sender.begin().await?;
    here.wait_for("#address").await?;
    let number = ask(&here, ANN).await?;
    let mail = smtp.mail(0).await?;
    Confirmer::open(&there, &link(&mail, &origin)?, "asking").await?.confirm(&number).await?;
    let shared = sender.link().await?;
    let kept = sender.newest_link().await?;
    assert_eq!(kept.id, mail.link()?.1.id);
    let recipient = Recipient::open(&there, &shared, "landing").await?;
    recipient.view_item().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_an_application_vouches_the_page_says_so() -> Result<()> {
    let secret = tempfile::NamedTempFile::new()?;
    std::fs::write(secret.path(), "0123456789abcdef0123456789abcdef")?;
    let file = format!("--identity-grant-secret-file={}", secret.path().display());
    let flags = ["--identity-mode=grant", "--identity-grant-audience=waxseal", &file];
    let deployment = Deployment::with(Engine::Sqlite, &flags, None).await?;
    let browser = Browser::start().await?;
    browser.goto(&deployment.origin()).await?;
    browser.wait_for("#elsewhere").await?;
    assert!(browser.shows("#share:disabled").await?);
    browser.is_quiet(&deployment.origin()).await
}
