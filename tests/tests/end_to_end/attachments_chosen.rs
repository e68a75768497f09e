//! Attachments at the sender's page: every way in, and what is too much.

use crate::attachments_sent::Disk;
use anyhow::{Context, Result};
use serde_json::json;
use std::{fs, path::PathBuf};
use waxseal_tests::{
    attachments::{self, noise},
    browser::Browser,
    deployment::Deployment,
    sender::Sender,
    server::Engine,
    wait::until,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_and_folders_can_be_dropped_anywhere() -> Result<()> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    let browser = Browser::start().await?;
    let disk = Disk::new()?;
    let sender = Sender::open(&browser, &deployment.origin()).await?;
    let note = disk.write("note.txt", b"a note")?;
    disk.write("photos/summer/lake.jpg", b"a lake")?;
    disk.write("photos/list.txt", b"a list")?;
    for n in 0..120 {
        disk.write(&format!("photos/many/{n}.txt"), format!("number {n}").as_bytes())?;
    }
    let folder = disk.path("photos");
    sender.drop(&[&note, &folder]).await?;
    let shown = sender.attachments(123).await?;
    assert_eq!(shown[0].0, "note.txt");
    assert!(!browser.shows("#dropping").await?, "the drag is over");

    let empty = disk.path("empty");
    fs::create_dir(&empty)?;
    sender.drop(&[&empty]).await?;
    browser.wait_for("#files-error:not(:empty)").await?;
    let said = browser.text("#files-error").await?;
    assert_eq!(said, "There is no file in the folder “empty”.");

    sender.share().await?;
    let link = sender.get_link().await?;
    let opened = attachments::open(&deployment.api, &link, "").await?;
    let mut files = opened.named();
    files.sort_unstable();
    assert_eq!(files.len(), 123);
    for expected in [
        ("note.txt", "a note"),
        ("photos/summer/lake.jpg", "a lake"),
        ("photos/list.txt", "a list"),
        ("photos/many/119.txt", "number 119"),
    ] {
        let found = files.binary_search(&(expected.0, expected.1.as_bytes()));
        assert!(found.is_ok(), "{} is missing", expected.0);
    }
    browser.is_quiet(&deployment.origin()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_screenshot_is_pasted_and_text_stays_text() -> Result<()> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    let browser = Browser::start().await?;
    let sender = Sender::open(&browser, &deployment.origin()).await?;
    let permissions = json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
    browser.devtools("Browser.grantPermissions", permissions).await?;
    let copy_picture = "const done = arguments[0]; const canvas = new OffscreenCanvas(3, 2); \
        canvas.getContext('2d').fillRect(0, 0, 1, 1); canvas.convertToBlob().then(blob => \
        navigator.clipboard.write([new ClipboardItem({ 'image/png': blob })]))\
        .then(() => done(null), error => done(String(error)))";
    let paste = json!({ "type": "keyDown", "commands": ["paste"] });
    let area = "#fields > li:first-child [data-slot=value] > *";

    browser.click(area).await?;
    let copied = browser.execute_async(copy_picture, vec![]).await?;
    assert_eq!(copied, json!(null), "the picture is in the clipboard");
    browser.devtools("Input.dispatchKeyEvent", paste.clone()).await?;
    let shown = sender.attachments(1).await?;
    let digits: String =
        shown[0].0.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(digits, "screenshot-0000-00-00-00.00.00.png");

    // A word processor puts a picture of the text beside it.
    let copy_both = "const done = arguments[0]; const canvas = new OffscreenCanvas(3, 2); \
        canvas.getContext('2d'); canvas.convertToBlob().then(blob => navigator.clipboard.write([\
        new ClipboardItem({ 'image/png': blob, 'text/plain': new Blob(['from a letter'], \
        { type: 'text/plain' }) })])).then(() => done(null), error => done(String(error)))";
    let copied = browser.execute_async(copy_both, vec![]).await?;
    assert_eq!(copied, json!(null), "picture and text are in the clipboard");
    browser.devtools("Input.dispatchKeyEvent", paste).await?;
    let written = format!("document.querySelector('{area}').value");
    until("the text", async || {
        Ok((browser.value(&written).await? == "from a letter").then_some(()))
    })
    .await?;
    sender.attachments(1).await?;
    sender.share().await?;
    let link = sender.get_link().await?;
    let opened = attachments::open(&deployment.api, &link, "").await?;
    assert_eq!(opened.manifest.files[0].media_type, "image/png");
    assert!(opened.files[0].starts_with(b"\x89PNG"));
    assert_eq!(opened.manifest.fields[0].value, "from a letter");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_is_told_before_anything_is_sealed() -> Result<()> {
    let limit = ["--max-bytes", "1000000"];
    let deployment = Deployment::with(Engine::Sqlite, &limit, None).await?;
    let browser = Browser::start().await?;
    let disk = Disk::new()?;
    let sender = Sender::open(&browser, &deployment.origin()).await?;
    let files = [
        disk.write("half.bin", &noise(3, 600_000))?,
        disk.write("other half.bin", &noise(4, 600_000))?,
    ];
    sender.attach(&[&files[0], &files[1]]).await?;
    sender.attachments(2).await?;
    let total = browser.text("#files-total").await?;
    assert_eq!(total, "2 attachments, 1.2 MB of 1.0 MB");
    let said = browser.text("#files-error").await?;
    assert!(said.starts_with("The attachments are 200 KB too large"), "{said}");
    browser.click("#share").await?;
    browser.wait_for("#compose-error:not(:empty)").await?;
    assert!(!browser.shows("#dialog").await?);

    sender.remove_attachment(1).await?;
    sender.attachments(1).await?;
    assert_eq!(browser.text("#files-error").await?, "");
    let many: Vec<PathBuf> =
        (0..1001).map(|n| disk.write(&format!("many/{n}"), b"")).collect::<Result<_>>()?;
    let folder = many[0].parent().context("a file lies in a folder")?;
    sender.drop(&[folder]).await?;
    browser.wait_for("#files-error:not(:empty)").await?;
    let said = browser.text("#files-error").await?;
    assert!(said.starts_with("A share has at most 1000 attachments."), "{said}");
    sender.attachments(1).await?;
    assert_eq!(deployment.proxy.count("POST /api/shares"), 0);
    sender.share().await?;
    sender.get_link().await?;
    Ok(())
}
