//! My links: out into a file, and in again.

use anyhow::{Context, Result};
use std::{collections::BTreeSet, fs};
use waxseal_core::{
    backup,
    link::FoundLink,
    owned::{OwnedLink, OwnedLinks, Sent},
    passphrase::Passphrase,
    token::{OwnerToken, ShareId},
};
use waxseal_tests::{
    browser::Browser,
    deployment::Deployment,
    owner::{MyLinks, kept_by},
    recipient::Recipient,
    search::Secrets,
    sender::Sender,
    server::Engine,
    wait::until,
};

const PASSPHRASE: &str = "lusab-babad-gutih-tugad";

/// The file that the browser has saved.
pub(crate) async fn saved(browser: &Browser) -> Result<Vec<u8>> {
    until("a saved file", async || {
        for entry in fs::read_dir(browser.downloads())? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "waxseal") {
                let content = fs::read(&path)?;
                return Ok((backup::examine(&content) == Ok(())).then_some(content));
            }
        }
        Ok(None)
    })
    .await
}

fn passphrase() -> Result<Passphrase> {
    Passphrase::new(PASSPHRASE)?.context("it is not empty")
}

pub(crate) async fn a_backup_brings_the_list_to_another_browser(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let origin = deployment.origin();
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    let sender = Sender::open(&here, &origin).await?;
    let plain = sender.send_note("Plain", "text").await?;
    sender.done().await?;
    let kept = sender.send_note("Kept", "text").await?;
    here.click("#keep").await?;
    until("the link to be kept", async || {
        Ok(kept_by(&here).await?.pop().and_then(|link| link.token))
    })
    .await?;
    sender.done().await?;
    let before = kept_by(&here).await?;
    let links = MyLinks::open(&here, &origin).await?;
    links.rows("Waiting").await?;
    here.click("#export").await?;
    here.wait_for("#sealing").await?;
    here.click("#sealing-yes").await?;
    here.wait_for("#sealing-error:not(:empty)").await?;
    here.click("#sealing-no").await?;
    links.export(PASSPHRASE).await?;
    let file = saved(&here).await?;

    // Nothing of it can be read, and another implementation of the page can open it.
    let mut secrets = Secrets::default();
    for link in &before {
        secrets.add_bytes("an id", link.id.as_bytes());
        secrets.add_bytes("an owner's token", link.owner.as_bytes());
    }
    secrets.add_bytes("a link", FoundLink::in_address(&kept)?.secret.as_bytes());
    secrets.add_text("the origin", &origin);
    secrets.add_text("the passphrase", PASSPHRASE);
    assert_eq!(secrets.found_in(&file), BTreeSet::new());
    let opened = OwnedLinks::from_json(&backup::open(&file, &passphrase()?)?)?;
    assert_eq!(opened.origin, origin);
    assert!(!secrets.found_in(opened.to_json().as_bytes()).is_empty(), "it is all in there");
    assert_eq!(opened.links.len(), 2);

    // Files that are none, and another passphrase.
    let folder = tempfile::tempdir()?;
    let put = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).map(|()| path)
    };
    let mut damaged = file.clone();
    damaged[200] ^= 1;
    let newer = [b"waxseal links\x02", &file[14..]].concat();
    let away = MyLinks::open(&there, &origin).await?;
    for (name, content, words) in [
        ("picture.waxseal", &b"\x89PNG"[..], "This is not a file of links."),
        ("damaged.waxseal", &damaged, "This file is damaged"),
        ("cut.waxseal", &file[..file.len() - 1], "This file is damaged"),
        ("newer.waxseal", &newer, "made by a newer version"),
    ] {
        away.pick(&put(name, content)?).await?;
        until(words, async || Ok(there.text("#import-error").await?.contains(words).then_some(())))
            .await?;
        assert!(!there.shows("#opening").await?, "{name}: no passphrase is asked for");
    }
    let path = put("good.waxseal", &file)?;
    away.pick(&path).await?;
    away.closes_late("#opening").await?;
    away.unlock("lusab-babad-gutih-tugaf").await?;
    there.wait_for("#opening-error:not(:empty)").await?;
    let error = there.text("#opening-error").await?;
    assert_eq!(error, "This is not the file’s passphrase. Nothing was imported; try again.");
    assert!(kept_by(&there).await?.is_empty());

    away.unlock(PASSPHRASE).await?;
    away.said("2 links imported.").await?;
    assert!(kept_by(&there).await? == before, "all of it has come");
    away.rows("Waiting").await?;
    away.press("Kept", "show").await?;
    there.wait_for("#qr svg").await?;
    assert_eq!(there.value("document.querySelector('#link').value").await?, kept);
    there.click("#shown-close").await?;
    away.press("Plain", "revoke").await?;
    away.confirm().await?;
    away.is("Plain", "Revoked ").await?;
    Recipient::open(&there, &plain, "revoked").await?;

    // What is there already stays as it is; what was wiped comes back.
    let away = MyLinks::open(&there, &origin).await?;
    away.press("Kept", "rename").await?;
    there.write("[data-slot=renaming]:not([hidden]) input", "Renamed").await?;
    away.press("Kept", "save").await?;
    away.is("Renamed", "Waiting").await?;
    away.press("Plain", "remove").await?;
    until("the row to go", async || Ok((kept_by(&there).await?.len() == 1).then_some(()))).await?;
    away.pick(&path).await?;
    away.unlock(PASSPHRASE).await?;
    away.said("1 link imported; 1 were here already.").await?;
    away.is("Plain", "Revoked ").await?;
    away.is("Renamed", "Waiting").await?;
    away.pick(&path).await?;
    away.unlock(PASSPHRASE).await?;
    away.said("Nothing new").await?;
    there.is_quiet(&origin).await?;
    here.is_quiet(&origin).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_links_than_one_question_takes_are_asked_for_in_several() -> Result<()> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    let origin = deployment.origin();
    let browser = Browser::start().await?;
    let link = |n: u16| {
        let mut id = [0; 16];
        id[..2].copy_from_slice(&n.to_be_bytes());
        OwnedLink {
            id: ShareId::from_bytes(id),
            owner: OwnerToken::from_bytes([7; 32]),
            label: format!("Link {n}"),
            made_at: None,
            expires_at: None,
            sent_at: Sent::Unknown,
            token: None,
            request: None,
        }
    };
    let links = OwnedLinks {
        origin: "https://elsewhere.example".into(),
        links: (0..401).map(link).collect(),
    };
    let file = backup::seal(links.to_json().as_bytes(), &passphrase()?, &mut getrandom::SysRng)?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("many.waxseal");
    fs::write(&path, &file)?;
    let page = MyLinks::open(&browser, &origin).await?;
    assert_eq!(deployment.proxy.count("POST /api/status"), 0);
    page.pick(&path).await?;
    page.unlock(PASSPHRASE).await?;
    page.said("401 links imported. They were made at https://elsewhere.example").await?;
    until("three questions", async || {
        Ok((deployment.proxy.count("POST /api/status") == 3).then_some(()))
    })
    .await?;
    until("all answers", async || {
        let told = "[...document.querySelectorAll('[data-slot=state]')]\
            .filter(state => state.textContent === 'Over').length";
        Ok((browser.value(told).await? == 401).then_some(()))
    })
    .await?;
    browser.click("#links-forget").await?;
    page.said("401 links removed.").await?;
    browser.wait_for("#none").await?;
    browser.is_quiet(&origin).await
}
