//! Attachments on the recipient's page: saved as they were, whatever happens on the way.
//!
//! Invariant: however often a connection, a server or a page goes, one claim gets everything.

use anyhow::{Context, Result};
use std::{fs, path::PathBuf};
use waxseal_tests::{
    attachments::noise,
    browser::Browser,
    deployment::Deployment,
    recipient::Recipient,
    server::{Engine, Store},
    share::{Share, Terms},
    upload::{self, Attached},
    wait::until,
};

/// Media type that says nothing.
pub(crate) const BYTES: &str = "application/octet-stream";

pub(crate) const MIB: usize = 1024 * 1024;

/// A browser that cannot ask where to save, as most.
pub(crate) const NO_PICKERS: &str =
    "delete window.showSaveFilePicker; delete window.showDirectoryPicker";

/// Opens a share's link and waits for its attachments.
pub(crate) async fn opened<'a>(
    browser: &'a Browser,
    deployment: &Deployment,
    share: &Share,
) -> Result<Recipient<'a>> {
    let link = share.link(&deployment.origin());
    let recipient = Recipient::open(browser, &link, "landing").await?;
    recipient.view_item().await?;
    browser.wait_for(".files > li").await?;
    Ok(recipient)
}

/// One-time, one file in 20 parts.
async fn of_20_parts(deployment: &Deployment) -> Result<(Share, Vec<u8>)> {
    let content = noise(20, 19 * MIB + 100_000);
    let files = [("twenty.dat", BYTES, content.as_slice())];
    let share = upload::put(deployment, "Twenty parts", &files, Terms::default()).await?;
    assert_eq!(share.request.size.parts(), 20);
    Ok((share, content))
}

async fn opened_once(deployment: &Deployment, share: &Share) -> Result<()> {
    assert_eq!(deployment.api.status(share).await?.opened_at.len(), 1);
    Ok(())
}

/// Whether this tab keeps a place.
pub(crate) async fn keeps_place(browser: &Browser) -> Result<bool> {
    Ok(browser.value("sessionStorage.length").await? != 0)
}

pub(crate) async fn several_attachments_are_saved_as_they_were(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let browser = Browser::start().await?;
    let (plan, scan) = (noise(1, 48_213), noise(2, 3 * MIB + 17));
    let files: [Attached<'_>; 4] = [
        ("floorplan.pdf", "application/pdf", &plan),
        ("nichts.txt", "text/plain", b""),
        ("Übersicht – 2026.png", "image/png", &scan),
        ("floorplan.pdf", "application/pdf", b"another one"),
    ];
    let share = upload::put(&deployment, "Papers", &files, Terms::default()).await?;
    let recipient = opened(&browser, &deployment, &share).await?;
    let names = ["floorplan.pdf", "nichts.txt", "Übersicht – 2026.png", "floorplan (2).pdf"];
    assert_eq!(recipient.attachments().await?, names);
    for (n, (_, _, content)) in files.iter().enumerate() {
        recipient.press_at(n, "Save").await?;
        recipient.says(Some(n), "Handed to your browser’s downloads").await?;
        assert!(browser.downloaded(names[n], content.len()).await? == *content, "{}", names[n]);
    }
    recipient.says(None, "Check that they are there, then press Done, delete now.").await?;
    assert_eq!(deployment.proxy.count("/ack"), 0, "the browser does not tell that it saved them");
    assert!(keeps_place(&browser).await?);
    recipient.press("Done, delete now").await?;
    recipient.is_at("cleared").await?;
    assert_eq!(deployment.proxy.count("/ack"), 1);
    recipient.is_done().await?;
    assert!(!keeps_place(&browser).await?);
    assert!(!browser.text("body").await?.contains("floorplan"), "cleared is cleared");
    opened_once(&deployment, &share).await?;
    browser.is_quiet(&deployment.origin()).await
}

pub(crate) async fn only_the_parts_that_hold_the_wanted_are_fetched(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let browser = Browser::start().await?;
    let (large, middle) = (noise(3, 5 * MIB), noise(4, 2 * MIB));
    let files: [Attached<'_>; 4] = [
        ("note.txt", "text/plain", b"in the head"),
        ("large.dat", BYTES, &large),
        ("middle.dat", BYTES, &middle),
        ("rest.dat", BYTES, &large),
    ];
    let terms = Terms { views: None, ..Terms::default() };
    let share = upload::put(&deployment, "Some parts", &files, terms).await?;
    let recipient = opened(&browser, &deployment, &share).await?;
    recipient.press_at(0, "Save").await?;
    assert_eq!(browser.downloaded("note.txt", 11).await?, b"in the head");
    assert_eq!(deployment.proxy.count("/parts/"), 0, "the head is there already");
    recipient.press_at(2, "Save").await?;
    assert!(browser.downloaded("middle.dat", middle.len()).await? == middle);
    let mut fetched = deployment.proxy.requests();
    fetched.retain(|line| line.contains("/parts/"));
    fetched.sort();
    assert_eq!(fetched.len(), 3, "{fetched:?}");
    for (line, n) in fetched.iter().zip(5..) {
        assert!(line.contains(&format!("/parts/{n} ")), "{fetched:?}");
    }
    // Nothing is lost with a share that can be opened again, so nothing is asked.
    recipient.press("Done").await?;
    recipient.is_at("cleared").await?;
    assert_eq!(deployment.proxy.count("/ack"), 1);
    Ok(())
}

pub(crate) async fn a_connection_cut_at_every_part_delays_only(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let browser = Browser::start().await?;
    let (share, content) = of_20_parts(&deployment).await?;
    let recipient = opened(&browser, &deployment, &share).await?;
    let cuts = deployment.proxy.cut_once("GET /api/shares/");
    recipient.press_at(0, "Save").await?;
    assert!(browser.downloaded("twenty.dat", content.len()).await? == content);
    assert_eq!(cuts.met(), 19, "every part but the head, which came with the claim");
    assert_eq!(deployment.proxy.count("/claims"), 1);
    opened_once(&deployment, &share).await
}

pub(crate) async fn a_crash_of_the_server_delays_only(engine: Engine) -> Result<()> {
    let mut deployment = Deployment::start(engine).await?;
    let browser = Browser::start().await?;
    let (share, content) = of_20_parts(&deployment).await?;
    let recipient = opened(&browser, &deployment, &share).await?;
    let held = deployment.proxy.hold("/parts/11 ");
    recipient.press_at(0, "Save").await?;
    until("part 11", async || Ok((held.met() > 0).then_some(()))).await?;
    deployment.server.kill();
    drop(held);
    recipient.tells(".amount", "no connection").await?;
    deployment.server.restart()?;
    assert!(browser.downloaded("twenty.dat", content.len()).await? == content);
    assert_eq!(deployment.proxy.count("/claims"), 1);
    opened_once(&deployment, &share).await?;
    recipient.press("Done, delete now").await?;
    recipient.is_at("cleared").await
}

pub(crate) async fn a_reload_in_the_middle_keeps_the_claim(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let browser = Browser::start().await?;
    let (share, content) = of_20_parts(&deployment).await?;
    let recipient = opened(&browser, &deployment, &share).await?;
    let held = deployment.proxy.hold("/parts/9 ");
    recipient.press_at(0, "Save").await?;
    until("part 9", async || Ok((held.met() > 0).then_some(()))).await?;
    browser.refresh().await?;
    drop(held);
    recipient.is_at("landing").await?;
    assert_eq!(recipient.heading().await?, "You were opening this item");
    recipient.view_item().await?;
    recipient.press_at(0, "Save").await?;
    assert!(browser.downloaded("twenty.dat", content.len()).await? == content);
    opened_once(&deployment, &share).await
}

pub(crate) async fn saving_can_be_cancelled_and_begun_again(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let browser = Browser::start().await?;
    let (one, two) = (noise(5, 4 * MIB), noise(6, 4 * MIB));
    let files = [("one.dat", BYTES, one.as_slice()), ("two.dat", BYTES, two.as_slice())];
    let share = upload::put(&deployment, "Two", &files, Terms::default()).await?;
    let recipient = opened(&browser, &deployment, &share).await?;
    let held = deployment.proxy.hold("/parts/2 ");
    recipient.press("Save all").await?;
    until("part 2", async || Ok((held.met() > 0).then_some(()))).await?;
    recipient.press_at(1, "Cancel").await?;
    recipient.says(Some(1), "cancelled").await?;
    recipient.press_at(0, "Cancel").await?;
    recipient.says(Some(0), "cancelled").await?;
    drop(held);
    recipient.press_at(1, "Save").await?;
    assert!(browser.downloaded("two.dat", two.len()).await? == two);
    assert!(!browser.downloads().join("one.dat").exists());

    recipient.press("Done, delete now").await?;
    let question = "#attachments > .question";
    recipient.tells(question, "1 attachment was not saved. Delete anyway?").await?;
    recipient.press("Go on saving").await?;
    assert_eq!(deployment.proxy.count("/ack"), 0);
    recipient.press("Save").await?;
    assert!(browser.downloaded("one.dat", one.len()).await? == one);
    recipient.press("Done, delete now").await?;
    recipient.is_at("cleared").await?;
    opened_once(&deployment, &share).await
}

/// The files of a store's parts, in the order they were stored.
pub(crate) fn part_files(deployment: &Deployment) -> Result<Vec<PathBuf>> {
    let Store::Sqlite(folder) = deployment.server.store() else { return Ok(Vec::new()) };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder.path().join("waxseal.db.parts"))? {
        let path = entry?.path();
        let number: i64 =
            path.file_name().and_then(|name| name.to_str()).context("a name")?.parse()?;
        files.push((number, path));
    }
    files.sort();
    Ok(files.into_iter().map(|(_, path)| path).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_parts_are_refused_and_the_others_are_saved() -> Result<()> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    let browser = Browser::start().await?;
    let content: Vec<Vec<u8>> = (0..3).map(|n| noise(10 + n, 3 * MIB)).collect();
    let names = ["a.dat", "b.dat", "c.dat"];
    let files: Vec<Attached<'_>> = names
        .iter()
        .zip(&content)
        .map(|(name, content)| (*name, BYTES, content.as_slice()))
        .collect();
    let terms = Terms { views: None, ..Terms::default() };
    let other = upload::put(&deployment, "Other", &files, terms).await?;
    let others = part_files(&deployment)?;
    let share = upload::put(&deployment, "Damaged", &files, terms).await?;
    let mine = part_files(&deployment)?.split_off(others.len());
    assert_eq!(mine.len() as u64, share.request.size.parts(), "each part is a file");
    assert_eq!(other.request.size, share.request.size);

    // Of b.dat: part 4 lies in it as a whole. Everything is mended before the next damage.
    let (part, next) = (&mine[4], &mine[5]);
    let (whole, after) = (fs::read(part)?, fs::read(next)?);
    let mut flipped = whole.clone();
    flipped[500_000] ^= 1;
    let cases: [(&str, Vec<u8>); 4] = [
        ("flipped", flipped),
        ("cut", whole[..whole.len() - 16_400].to_vec()),
        ("another part of this share", after),
        ("the same part of another share", fs::read(&others[4])?),
    ];
    for (what, bytes) in cases {
        assert_ne!(bytes, whole, "{what}");
        fs::write(part, bytes)?;
        let recipient = opened(&browser, &deployment, &share).await?;
        recipient.press_at(1, "Save").await?;
        recipient.tells(".files > li:nth-child(2) .said.error", "").await?;
        if what != "cut" {
            recipient.says(Some(1), "is damaged").await?;
            recipient.says(Some(1), "Tell the sender").await?;
        }
        assert!(!browser.downloads().join("b.dat").exists(), "{what}");
        recipient.press_at(2, "Save").await?;
        assert!(browser.downloaded("c.dat", content[2].len()).await? == content[2], "{what}");
        fs::remove_file(browser.downloads().join("c.dat"))?;
        fs::write(part, &whole)?;
        recipient.press_at(1, "Save").await?;
        assert!(browser.downloaded("b.dat", content[1].len()).await? == content[1], "{what}");
        fs::remove_file(browser.downloads().join("b.dat"))?;
    }
    Ok(())
}

/// Lets a minute pass in no time.
const FAST_MINUTES: &str = "const later = window.setTimeout; window.setTimeout = (act, delay, ...rest) => \
    later(act, delay === 60000 ? 20 : delay, ...rest)";

pub(crate) async fn the_place_is_kept_till_the_sender_revokes(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let browser = Browser::start().await?;
    browser.before_pages(FAST_MINUTES).await?;
    let files: [Attached<'_>; 2] =
        [("a.txt", "text/plain", b"one"), ("b.txt", "text/plain", b"two")];
    let share = upload::put(&deployment, "Kept", &files, Terms::default()).await?;
    let recipient = opened(&browser, &deployment, &share).await?;
    let until_when = "Object.values(sessionStorage)[0].split('\\n')[3]";
    let before = browser.value(until_when).await?;
    until("a later end of the lease", async || {
        Ok((browser.value(until_when).await? != before).then_some(()))
    })
    .await?;
    assert!(deployment.proxy.count("/lease") > 0);
    assert_eq!(deployment.api.revoke(&share).await?.status, 200);
    recipient.says(None, "the item was taken back").await?;
    recipient.says(None, "2 attachments cannot be saved any more").await?;
    recipient.is_done().await?;
    assert!(!keeps_place(&browser).await?);
    assert!(!browser.shows(".files .actions button").await?);
    browser.click("[data-slot=clear]").await?;
    recipient.is_at("cleared").await
}
