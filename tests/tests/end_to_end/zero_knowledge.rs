//! Zero knowledge: unique canaries in everything a person writes and in every key, and then every
//! byte that went over the network, was logged, or lies on a disk is searched for them.

use anyhow::{Context, Result};
use std::collections::BTreeSet;
use waxseal_core::{
    base64url,
    keys::LinkKeys,
    link::FoundLink,
    passphrase::Passphrase,
    token::{ClaimToken, Proof},
};
use waxseal_tests::{
    browser::Browser,
    deployment::Deployment,
    owner::MyLinks,
    recipient::Recipient,
    search::Secrets,
    sender::Sender,
    server::{Engine, Store},
    wait::until,
};

const TITLE: &str = "canary-title-8d1f4c";
const LABEL: &str = "canary-label-52be07";
const TEXT: &str = "canary-text-e93a61";
const PASSPHRASE: &str = "canary-passphrase-70c2d9";
const NAME: &str = "canary-name-b6185e";
const FILE: &str = "canary-file-a07e52.txt";
const CONTENT: &str = "canary-content-1c94f8";

/// What is searched for, by where it must not be.
struct Searched {
    /// Nowhere but in browsers.
    secrets: Secrets,
    /// On the network only.
    tokens: Secrets,
    /// On the network and in the store only.
    names: Secrets,
    /// The control: on the network, and in the store while it can be opened.
    ciphertext: Secrets,
}

impl Searched {
    /// Searches everything there is now.
    fn search(&self, deployment: &Deployment, stage: &str) -> Result<()> {
        let traffic = deployment.proxy.traffic();
        let (logs, files) = (deployment.server.logs(), at_rest(deployment)?);
        assert_eq!(in_any(&self.secrets, &traffic), BTreeSet::new(), "in the traffic, {stage}");
        for (place, content) in [("logs", &logs), ("files", &files)] {
            assert_eq!(self.secrets.found_in(content), BTreeSet::new(), "in the {place}, {stage}");
            assert_eq!(self.tokens.found_in(content), BTreeSet::new(), "in the {place}, {stage}");
        }
        assert_eq!(self.names.found_in(&logs), BTreeSet::new(), "in the logs, {stage}");
        // What is there is found, or nothing above would mean anything.
        assert!(!self.names.found_in(&files).is_empty(), "the id is in the files, {stage}");
        assert!(!in_any(&self.names, &traffic).is_empty(), "the id is in the traffic, {stage}");
        assert!(!in_any(&self.ciphertext, &traffic).is_empty(), "so is the ciphertext, {stage}");
        assert!(String::from_utf8_lossy(&logs).contains("/api/shares"), "requests are logged");
        Ok(())
    }

    fn ciphertext_is_at_rest(&self, deployment: &Deployment) -> Result<bool> {
        Ok(!self.ciphertext.found_in(&at_rest(deployment)?).is_empty())
    }
}

fn in_any<'a>(secrets: &'a Secrets, streams: &[Vec<u8>]) -> BTreeSet<&'a str> {
    streams.iter().flat_map(|stream| secrets.found_in(stream)).collect()
}

/// The store's files, with a snapshot where that is another file.
pub(crate) fn at_rest(deployment: &Deployment) -> Result<Vec<u8>> {
    if let Store::Redis(redis) = deployment.server.store() {
        ::redis::cmd("SAVE").exec(&mut redis.connection()?)?;
    }
    deployment.server.store().at_rest()
}

/// The values of `"name":"…"` in all that was sent.
fn sent(deployment: &Deployment, name: &str) -> Vec<String> {
    let start = format!("\"{name}\":\"");
    let mut values = Vec::new();
    for stream in deployment.proxy.traffic() {
        let text = String::from_utf8_lossy(&stream).into_owned();
        let behind = text.split(&start).skip(1);
        values.extend(behind.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
    }
    values
}

pub(crate) async fn no_secret_is_in_traffic_logs_or_files(engine: Engine) -> Result<()> {
    let deployment = Deployment::with(engine, &["--log-level", "trace"], None).await?;
    let origin = deployment.origin();
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    let sender = Sender::open(&here, &origin).await?;
    sender.title(TITLE).await?;
    sender.label(0, LABEL).await?;
    sender.write(0, TEXT).await?;
    sender.share().await?;
    sender.more().await?;
    sender.passphrase(PASSPHRASE).await?;
    sender.from(NAME).await?;
    let link = sender.get_link().await?;
    sender.done().await?;
    MyLinks::open(&here, &origin).await?.rows("Waiting").await?;
    let owned = sender.newest_link().await?;

    let secret = FoundLink::in_address(&link)?.secret;
    let keys = LinkKeys::derive(&secret);
    let passphrase = Passphrase::new(PASSPHRASE)?.context("it is not empty")?;
    let unlocked = keys.with_passphrase(&passphrase);
    let mut searched = Searched {
        secrets: Secrets::default(),
        tokens: Secrets::default(),
        names: Secrets::default(),
        ciphertext: Secrets::default(),
    };
    for text in [TITLE, LABEL, TEXT, PASSPHRASE, NAME] {
        searched.secrets.add_text(text, text);
    }
    searched.secrets.add_text("the link's token", &secret.to_token());
    searched.secrets.add_bytes("the link's secret", secret.as_bytes());
    searched.secrets.add_bytes("the content key", unlocked.body.input().as_bytes());
    searched.secrets.add_bytes("the key without passphrase", keys.body().input().as_bytes());
    searched.tokens.add_bytes("the access token", keys.access.as_bytes());
    searched.tokens.add_bytes("the owner's token", owned.owner.as_bytes());
    searched.tokens.add_bytes("the passphrase's proof", unlocked.proof.as_bytes());
    searched.names.add_bytes("the id", keys.id.as_bytes());
    let head = sent(&deployment, "head").pop().context("a creation was sent")?;
    searched.ciphertext.add_bytes("the ciphertext", &base64url::decode(&head)?);
    searched.search(&deployment, "created")?;
    assert!(searched.ciphertext_is_at_rest(&deployment)?);

    let recipient = Recipient::open(&there, &link, "landing").await?;
    searched.search(&deployment, "landed")?;
    recipient.try_passphrase("a wrong passphrase").await?;
    recipient.view_with(PASSPHRASE).await?;
    assert_eq!(recipient.heading().await?, TITLE);
    for claim in sent(&deployment, "claim") {
        searched.tokens.add_bytes("a claim", claim.parse::<ClaimToken>()?.as_bytes());
    }
    for proof in sent(&deployment, "proof") {
        searched.tokens.add_bytes("a proof", proof.parse::<Proof>()?.as_bytes());
    }
    assert_eq!(sent(&deployment, "proof").len(), 2, "a wrong one and the right one");
    recipient.is_done().await?;
    searched.search(&deployment, "opened")?;

    // Redis' log of writes holds what it held till it is written anew.
    if let Store::Redis(redis) = deployment.server.store() {
        ::redis::cmd("BGREWRITEAOF").exec(&mut redis.connection()?)?;
        until("the log to be written anew", async || {
            Ok((!searched.ciphertext_is_at_rest(&deployment)?).then_some(()))
        })
        .await?;
    }
    assert!(!searched.ciphertext_is_at_rest(&deployment)?, "what was opened is gone for good");
    searched.search(&deployment, "gone")?;

    // A gateway that rewrites the link sends its secret to the server, which still keeps it nowhere.
    Recipient::open(&there, &link.replace('#', "%23"), "opened").await?;
    assert!(in_any(&searched.secrets, &deployment.proxy.traffic()).contains("the link's token"));
    let (logs, files) = (deployment.server.logs(), at_rest(&deployment)?);
    assert_eq!(searched.secrets.found_in(&logs), BTreeSet::new());
    assert_eq!(searched.secrets.found_in(&files), BTreeSet::new());
    Ok(())
}

/// 32 bytes of the first part but the head, as it was sent: its chunk is like no other.
fn sent_of_a_part(deployment: &Deployment) -> Result<Vec<u8>> {
    let traffic = deployment.proxy.traffic();
    let sent = traffic.iter().find_map(|stream| {
        let after = |text: &[u8], from: usize| {
            let found = stream.get(from..)?.windows(text.len()).position(|here| here == text)?;
            Some(from + found + text.len())
        };
        let request = after(b"/parts/1 HTTP/1.1\r\n", 0)?;
        let body = after(b"\r\n\r\n", request)?;
        stream.get(body..body + 32).map(<[u8]>::to_vec)
    });
    sent.context("a part was sent")
}

pub(crate) async fn no_attachment_is_in_traffic_logs_or_files(engine: Engine) -> Result<()> {
    let deployment = Deployment::with(engine, &["--log-level", "trace"], None).await?;
    let origin = deployment.origin();
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join(FILE);
    let content = CONTENT.repeat(55_000);
    std::fs::write(&path, &content)?;
    let sender = Sender::open(&here, &origin).await?;
    sender.attach(&[&path]).await?;
    sender.share().await?;
    let link = sender.get_link().await?;
    sender.done().await?;
    let owned = sender.newest_link().await?;

    let keys = LinkKeys::derive(&FoundLink::in_address(&link)?.secret);
    let mut searched = Searched {
        secrets: Secrets::default(),
        tokens: Secrets::default(),
        names: Secrets::default(),
        ciphertext: Secrets::default(),
    };
    searched.secrets.add_text("the file's name", FILE);
    searched.secrets.add_text("the file's content", CONTENT);
    searched.tokens.add_bytes("the owner's token", owned.owner.as_bytes());
    searched.names.add_bytes("the id", keys.id.as_bytes());
    searched.ciphertext.add_bytes("the ciphertext", &sent_of_a_part(&deployment)?);
    searched.search(&deployment, "created")?;
    assert!(searched.ciphertext_is_at_rest(&deployment)?);

    let recipient = Recipient::open(&there, &link, "landing").await?;
    recipient.view_item().await?;
    there.wait_for(".files > li").await?;
    recipient.press_at(0, "Save").await?;
    assert!(there.downloaded(FILE, content.len()).await? == content.as_bytes());
    recipient.says(None, "then press Done, delete now.").await?;
    searched.search(&deployment, "saved")?;
    recipient.press("Done, delete now").await?;
    recipient.is_at("cleared").await?;

    if let Store::Redis(redis) = deployment.server.store() {
        ::redis::cmd("BGREWRITEAOF").exec(&mut redis.connection()?)?;
    }
    until("the ciphertext to be gone", async || {
        Ok((!searched.ciphertext_is_at_rest(&deployment)?).then_some(()))
    })
    .await?;
    searched.search(&deployment, "gone")
}
