//! Asking for a secret: from the note to the answer that is opened once.

use crate::{attachments_opened::NO_PICKERS, my_links_backup::saved, zero_knowledge::at_rest};
use anyhow::{Context, Result};
use getrandom::SysRng;
use http::Method;
use std::{collections::BTreeSet, time::Duration};
use waxseal_core::{
    body,
    keys::LinkKeys,
    request::{FoundRequest, Note, RequestKey, RequestLink},
    token::OwnerToken,
    wire::{CreateRequest, ExpiresIn, Views},
};
use waxseal_tests::{
    asker::{self, ask, choose, follow, get_link, send, write},
    attachments::noise,
    browser::Browser,
    clock::Clock,
    confirmer::{self, ANN, Confirmer},
    deployment::Deployment,
    owner::{MyLinks, kept_by},
    recipient::Recipient,
    search::Secrets,
    server::Engine,
    wait::until,
};

const HOUR: Duration = Duration::from_secs(3600);
const NOTE: &str = "The password of the staging database, please.\n<b>Thanks</b>";
const ROW: &str = "The password of the staging database, please.";

/// Waits till the answer to a request is among “My links”, and opens it.
async fn open_answer<'a>(browser: &'a Browser, origin: &str, label: &str) -> Result<Recipient<'a>> {
    let links = MyLinks::open(browser, origin).await?;
    links.is(label, "Answered ").await?;
    links.press(label, "open").await?;
    let recipient = Recipient::at(browser);
    recipient.is_at("landing").await?;
    Ok(recipient)
}

pub(crate) async fn what_was_asked_for_arrives_and_opens_once(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let origin = deployment.origin();
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    here.before_pages(NO_PICKERS).await?;
    write(&here, &origin, NOTE, "Dana").await?;
    choose(&here, "keeps", 3600).await?;
    let link = get_link(&here).await?;
    assert!(link.starts_with(&format!("{origin}/r#")) && link.len() == origin.len() + 3 + 91);
    let facts = here.text("#result-facts").await?;
    assert!(facts.starts_with("It waits for one answer, until "), "{facts}");
    let links = MyLinks::open(&here, &origin).await?;
    links.is(ROW, "Waiting for an answer").await?;
    assert!(!links.shows(ROW, "open").await?);

    let sender = follow(&there, &link).await?;
    let page = Recipient::at(&there);
    assert_eq!(page.heading().await?, "Somebody asks you for a secret");
    assert_eq!(page.slot("note").await?, NOTE, "as text, line breaks kept");
    assert_eq!(page.slot("from").await?, "Dana");
    assert_eq!(page.slot("kept").await?, "1 hour");
    let file = tempfile::Builder::new().prefix("answer-").suffix(".bin").tempfile()?;
    // Three parts.
    let bytes = noise(7, 2_500_000);
    std::fs::write(file.path(), &bytes)?;
    let name = file.path().file_name().and_then(|name| name.to_str()).context("a name")?;
    sender.title("Staging").await?;
    sender.write(0, "correct horse").await?;
    sender.attach(&[file.path()]).await?;
    sender.attachments(1).await?;
    send(&there, "sent").await?;
    assert_eq!(deployment.proxy.count("PUT /api/shares/"), 3);

    // The page that stayed open learns of it when somebody comes back to it, at the latest.
    here.value("document.dispatchEvent(new Event('visibilitychange'))").await?;
    links.is(ROW, "Answered ").await?;
    links.press(ROW, "open").await?;
    let recipient = Recipient::at(&here);
    recipient.is_at("landing").await?;
    recipient.view_item().await?;
    assert_eq!(recipient.slot("title").await?, "Staging");
    assert!(here.text("[data-slot=fields]").await?.contains("correct horse"));
    recipient.press_at(0, "Save").await?;
    assert!(here.downloaded(name, bytes.len()).await? == bytes, "it is as it was attached");

    there.is_quiet(&origin).await?;
    here.is_quiet(&origin).await
}

pub(crate) async fn a_request_takes_one_answer(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let origin = deployment.origin();
    let (here, there, third) =
        tokio::try_join!(Browser::start(), Browser::start(), Browser::start())?;
    let link = ask(&here, &origin, "A key").await?;
    let late = follow(&third, &link).await?;
    late.write(0, "too late").await?;
    follow(&there, &link).await?.write(0, "in time").await?;
    send(&there, "sent").await?;

    send(&third, "answered").await?;
    let page = Recipient::at(&third);
    assert!(page.heading().await?.starts_with("This was already answered on "));
    Recipient::open(&third, &link, "answered").await?;
    // Whoever asked does not know yet. What opens the answer stays.
    here.click("#revoke").await?;
    until("that it was answered", async || {
        let said = here.text("#result-error").await?;
        Ok(said.contains("waits in My links").then_some(()))
    })
    .await?;
    let recipient = open_answer(&here, &origin, "A key").await?;
    recipient.view_item().await?;
    assert!(here.text("[data-slot=fields]").await?.contains("in time"));
    recipient.is_done().await?;
    // It can be opened no second time.
    let links = MyLinks::open(&here, &origin).await?;
    links.press("A key", "open").await?;
    Recipient::at(&here).is_at("opened").await
}

pub(crate) async fn withdrawn_expired_and_forgotten_requests_say_so(engine: Engine) -> Result<()> {
    let clock = Clock::start()?;
    let deployment = Deployment::with(engine, &[], Some(&clock)).await?;
    let origin = deployment.origin();
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    let withdrawn = ask(&here, &origin, "Withdrawn later").await?;
    write(&here, &origin, "For an hour", "").await?;
    choose(&here, "waits", 3600).await?;
    let short = get_link(&here).await?;
    let unsent = ask(&here, &origin, "Never sent").await?;
    here.click("#revoke").await?;
    here.wait_for("#get-link:enabled").await?;
    Recipient::open(&there, &unsent, "withdrawn").await?;

    follow(&there, &withdrawn).await?.write(0, "something").await?;
    let links = MyLinks::open(&here, &origin).await?;
    links.press("Withdrawn later", "revoke").await?;
    links.confirm().await?;
    links.is("Withdrawn later", "Withdrawn ").await?;
    send(&there, "withdrawn").await?;
    let page = Recipient::at(&there);
    assert!(page.heading().await?.starts_with("This request was withdrawn on "));

    clock.forward(2 * HOUR)?;
    Recipient::open(&there, &short, "expired").await?;
    MyLinks::open(&here, &origin).await?;
    links.is("For an hour", "Expired ").await?;
    assert_eq!(links.slot("For an hour", "detail").await?, "Nobody answered it.");
    clock.forward(31 * 24 * HOUR)?;
    Recipient::open(&there, &short, "unknown").await?;
    there.is_quiet(&origin).await
}

pub(crate) async fn a_request_that_was_tampered_with_takes_nothing(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let origin = deployment.origin();
    let browser = Browser::start().await?;
    let [honest, cheated, swapped] = [(); 3].map(|()| request());
    let [honest, cheated, swapped] = [honest?, cheated?, swapped?];
    keep(&deployment, &honest, &honest).await?;
    // What a store could do: hand out the note of another request, which is sealed to other keys.
    keep(&deployment, &cheated, &honest).await?;
    follow(&browser, &honest.to_link(&origin)).await?;
    let page = Recipient::open(&browser, &cheated.to_link(&origin), "damaged").await?;
    assert_eq!(page.heading().await?, "This request was tampered with");
    assert!(!browser.shows("#share").await?, "nothing can be written");

    // Another public key in the link is another request, which nobody has made.
    let mut bytes = *honest.as_bytes();
    bytes[32..].copy_from_slice(swapped.public_key());
    let forged = RequestLink::from_bytes(bytes).to_link(&origin);
    Recipient::open(&browser, &forged, "unknown").await?;
    let asked = deployment.proxy.count("/api/shares/");
    let link = honest.to_link(&origin);
    for (damaged, screen) in [
        (link[..link.len() - 1].to_owned(), "damaged-link"),
        (link.replace("/r#A", "/r#B"), "newer-link"),
        (format!("{origin}/r"), "damaged-link"),
    ] {
        Recipient::open(&browser, &damaged, screen).await?;
    }
    assert_eq!(deployment.proxy.count("/api/shares/"), asked, "no request is made for these");
    browser.is_quiet(&origin).await
}

/// The link of a request that nobody has made yet.
fn request() -> Result<RequestLink> {
    let key = RequestKey::generate(&mut SysRng)?;
    Ok(RequestLink::generate(&key.public_key(), &mut SysRng)?)
}

/// Has the server keep a note under the names of one request, sealed with the keys of another.
async fn keep(deployment: &Deployment, names: &RequestLink, keys: &RequestLink) -> Result<()> {
    let expires_in = ExpiresIn::try_from(86_400)?;
    let note = Note { text: "A key".to_owned(), from: String::new(), expires_in };
    let sealed = body::seal(&LinkKeys::of_request(keys).body(), &note.to_manifest(), &mut SysRng)?;
    let names = LinkKeys::of_request(names);
    let request = CreateRequest {
        id: names.id,
        access_hash: names.access.hash(),
        owner_hash: OwnerToken::generate(&mut SysRng)?.hash(),
        passphrase_hash: None,
        size: (sealed.len() as u64).try_into()?,
        expires_in,
        views: Some(Views::ONE),
        head: Some(sealed),
        request: true,
        answers: None,
    };
    let made = deployment.api.send(Method::POST, "/api/shares", None, Some(&request)).await?;
    assert_eq!(made.status, 201, "{made:?}");
    Ok(())
}

pub(crate) async fn lost_answers_are_asked_for_again(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let origin = deployment.origin();
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    write(&here, &origin, "A key", "").await?;
    let link = {
        let _lost = deployment.proxy.cut_once("POST /api/shares");
        get_link(&here).await?
    };
    let sender = follow(&there, &link).await?;
    sender.write(0, "over a bad line").await?;
    let lost = deployment.proxy.lose_replies("/answer");
    there.click("#share").await?;
    until("an answer that is lost", async || {
        Ok((deployment.proxy.count("/answer") > 1).then_some(()))
    })
    .await?;
    there.wait_for("#answer-waiting").await?;
    drop(lost);
    Recipient::at(&there).is_at("sent").await?;
    let recipient = open_answer(&here, &origin, "A key").await?;
    recipient.view_item().await?;
    assert!(here.text("[data-slot=fields]").await?.contains("over a bad line"));
    Ok(())
}

pub(crate) async fn where_owners_confirm_by_mail_whoever_asks_confirms(
    engine: Engine,
) -> Result<()> {
    let (deployment, smtp) = confirmer::deployment(engine, &[]).await?;
    let origin = deployment.origin();
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    write(&here, &origin, "A key", "").await?;
    here.click("#get-link").await?;
    here.wait_for("#address").await?;
    let number = confirmer::ask(&here, ANN).await?;
    let mail = smtp.mail(0).await?;
    let confirm = Confirmer::open(&there, &confirmer::link(&mail, &origin)?, "asking").await?;
    confirm.confirm(&number).await?;
    confirm.is_at("confirmed").await?;
    let link = asker::link(&here).await?;

    follow(&there, &link).await?.write(0, "without a mail").await?;
    send(&there, "sent").await?;
    let recipient = open_answer(&here, &origin, "A key").await?;
    recipient.view_item().await?;
    assert!(here.text("[data-slot=fields]").await?.contains("without a mail"));
    Ok(())
}

pub(crate) async fn nothing_of_a_request_is_in_traffic_logs_or_files(engine: Engine) -> Result<()> {
    let deployment = Deployment::with(engine, &["--log-level", "trace"], None).await?;
    let origin = deployment.origin();
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    write(&here, &origin, "marker-of-the-note", "marker-of-the-name").await?;
    let link = get_link(&here).await?;
    let sender = follow(&there, &link).await?;
    sender.write(0, "marker-of-the-answer").await?;
    send(&there, "sent").await?;
    MyLinks::open(&here, &origin).await?.is("marker-of-the-note", "Answered ").await?;

    let bytes = *FoundRequest::in_address(&link)?.link.as_bytes();
    let key = kept_by(&here).await?.pop().and_then(|link| link.request).context("a request")?.key;
    let mut secrets = Secrets::default();
    for what in ["note", "name", "answer"] {
        secrets.add_text(what, &format!("marker-of-the-{what}"));
    }
    secrets.add_bytes("the request's secret", &bytes[..32]);
    secrets.add_bytes("the public key", &bytes[32..]);
    secrets.add_bytes("the private key", key.as_bytes());
    assert!(!secrets.found_in(link.as_bytes()).is_empty(), "it would be found");
    let mut places = deployment.proxy.traffic();
    places.push(deployment.server.logs());
    places.push(at_rest(&deployment)?);
    for place in places {
        assert_eq!(secrets.found_in(&place), BTreeSet::new());
    }
    Ok(())
}

pub(crate) async fn a_backup_opens_the_answer_in_another_browser(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let origin = deployment.origin();
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    let link = ask(&here, &origin, "A key").await?;
    let links = MyLinks::open(&here, &origin).await?;
    links.is("A key", "Waiting for an answer").await?;
    links.export("lusab-babad-gutih-tugad").await?;
    let file = saved(&here).await?;
    follow(&there, &link).await?.write(0, "for the one who asked").await?;
    send(&there, "sent").await?;

    let path = there.downloads().join("list.waxseal");
    std::fs::write(&path, file)?;
    let away = MyLinks::open(&there, &origin).await?;
    away.pick(&path).await?;
    away.unlock("lusab-babad-gutih-tugad").await?;
    away.is("A key", "Answered ").await?;
    let recipient = open_answer(&there, &origin, "A key").await?;
    recipient.view_item().await?;
    assert!(there.text("[data-slot=fields]").await?.contains("for the one who asked"));
    Ok(())
}
