//! Attachments from the sender's page: on their way, and every way an upload is disturbed.

use crate::{accessibility::Inspector, keyboard::tab_to};
use anyhow::{Context, Result};
use serde_json::json;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use tempfile::TempDir;
use waxseal_tests::{
    attachments::{self, Opened, noise, stored_parts},
    browser::{Browser, Key},
    clock::Clock,
    deployment::Deployment,
    search::Secrets,
    sender::Sender,
    server::Engine,
    wait::until,
};

/// Padded, this is 20 parts.
const TWENTY_PARTS: usize = 19 * 1024 * 1024 + 300_000;

/// Files on this machine's disk.
pub(crate) struct Disk(TempDir);

impl Disk {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(tempfile::tempdir()?))
    }

    /// The path of what is called `name`.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &[u8]) -> Result<PathBuf> {
        let path = self.path(name);
        fs::create_dir_all(path.parent().context("a file lies in a folder")?)?;
        fs::write(&path, content)?;
        Ok(path)
    }
}

/// A sender's page with one file attached, and the dialog open.
async fn about_to_send<'a>(
    deployment: &Deployment,
    browser: &'a Browser,
    file: &Path,
) -> Result<Sender<'a>> {
    let sender = Sender::open(browser, &deployment.origin()).await?;
    sender.attach(&[file]).await?;
    sender.attachments(1).await?;
    sender.share().await?;
    Ok(sender)
}

fn assert_holds(opened: &Opened, expected: &[(&str, &[u8])]) {
    let names: Vec<&str> = opened.manifest.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, expected.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for ((name, content), (_, wanted)) in opened.named().into_iter().zip(expected) {
        assert!(content == *wanted, "{name} is not what was attached");
    }
}

async fn nothing_is_stored(deployment: &Deployment) -> Result<()> {
    until("an empty store", async || Ok((stored_parts(deployment)? == 0).then_some(()))).await
}

pub(crate) async fn attachments_of_every_size_arrive_with_name_and_type(
    engine: Engine,
) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let browser = Browser::start().await?;
    let disk = Disk::new()?;
    let large = noise(1, 5 * 1024 * 1024 + 17);
    let sender = Sender::open(&browser, &deployment.origin()).await?;
    let files = [
        disk.write("empty.txt", b"")?,
        disk.write("größe & <b>.pdf", b"%PDF")?,
        disk.write("large.bin", &large)?,
        disk.write("removed.zip", b"not to be sent")?,
        disk.write("other/empty.txt", b"of the same name")?,
    ];
    sender.attach(&files[..2].iter().map(PathBuf::as_path).collect::<Vec<_>>()).await?;
    sender.attachments(2).await?;
    sender.attach(&files[2..].iter().map(PathBuf::as_path).collect::<Vec<_>>()).await?;
    let shown = sender.attachments(5).await?;
    assert_eq!(shown[2], ("large.bin".to_owned(), "5.2 MB".to_owned()));
    sender.remove_attachment(3).await?;
    sender.attachments(4).await?;
    assert!(browser.text("#files-total").await?.starts_with("4 attachments, 5.2 MB of "));

    sender.share().await?;
    sender.more().await?;
    sender.passphrase("the right one").await?;
    let link = sender.get_link().await?;
    assert!(browser.text("#result-facts").await?.ends_with(" 4 attachments, 5.2 MB."));
    let opened = attachments::open(&deployment.api, &link, "the right one").await?;
    let expected: [(&str, &[u8]); 4] = [
        ("empty.txt", b""),
        ("größe & <b>.pdf", b"%PDF"),
        ("large.bin", &large),
        ("empty.txt", b"of the same name"),
    ];
    assert_holds(&opened, &expected);
    let types: Vec<&str> =
        opened.manifest.files.iter().map(|file| file.media_type.as_str()).collect();
    let unknown = "application/octet-stream";
    assert_eq!(types, ["text/plain", "application/pdf", unknown, "text/plain"]);
    assert!(opened.manifest.fields.is_empty(), "nothing was written");

    sender.done().await?;
    sender.attachments(0).await?;
    assert_eq!(browser.text("#files-total").await?, "");
    assert_eq!(sender.kept_links().await?, 1);

    let mut secrets = Secrets::default();
    secrets.add_text("a name", "größe & <b>.pdf");
    secrets.add_bytes("a content", &large[1000..1064]);
    let mut seen = deployment.proxy.traffic();
    seen.extend([deployment.server.logs(), deployment.server.store().at_rest()?]);
    for bytes in seen {
        assert_eq!(secrets.found_in(&bytes), BTreeSet::new());
    }
    browser.is_quiet(&deployment.origin()).await
}

pub(crate) async fn small_attachments_go_in_one_request(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let browser = Browser::start().await?;
    let disk = Disk::new()?;
    let key = noise(2, 3000);
    let file = disk.write("id_ed25519", &key)?;
    let sender = about_to_send(&deployment, &browser, &file).await?;
    let link = sender.get_link().await?;
    assert_eq!(deployment.proxy.count("PUT "), 0);
    let opened = attachments::open(&deployment.api, &link, "").await?;
    assert_holds(&opened, &[("id_ed25519", &key)]);
    Ok(())
}

pub(crate) async fn a_cancelled_upload_leaves_nothing_on_the_server(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let browser = Browser::start().await?;
    let disk = Disk::new()?;
    let content = noise(5, TWENTY_PARTS);
    let file = disk.write("large.bin", &content)?;
    let sender = about_to_send(&deployment, &browser, &file).await?;
    let held = deployment.proxy.hold("/parts/9 ");
    sender.begin().await?;
    until("a part in the middle", async || Ok((held.met() > 0).then_some(()))).await?;
    assert!(stored_parts(&deployment)? > 0, "the first parts are there");
    assert!(browser.shows("#upload-bar").await?);
    let words = browser.text("#upload-words").await?;
    assert!(words.contains(" of 20.4 MB"), "{words}");
    browser.click("#upload-cancel").await?;
    browser.wait_for("#get-link").await?;
    assert!(browser.text("#options-note").await?.starts_with("Cancelled."));
    nothing_is_stored(&deployment).await?;
    drop(held);
    assert_eq!(sender.kept_links().await?, 0);

    let link = sender.get_link().await?;
    let opened = attachments::open(&deployment.api, &link, "").await?;
    assert_holds(&opened, &[("large.bin", &content)]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_is_left_takes_its_upload_back() -> Result<()> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    let browser = Browser::start().await?;
    let disk = Disk::new()?;
    let file = disk.write("large.bin", &noise(6, 8_000_000))?;
    let sender = about_to_send(&deployment, &browser, &file).await?;
    let _held = deployment.proxy.hold("/parts/6 ");
    sender.begin().await?;
    until("some parts", async || Ok((stored_parts(&deployment)? > 3).then_some(()))).await?;
    browser.goto("about:blank").await?;
    nothing_is_stored(&deployment).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_changes_while_it_is_sent_is_named() -> Result<()> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    let browser = Browser::start().await?;
    let disk = Disk::new()?;
    let sender = Sender::open(&browser, &deployment.origin()).await?;
    let steady = noise(7, 3_000_000);
    let files =
        [disk.write("steady.bin", &steady)?, disk.write("changing.log", &noise(8, 9_000_000))?];
    sender.attach(&[&files[0], &files[1]]).await?;
    sender.attachments(2).await?;
    sender.share().await?;
    let held = deployment.proxy.hold("PUT ");
    sender.begin().await?;
    until("the first part", async || Ok((held.met() > 0).then_some(()))).await?;
    disk.write("changing.log", &noise(9, 8_000_000))?;
    drop(held);
    let said = sender.refusal().await?;
    assert!(said.starts_with("“changing.log” cannot be read, or changed"), "{said}");
    nothing_is_stored(&deployment).await?;

    browser.click("[data-close]").await?;
    sender.remove_attachment(1).await?;
    sender.share().await?;
    let link = sender.get_link().await?;
    let opened = attachments::open(&deployment.api, &link, "").await?;
    assert_holds(&opened, &[("steady.bin", &steady)]);
    Ok(())
}

pub(crate) async fn an_upload_survives_a_cut_at_every_request(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let browser = Browser::start().await?;
    let disk = Disk::new()?;
    let content = noise(10, TWENTY_PARTS);
    let file = disk.write("large.bin", &content)?;
    let sender = about_to_send(&deployment, &browser, &file).await?;
    let cut = deployment.proxy.cut_once(" /api/shares");
    let link = sender.get_link().await?;
    // Creation, 20 parts, publication.
    assert_eq!(cut.met(), 22, "{:?}", deployment.proxy.requests());
    let opened = attachments::open(&deployment.api, &link, "").await?;
    assert_holds(&opened, &[("large.bin", &content)]);
    Ok(())
}

pub(crate) async fn an_upload_goes_on_after_a_crash_of_the_server(engine: Engine) -> Result<()> {
    let mut deployment = Deployment::start(engine).await?;
    let browser = Browser::start().await?;
    let disk = Disk::new()?;
    let content = noise(11, TWENTY_PARTS);
    let file = disk.write("large.bin", &content)?;
    let sender = about_to_send(&deployment, &browser, &file).await?;
    let held = deployment.proxy.hold("/parts/9 ");
    sender.begin().await?;
    until("a part in the middle", async || Ok((held.met() > 0).then_some(()))).await?;
    let before = stored_parts(&deployment)?;
    assert!(before > 0, "the first parts are there");
    deployment.server.kill();
    drop(held);
    browser.wait_for("#upload-waiting").await?;
    deployment.server.restart()?;
    let link = sender.link().await?;
    let opened = attachments::open(&deployment.api, &link, "").await?;
    assert_holds(&opened, &[("large.bin", &content)]);
    let first = deployment.proxy.count("/parts/0 ");
    assert_eq!(first, 1, "what was stored is not sent again");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_goes_on_when_the_network_is_back() -> Result<()> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    let browser = Browser::start().await?;
    let disk = Disk::new()?;
    let content = noise(12, 9_000_000);
    let file = disk.write("large.bin", &content)?;
    let sender = about_to_send(&deployment, &browser, &file).await?;
    let cut = deployment.proxy.cut("PUT ");
    sender.begin().await?;
    browser.wait_for("#upload-waiting").await?;
    assert!(cut.met() > 0);
    assert!(browser.text("#upload-words").await?.ends_with("no connection"));
    drop(cut);
    let link = sender.link().await?;
    assert!(!browser.shows("#upload-waiting").await?);
    let opened = attachments::open(&deployment.api, &link, "").await?;
    assert_holds(&opened, &[("large.bin", &content)]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_the_server_has_forgotten_can_be_begun_again() -> Result<()> {
    let clock = Clock::start()?;
    let deployment = Deployment::with(Engine::Sqlite, &[], Some(&clock)).await?;
    let browser = Browser::start().await?;
    let disk = Disk::new()?;
    let content = noise(16, 4_000_000);
    let file = disk.write("large.bin", &content)?;
    let sender = about_to_send(&deployment, &browser, &file).await?;
    let held = deployment.proxy.hold("/parts/2 ");
    sender.begin().await?;
    until("a part in the middle", async || Ok((held.met() > 0).then_some(()))).await?;
    clock.forward(Duration::from_secs(61 * 60))?;
    drop(held);
    let said = sender.refusal().await?;
    assert!(said.starts_with("The server has forgotten what was sent"), "{said}");
    sender.attachments(1).await?;
    let link = sender.get_link().await?;
    let opened = attachments::open(&deployment.api, &link, "").await?;
    assert_holds(&opened, &[("large.bin", &content)]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_server_refuses_and_everything_is_kept() -> Result<()> {
    let quota = ["--max-bytes", "4000000", "--max-staged-bytes", "6000000"];
    let deployment = Deployment::with(Engine::Sqlite, &quota, None).await?;
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    let disk = Disk::new()?;
    let file = disk.write("large.bin", &noise(13, 3_900_000))?;
    let first = about_to_send(&deployment, &here, &file).await?;
    let second = about_to_send(&deployment, &there, &file).await?;
    let held = deployment.proxy.hold("/publish");
    first.begin().await?;
    until("all parts", async || Ok((held.met() > 0).then_some(()))).await?;
    let stored = stored_parts(&deployment)?;
    second.begin().await?;
    let said = second.refusal().await?;
    assert!(said.contains("unfinished"), "{said}");
    until("the first share's parts alone", async || {
        Ok((stored_parts(&deployment)? == stored).then_some(()))
    })
    .await?;
    drop(held);
    first.link().await?;
    second.get_link().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_attached_and_an_upload_is_cancelled_with_the_keyboard_alone() -> Result<()> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    let browser = Browser::start().await?;
    let disk = Disk::new()?;
    let file = disk.write("large.bin", &noise(14, 3_000_000))?;
    let sender = Sender::open(&browser, &deployment.origin()).await?;
    tab_to(&browser, "#pick").await?;
    sender.attach(&[&file, &file]).await?;
    sender.attachments(2).await?;
    browser.click("#title").await?;
    tab_to(&browser, "#files > li:first-child [data-slot=remove]").await?;
    browser.press(Key::Space).await?;
    sender.attachments(1).await?;
    let focus = "document.activeElement.getAttribute('aria-label')";
    assert_eq!(browser.value(focus).await?, "Remove large.bin", "the focus is on the next one");
    tab_to(&browser, "#share").await?;
    browser.press(Key::Enter).await?;
    browser.wait_for("#get-link").await?;
    tab_to(&browser, "#get-link").await?;
    let _held = deployment.proxy.hold("/parts/1 ");
    browser.press(Key::Enter).await?;
    browser.wait_for("#upload-cancel").await?;
    for _ in 0..3 {
        browser.press(Key::Escape).await?;
    }
    assert!(browser.shows("#upload-cancel").await?, "Escape does not hide an upload");
    tab_to(&browser, "#upload-cancel").await?;
    browser.press(Key::Enter).await?;
    browser.wait_for("#get-link").await?;
    nothing_is_stored(&deployment).await?;
    browser.press(Key::Escape).await?;
    assert!(!browser.shows("#dialog").await?);
    sender.attachments(1).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_to_do_with_attachments_is_accessible() -> Result<()> {
    let deployment = Deployment::with(Engine::Sqlite, &["--max-bytes", "4000000"], None).await?;
    let browser = Browser::start().await?;
    let mut inspector = Inspector::new(&browser)?;
    let disk = Disk::new()?;
    let long = format!("{}.bin", "a-very-long-name-without-a-single-space".repeat(5));
    let files = [disk.write(&long, &noise(15, 3_900_000))?, disk.write("b.png", &[0; 200_000])?];
    let sender = Sender::open(&browser, &deployment.origin()).await?;
    sender.attach(&[&files[0], &files[1]]).await?;
    sender.attachments(2).await?;
    browser.wait_for("#files-error:not(:empty)").await?;
    inspector.inspect("attachments, too large").await?;
    let over = json!({
        "type": "dragEnter", "x": 100, "y": 100,
        "data": { "items": [], "files": [files[1].display().to_string()], "dragOperationsMask": 1 },
    });
    browser.devtools("Input.dispatchDragEvent", over).await?;
    browser.wait_for("#dropping").await?;
    until("the end of a drag that nobody hears of any more", async || {
        Ok((!browser.shows("#dropping").await?).then_some(()))
    })
    .await?;
    browser.execute("document.querySelector('#dropping').hidden = false", vec![]).await?;
    inspector.inspect("a drag over the page").await?;
    browser.execute("document.querySelector('#dropping').hidden = true", vec![]).await?;
    sender.remove_attachment(1).await?;
    sender.share().await?;
    let cut = deployment.proxy.cut("PUT ");
    sender.begin().await?;
    browser.wait_for("#upload-waiting").await?;
    inspector.inspect("an upload without a connection").await?;
    drop(cut);
    let held = deployment.proxy.hold("/publish");
    until("the publication", async || Ok((held.met() > 0).then_some(()))).await?;
    let said = browser.text("#upload-status").await?;
    assert_eq!(said, "100 percent sent");
    inspector.inspect("an upload").await?;
    drop(held);
    sender.link().await?;
    inspector.inspect("the result").await?;
    inspector.verdict();
    Ok(())
}
