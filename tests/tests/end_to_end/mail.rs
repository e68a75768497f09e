//! Confirmation by mail, with the server as a process and a real SMTP server.

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use getrandom::SysRng;
use http::Method;
use serde_json::{Value, json};
use std::{net::TcpListener, path::PathBuf};
use tokio::task::JoinSet;
use waxseal_core::{
    confirmation::ConfirmationLink,
    token::ClaimToken,
    wire::{ConfirmRequest, ConfirmationAsked, ShareState, Waiting},
};
use waxseal_tests::{
    api::{Answer, Api},
    server::{Engine, Server},
    share::{Share, Terms},
    smtp::{Encryption, Mail, PASSWORD, Smtp, USER},
    wait::until,
};

const ANN: &str = "ann@allowed.example";
/// Requests of one address that wait at a time.
const PLACES: usize = 32;

const SUBJECT: &str = "Action required: Confirm your identity";

fn flags(flags: &[String]) -> Vec<&str> {
    flags.iter().map(String::as_str).collect()
}

fn api(server: &Server) -> Api {
    Api::new(&format!("http://127.0.0.1:{}", server.port()))
}

fn path(share: &Share) -> String {
    format!("/api/shares/{}/confirmation", share.keys.id.to_base64url())
}

/// A share on the server, which waits.
async fn submitted(api: &Api) -> Result<Share> {
    let share = Share::note("The title", "The text", Terms::default())?;
    let answer = api.create(&share).await?;
    ensure!(answer.json::<Value>()?["state"] == "pending", "{answer:?}");
    Ok(share)
}

async fn ask(api: &Api, share: &Share, address: &str) -> Result<ConfirmationAsked> {
    let owner = share.owner.to_base64url();
    let request = json!({ "address": address });
    let answer = api.send(Method::POST, &path(share), Some(&owner), Some(&request)).await?;
    ensure!(answer.status == 202, "{answer:?}");
    answer.json()
}

async fn wait(api: &Api, share: &Share) -> Result<Answer> {
    let owner = share.owner.to_base64url();
    api.send(Method::GET, &path(share), Some(&owner), None::<&()>).await
}

async fn confirm(api: &Api, mail: &Mail, asked: &ConfirmationAsked) -> Result<Answer> {
    let (_, ConfirmationLink { id, token }) = mail.link()?;
    let request = ConfirmRequest { id, token, number: asked.number };
    api.send(Method::POST, "/api/confirmations", None, Some(&request)).await
}

async fn opens(api: &Api, share: &Share) -> Result<bool> {
    let claim = ClaimToken::generate(&mut SysRng)?;
    Ok(api.claim(share, &claim, None).await?.status == 200)
}

pub(crate) async fn a_mail_and_its_number_publish_a_share(engine: Engine) -> Result<()> {
    let smtp = Smtp::start(Encryption::None)?;
    let server = Server::start(engine, &flags(&smtp.flags()), None).await?;
    let api = api(&server);
    let share = submitted(&api).await?;
    let asked = ask(&api, &share, ANN).await?;
    let mail = smtp.mail(0).await?;
    ensure!(api.landing(&share).await?.status == 404);
    let (told, confirmed) = tokio::try_join!(wait(&api, &share), confirm(&api, &mail, &asked))?;
    ensure!(confirmed.status == 200, "{confirmed:?}");
    ensure!(told.json::<Waiting>()?.state == ShareState::Live, "{told:?}");
    ensure!(opens(&api, &share).await?);
    Ok(())
}

pub(crate) async fn a_mail_has_two_parts_and_no_secret(engine: Engine) -> Result<()> {
    let smtp = Smtp::start(Encryption::None)?;
    let mut server = Server::start(engine, &flags(&smtp.flags()), None).await?;
    let api = api(&server);
    let share = submitted(&api).await?;
    let asked = ask(&api, &share, "Ann+tag@Allowed.example").await?;
    let mail = smtp.mail(0).await?;
    ensure!(mail.to == ["Ann+tag@allowed.example"] && mail.from == "share@allowed.example");
    for (name, value) in [
        ("subject", SUBJECT),
        ("from", "Waxseal <share@allowed.example>"),
        ("to", "Ann+tag@allowed.example"),
        ("auto-submitted", "auto-generated"),
    ] {
        ensure!(mail.headers.get(name).map(String::as_str) == Some(value), "{name}: {}", mail.raw);
    }
    for name in ["date", "message-id", "mime-version"] {
        ensure!(mail.headers.contains_key(name), "no {name}: {}", mail.raw);
    }
    let kinds: Vec<_> = mail.parts.iter().map(|(kind, _)| kind.as_str()).collect();
    ensure!(mail.kind == "multipart/alternative" && kinds == ["text/plain", "text/html"]);

    let (link, says) = mail.link()?;
    ensure!(link.starts_with("https://share.example.org/confirm#") && says.id == share.keys.id);
    let html = mail.part("text/html")?;
    ensure!(
        html.contains(&format!("<a href=\"{link}\"")) && html.contains(">Confirm my identity</a>")
    );
    ensure!(html.matches("://").count() == 1, "nothing is loaded: {html}");
    let until = asked.pending_until.to_string()[11..16].to_owned();
    for (kind, text) in &mail.parts {
        ensure!(text.contains("wasn't me") || text.contains("wasn\u{2019}t me"), "{kind}");
        ensure!(text.contains(&format!("{until} UTC")), "{kind}: {text}");
        for secret in [
            share.secret.to_link("https://share.example.org").to_string(),
            share.keys.access.to_base64url(),
            share.owner.to_base64url(),
            "The title".to_owned(),
            "/s#".to_owned(),
        ] {
            ensure!(!text.contains(&secret), "{secret} is in {text}");
        }
    }
    // The number is nowhere but in the owner's page. (An HTML has lengths and colours.)
    let text = mail.part("text/plain")?.replace(&link, "").replace(&until, "");
    ensure!(!text.contains(|c: char| c.is_ascii_digit()), "{text}");
    server.stop()?;
    let logs = String::from_utf8(server.logs())?;
    let token = says.token.to_base64url();
    for secret in ["allowed.example", ANN, &token, &link, &share.owner.to_base64url()] {
        ensure!(!logs.to_lowercase().contains(&secret.to_lowercase()), "{secret} is in {logs}");
    }
    let kept = server.store().at_rest()?;
    ensure!(!kept.windows(32).any(|bytes| bytes == says.token.as_bytes()), "the token is stored");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_go_encrypted_to_a_server_that_is_the_right_one() -> Result<()> {
    for encryption in [Encryption::StartTls, Encryption::Tls] {
        let smtp = Smtp::start(encryption)?;
        let server = Server::start(Engine::Sqlite, &flags(&smtp.flags()), None).await?;
        let api = api(&server);
        let share = submitted(&api).await?;
        let asked = ask(&api, &share, ANN).await?;
        let mail = smtp.mail(0).await?;
        ensure!(mail.encrypted && mail.user.as_deref() == Some(USER), "{mail:?}");
        ensure!(confirm(&api, &mail, &asked).await?.status == 200);
        ensure!(!String::from_utf8(server.logs())?.contains(PASSWORD));

        // Another authority, and a server that encrypts nothing.
        let (other, plain) = (Smtp::start(encryption)?, Smtp::start(Encryption::None)?);
        let mut foreign = smtp.flags();
        replace(&mut foreign, "--identity-smtp-ca", other.authority());
        let mut unencrypted = smtp.flags();
        let port = plain.flags().into_iter().find(|flag| flag.contains("smtp-port"));
        unencrypted.retain(|flag| !flag.contains("smtp-port"));
        unencrypted.push(port.context("it has a port")?);
        for wrong in [foreign, unencrypted] {
            let server = Server::start(Engine::Sqlite, &flags(&wrong), None).await?;
            let api = self::api(&server);
            let share = submitted(&api).await?;
            ask(&api, &share, ANN).await?;
            says(&server, "could not be mailed").await?;
        }
        ensure!(smtp.mails()?.len() == 1 && plain.mails()?.is_empty());
    }
    Ok(())
}

fn replace(flags: &mut Vec<String>, name: &str, path: PathBuf) {
    flags.retain(|flag| !flag.starts_with(name));
    flags.push(format!("{name}={}", path.display()));
}

/// Waits until the server's logs say this.
async fn says(server: &Server, text: &str) -> Result<()> {
    until(text, async || Ok(String::from_utf8(server.logs())?.contains(text).then_some(()))).await
}

/// Its metrics, from where it says that they are told.
async fn metrics(server: &Server) -> Result<String> {
    let logs = String::from_utf8(server.logs())?;
    let mut lines = logs.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let line = lines.find(|line| line["message"] == "metrics are told").context("they are told")?;
    let address = line["address"].as_str().context("an address")?;
    let api = Api::new(&format!("http://{address}"));
    let answer = api.send(Method::GET, "/metrics", None, None::<&()>).await?;
    Ok(String::from_utf8(answer.body.to_vec())?)
}

/// Waits until its metrics have this line.
async fn tells(server: &Server, line: &str) -> Result<()> {
    until(line, async || {
        let told = metrics(server).await?.lines().any(|told| told == line);
        Ok(told.then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_server_that_comes_back_delays_only() -> Result<()> {
    let mut smtp = Smtp::later()?;
    let mut options = smtp.flags();
    options.push("--metrics-listen=127.0.0.1:0".to_owned());
    let server = Server::start(Engine::Sqlite, &flags(&options), None).await?;
    let api = api(&server);
    let share = submitted(&api).await?;
    let asked = ask(&api, &share, ANN).await?;
    says(&server, "could not be mailed yet").await?;
    smtp.run()?;
    let mail = smtp.mail(0).await?;
    ensure!(confirm(&api, &mail, &asked).await?.status == 200);
    tells(&server, "waxseal_mails_total{outcome=\"sent\"} 1").await?;
    tells(&server, "waxseal_share_events_total{event=\"confirmation_sent\"} 1").await?;
    ensure!(!metrics(&server).await?.contains("waxseal_mails_total{outcome=\"delayed\"} 0"));
    ensure!(!metrics(&server).await?.contains("allowed.example"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_server_that_hangs_keeps_no_request_waiting() -> Result<()> {
    // Takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let smtp = Smtp::later()?;
    let mut options = smtp.flags();
    options.retain(|flag| !flag.contains("smtp-port"));
    options.push(format!("--identity-smtp-port={}", silent.local_addr()?.port()));
    options.push("--identity-mails-per-owner-per-hour=0".to_owned());
    options.push("--identity-mails-per-hour=0".to_owned());
    let mut server = Server::start(Engine::Sqlite, &flags(&options), None).await?;
    let api = api(&server);
    let share = submitted(&api).await?;
    let asks = (0..100).map(|_| ask(&api, &share, ANN));
    let asked = try_join_all(asks).await?;
    ensure!(asked.iter().all(|one| one.pending_until == asked[0].pending_until));
    ensure!(api.status(&share).await?.state == ShareState::Pending);
    // It hangs on to none of them when it is to end, either.
    server.stop()?;
    ensure!(!String::from_utf8(server.logs())?.contains(ANN));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_allowed_addresses_get_mails_and_only_the_last_one_counts() -> Result<()> {
    let smtp = Smtp::start(Encryption::None)?;
    let server = Server::start(Engine::Sqlite, &flags(&smtp.flags()), None).await?;
    let api = api(&server);
    let share = submitted(&api).await?;
    for address in ["bob@elsewhere.example", "ann@sub.allowed.example"] {
        ask(&api, &share, address).await?;
    }
    let first = ask(&api, &share, ANN).await?;
    let mail = smtp.mail(0).await?;
    let second = ask(&api, &share, "bob@allowed.example").await?;
    let mails = [mail, smtp.mail(1).await?];
    // All that were asked for before have been dealt with.
    ensure!(mails.each_ref().map(|mail| mail.to[0].as_str()) == [ANN, "bob@allowed.example"]);
    ensure!(smtp.mails()?.len() == 2);
    ensure!(confirm(&api, &mails[0], &first).await?.status == 404);
    ensure!(confirm(&api, &mails[1], &second).await?.status == 200);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_says_what_else_its_confirmation_allows() -> Result<()> {
    let smtp = Smtp::start(Encryption::None)?;
    let mut options = smtp.flags();
    options.push("--identity-session=8h".to_owned());
    let server = Server::start(Engine::Sqlite, &flags(&options), None).await?;
    let api = api(&server);
    let share = submitted(&api).await?;
    let owner = share.owner.to_base64url();
    for (n, keep) in [false, true].into_iter().enumerate() {
        let request = json!({ "address": ANN, "keep": keep });
        let asked = api.send(Method::POST, &path(&share), Some(&owner), Some(&request)).await?;
        ensure!(asked.status == 202, "{asked:?}");
        for (kind, text) in &smtp.mail(n).await?.parts {
            ensure!(text.contains("for 8h from then on") == keep, "{kind}: {text}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_server_on_the_store_confirms_for_any_other() -> Result<()> {
    let smtp = Smtp::start(Encryption::None)?;
    let mut options = smtp.flags();
    options.push("--identity-session=1h".to_owned());
    let mut one = Server::start(Engine::Redis, &flags(&options), None).await?;
    let url = one.redis().url();
    let other = Server::at(&url, &flags(&options), None)?;
    let (one, other) = (api(&one), api(&other));
    let share = submitted(&one).await?;
    let asked = ask(&one, &share, ANN).await?;
    let mail = smtp.mail(0).await?;
    let (told, confirmed) = tokio::try_join!(wait(&one, &share), confirm(&other, &mail, &asked))?;
    ensure!(confirmed.status == 200, "{confirmed:?}");
    ensure!(told.json::<Waiting>()?.state == ShareState::Live, "{told:?}");
    ensure!(opens(&other, &share).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_is_answered_when_the_server_stops() -> Result<()> {
    let smtp = Smtp::later()?;
    let mut server = Server::start(Engine::Sqlite, &flags(&smtp.flags()), None).await?;
    let api = api(&server);
    let share = submitted(&api).await?;
    // Once there is no place for one more, the others wait.
    let mut waiting = JoinSet::new();
    for _ in 0..=PLACES {
        let (api, owner, path) = (api.clone(), share.owner.to_base64url(), path(&share));
        waiting.spawn(async move { api.send(Method::GET, &path, Some(&owner), None::<&()>).await });
    }
    let first = waiting.join_next().await.context("one is refused")???;
    ensure!(first.status == 429, "{first:?}");
    server.terminate()?;
    while let Some(told) = waiting.join_next().await {
        let told = told??;
        ensure!(told.json::<Waiting>()?.state == ShareState::Pending, "{told:?}");
    }
    until("the server to end", async || Ok(server.has_ended()?.then_some(()))).await
}
