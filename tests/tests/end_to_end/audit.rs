//! Audit events of shares that owners confirm by mail, and of those that nobody did in time.

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use http::Method;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs, time::Duration};
use tempfile::TempDir;
use waxseal_core::{
    confirmation::{ConfirmationLink, ConfirmationNumber},
    wire::{ConfirmRequest, ConfirmationAsked, DenyRequest},
};
use waxseal_tests::{
    api::Api,
    clock::Clock,
    server::{Engine, Server},
    share::{Share, Terms},
    smtp::{Encryption, Smtp},
    wait::until,
};

const ANN: &str = "Ann+1@allowed.example";

/// The same call so often at once.
const RACERS: usize = 16;

/// A server that tells and mails.
struct Told {
    smtp: Smtp,
    server: Server,
    api: Api,
    folder: TempDir,
    mails: usize,
}

impl Told {
    async fn start(engine: Engine, flags: &[&str], clock: Option<&Clock>) -> Result<Self> {
        let smtp = Smtp::start(Encryption::None)?;
        let folder = tempfile::tempdir()?;
        let file = format!("--audit={}", folder.path().join("audit.jsonl").display());
        let mailing = smtp.flags();
        let all = mailing.iter().map(String::as_str).chain(flags.iter().copied());
        let all: Vec<&str> = all.chain([file.as_str()]).collect();
        let server = Server::start(engine, &all, clock).await?;
        let api = Api::new(&format!("http://127.0.0.1:{}", server.port()));
        Ok(Self { smtp, server, api, folder, mails: 0 })
    }

    /// A share that waits.
    async fn submitted(&self) -> Result<Share> {
        let share = Share::note("The title", "The text", Terms::default())?;
        let answer = self.api.create(&share).await?;
        ensure!(answer.json::<Value>()?["state"] == "pending", "{answer:?}");
        Ok(share)
    }

    /// Has a mail sent, and reads it: what confirms, and the number that counts.
    async fn asked(&mut self, share: &Share) -> Result<(ConfirmationLink, ConfirmationNumber)> {
        let asked = self.ask(share, ANN).await?;
        let mail = self.smtp.mail(self.mails).await?;
        self.mails += 1;
        Ok((mail.link()?.1, asked.number))
    }

    async fn ask(&self, share: &Share, address: &str) -> Result<ConfirmationAsked> {
        let owner = share.owner.to_base64url();
        let path = format!("/api/shares/{}/confirmation", share.keys.id.to_base64url());
        let request = json!({ "address": address });
        self.api.send(Method::POST, &path, Some(&owner), Some(&request)).await?.json()
    }

    async fn confirm(&self, link: &ConfirmationLink, number: ConfirmationNumber) -> Result<u16> {
        let (id, token) = (link.id, link.token.clone());
        let request = ConfirmRequest { id, token, number };
        let answer = self.api.send(Method::POST, "/api/confirmations", None, Some(&request));
        Ok(answer.await?.status.as_u16())
    }

    async fn deny(&self, link: &ConfirmationLink) -> Result<u16> {
        let request = DenyRequest { id: link.id, token: link.token.clone() };
        let answer = self.api.send(Method::POST, "/api/confirmations/deny", None, Some(&request));
        Ok(answer.await?.status.as_u16())
    }

    fn text(&self) -> Result<String> {
        Ok(fs::read_to_string(self.folder.path().join("audit.jsonl"))?)
    }

    /// The events of each share in their order, shares in the order in which they were created.
    fn fates(&self) -> Result<Vec<Vec<String>>> {
        let mut fates: BTreeMap<String, (usize, Vec<String>)> = BTreeMap::new();
        for (n, line) in self.text()?.lines().enumerate() {
            let line: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
            let text = |name: &str| line[name].as_str().map(str::to_owned).context("a text");
            fates.entry(text("share")?).or_insert((n, Vec::new())).1.push(text("event")?);
        }
        let mut fates: Vec<_> = fates.into_values().collect();
        fates.sort_unstable();
        Ok(fates.into_iter().map(|(_, events)| events).collect())
    }

    /// Waits till so many events of a kind are told that no request is answered behind: a mail arrives before
    /// the mail server has said so, and what expires does so by itself.
    async fn until(&self, event: &str, count: usize) -> Result<()> {
        until(event, async || {
            let told = self.text()?.matches(&format!("\"{event}\"")).count();
            Ok((told == count).then_some(()))
        })
        .await
    }
}

/// Another number.
fn wrong(number: ConfirmationNumber) -> Result<ConfirmationNumber> {
    Ok(ConfirmationNumber::try_from(number.get() ^ 1)?)
}

pub(crate) async fn every_confirmation_is_told_once_and_no_address(engine: Engine) -> Result<()> {
    let mut told = Told::start(engine, &[], None).await?;
    let [confirmed, burned, denied, refused] = [
        told.submitted().await?,
        told.submitted().await?,
        told.submitted().await?,
        told.submitted().await?,
    ];
    let (link, number) = told.asked(&confirmed).await?;
    told.until("confirmation_sent", 1).await?;
    ensure!(told.confirm(&link, wrong(number)?).await? == 403);
    let racers = (0..RACERS).map(|_| told.confirm(&link, number));
    ensure!(try_join_all(racers).await? == [200; RACERS]);
    ensure!(told.confirm(&link, number).await? == 200);
    ensure!(told.deny(&link).await? == 404, "it is confirmed");

    let mut sent = 1;
    for left in [2, 1, 0] {
        let (link, number) = told.asked(&burned).await?;
        sent += 1;
        told.until("confirmation_sent", sent).await?;
        let status = if left == 0 { 410 } else { 403 };
        ensure!(told.confirm(&link, wrong(number)?).await? == status);
        if left == 0 {
            ensure!(told.confirm(&link, number).await? == 410);
            ensure!(told.deny(&link).await? == 200, "it stays burned");
        }
    }
    let (link, number) = told.asked(&denied).await?;
    told.until("confirmation_sent", sent + 1).await?;
    let racers = (0..RACERS).map(|_| told.deny(&link));
    ensure!(try_join_all(racers).await? == [200; RACERS]);
    ensure!(told.confirm(&link, number).await? == 410);
    // Nobody is mailed, and nobody hears of it.
    told.ask(&refused, "bob@elsewhere.example").await?;
    ensure!(told.api.revoke(&refused).await?.status == 200);

    told.server.stop()?;
    let fates = told.fates()?;
    let expected: [&[&str]; 4] = [
        &["created", "confirmation_sent", "confirmation_failed", "confirmed", "published"],
        &[
            "created",
            "confirmation_sent",
            "confirmation_failed",
            "confirmation_sent",
            "confirmation_failed",
            "confirmation_sent",
            "confirmation_failed",
            "burned",
        ],
        &["created", "confirmation_sent", "denied"],
        &["created", "revoked"],
    ];
    ensure!(fates == expected, "{fates:#?}");
    let text = told.text()?;
    let token = link.token.to_base64url();
    for secret in ["allowed", "elsewhere", "ann", "title", "127.0.0.1", &token, "/s#", "share.exa"]
    {
        ensure!(!text.to_lowercase().contains(&secret.to_lowercase()), "{secret} is in {text}");
    }
    let owners = text.lines().filter(|line| line.contains("\"owner\"")).count();
    ensure!(owners == sent + 1, "each mail has its owner's pseudonym: {text}");
    Ok(())
}

pub(crate) async fn addresses_are_told_where_settings_say_so(engine: Engine) -> Result<()> {
    let mut told = Told::start(engine, &["--audit-addresses=clear"], None).await?;
    let share = told.submitted().await?;
    told.asked(&share).await?;
    told.until("confirmation_sent", 1).await?;
    let text = told.text()?;
    ensure!(text.contains(&format!("\"owner\":\"{ANN}\"")), "{text}");
    ensure!(text.lines().all(|line| line.contains("\"from\":\"127.0.0.1\"")), "{text}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_expires_is_told_also_if_the_server_was_away() -> Result<()> {
    let clock = Clock::start()?;
    let mut told = Told::start(Engine::Sqlite, &[], Some(&clock)).await?;
    let (live, waiting) = (told.submitted().await?, told.submitted().await?);
    let (link, number) = told.asked(&live).await?;
    ensure!(told.confirm(&link, number).await? == 200);
    told.until("confirmation_sent", 1).await?;
    clock.forward(Duration::from_secs(11 * 60))?;
    told.until("expired", 1).await?;
    ensure!(told.api.revoke(&waiting).await?.status == 200);
    told.server.kill();
    clock.forward(Duration::from_secs(24 * 60 * 60))?;
    told.server.restart_by(&clock)?;
    told.until("expired", 2).await
}
