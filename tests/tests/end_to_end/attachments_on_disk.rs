//! Attachments on disk: in picked files and folders, and in private files.
//!
//! Invariant: nothing is overwritten, and what was not verified leaves nothing behind.

use crate::attachments_opened::{BYTES, MIB, NO_PICKERS, keeps_place, opened, part_files};
use anyhow::{Context, Result};
use serde_json::Value;
use std::fs;
use waxseal_tests::{
    attachments::noise,
    browser::Browser,
    deployment::Deployment,
    server::Engine,
    share::Terms,
    upload::{self, Attached},
    wait::until,
};

/// The system's dialogs, which nobody can answer here, give a file and a folder of the page's own.
const PICKERS: &str = "const root = () => navigator.storage.getDirectory(); \
    window.showSaveFilePicker = async options => { window.suggested = options.suggestedName; \
        return (await root()).getFileHandle('picked', { create: true }) }; \
    window.showDirectoryPicker = async () => \
        (await root()).getDirectoryHandle('folder', { create: true })";

/// Downloads a file of the private file system, to look into it.
async fn from_private(browser: &Browser, path: &str, len: usize) -> Result<Vec<u8>> {
    let download = "const [path, done] = [arguments[0].split('/'), arguments[1]]; \
        (async () => { let place = await navigator.storage.getDirectory(); \
        for (const name of path.slice(0, -1)) place = await place.getDirectoryHandle(name); \
        const file = await (await place.getFileHandle(path.at(-1))).getFile(); \
        const link = document.createElement('a'); link.download = 'looked-into'; \
        link.href = URL.createObjectURL(file.slice(0, file.size, 'application/octet-stream')); \
        link.click(); })().then(() => done(), e => done(String(e)))";
    let failure = browser.execute_async(download, vec![path.into()]).await?;
    assert_eq!(failure, Value::Null);
    let content = browser.downloaded("looked-into", len).await?;
    fs::remove_file(browser.downloads().join("looked-into"))?;
    Ok(content)
}

/// The names in the private file system.
async fn private_names(browser: &Browser) -> Result<Vec<String>> {
    let list = "const done = arguments[0]; (async () => { const names = []; \
        for await (const name of (await navigator.storage.getDirectory()).keys()) names.push(name); \
        return names.sort(); })().then(done, e => done([String(e)]))";
    Ok(serde_json::from_value(browser.execute_async(list, vec![]).await?)?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_file_is_streamed_to_the_place_that_was_picked() -> Result<()> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    let browser = Browser::start().await?;
    browser.before_pages(PICKERS).await?;
    let content = noise(7, 33 * MIB);
    let files = [("film.mp4", "video/mp4", content.as_slice())];
    let share = upload::put(&deployment, "Film", &files, Terms::default()).await?;
    let recipient = opened(&browser, &deployment, &share).await?;
    recipient.press_at(0, "Save").await?;
    recipient.says(Some(0), "Saved").await?;
    assert_eq!(browser.value("window.suggested").await?, "film.mp4");
    recipient.says(None, "Everything is saved. The server has deleted the item.").await?;
    recipient.is_done().await?;
    assert!(!keeps_place(&browser).await?);
    assert!(from_private(&browser, "picked", content.len()).await? == content);
    assert_eq!(deployment.proxy.count("/ack"), 1, "it is on disk for sure");
    browser.click("[data-slot=clear]").await?;
    recipient.is_at("cleared").await?;
    browser.is_quiet(&deployment.origin()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_saved_is_not_once_its_place_was_picked_again_in_vain() -> Result<()> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    let browser = Browser::start().await?;
    browser.before_pages(&PICKERS.replace("'picked'", "options.suggestedName")).await?;
    let content = noise(9, 33 * MIB);
    let files = [("one", BYTES, content.as_slice()), ("two", BYTES, content.as_slice())];
    let share = upload::put(&deployment, "Films", &files, Terms::default()).await?;
    let recipient = opened(&browser, &deployment, &share).await?;
    recipient.press_at(0, "Save").await?;
    recipient.says(Some(0), "Saved").await?;
    let held = deployment.proxy.hold("/parts/20 ");
    recipient.press_at(0, "Save again").await?;
    until("a part", async || Ok((held.met() > 0).then_some(()))).await?;
    recipient.press_at(0, "Cancel").await?;
    recipient.says(Some(0), "Not saved: cancelled").await?;
    drop(held);
    recipient.press_at(1, "Save").await?;
    recipient.says(Some(1), "Saved").await?;
    assert_eq!(private_names(&browser).await?, ["two"], "the picker emptied the first one");
    assert_eq!(deployment.proxy.count("/ack"), 0, "one is not saved");
    recipient.press_at(0, "Save").await?;
    recipient.says(None, "Everything is saved. The server has deleted the item.").await?;
    assert!(from_private(&browser, "one", content.len()).await? == content);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_leaves_nothing_at_the_place_that_was_picked() -> Result<()> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    let browser = Browser::start().await?;
    browser.before_pages(PICKERS).await?;
    let content = noise(8, 33 * MIB);
    let files = [("film.mp4", "video/mp4", content.as_slice())];
    let share = upload::put(&deployment, "Film", &files, Terms::default()).await?;
    let last = part_files(&deployment)?.pop().context("there are parts")?;
    let mut bytes = fs::read(&last)?;
    bytes[0] ^= 1;
    fs::write(&last, bytes)?;
    let before_last = &part_files(&deployment)?[30];
    let mut bytes = fs::read(before_last)?;
    bytes[77] ^= 1;
    fs::write(before_last, bytes)?;
    let recipient = opened(&browser, &deployment, &share).await?;
    recipient.press_at(0, "Save").await?;
    recipient.says(Some(0), "is damaged").await?;
    until("the place to be empty", async || {
        Ok(private_names(&browser).await?.is_empty().then_some(()))
    })
    .await?;
    assert_eq!(deployment.proxy.count("/ack"), 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_go_into_a_picked_folder_and_overwrite_nothing() -> Result<()> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    let browser = Browser::start().await?;
    browser.before_pages(PICKERS).await?;
    let contents: Vec<Vec<u8>> = (0..7).map(|n| noise(30 + n, n as usize * 200_000)).collect();
    let names: Vec<String> = (0..7).map(|n| format!("file {n}.dat")).collect();
    let files: Vec<Attached<'_>> =
        names.iter().zip(&contents).map(|(name, content)| (&**name, BYTES, &**content)).collect();
    let share = upload::put(&deployment, "Many", &files, Terms::default()).await?;
    let recipient = opened(&browser, &deployment, &share).await?;
    let there = "const done = arguments[0]; (async () => { \
        const folder = await window.showDirectoryPicker(); \
        const file = await folder.getFileHandle('file 3.dat', { create: true }); \
        const stream = await file.createWritable(); await stream.write('mine'); \
        await stream.close(); })().then(() => done(), e => done(String(e)))";
    assert_eq!(browser.execute_async(there, vec![]).await?, Value::Null);
    recipient.press("Save all").await?;
    recipient.says(None, "Everything is saved").await?;
    recipient.says(Some(3), "Saved as file 3 (2).dat").await?;
    for (n, (name, content)) in names.iter().zip(&contents).enumerate() {
        let name = if n == 3 { "file 3 (2).dat" } else { name };
        let saved = from_private(&browser, &format!("folder/{name}"), content.len()).await?;
        assert!(saved == *content, "{name}");
    }
    assert_eq!(from_private(&browser, "folder/file 3.dat", 4).await?, b"mine");
    assert_eq!(deployment.proxy.count("/ack"), 1);
    browser.is_quiet(&deployment.origin()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_file_without_a_picker_goes_through_private_files_that_are_removed() -> Result<()> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    let browser = Browser::start().await?;
    browser.before_pages(NO_PICKERS).await?;
    let content = noise(9, 33 * MIB);
    let files = [("film.mp4", "video/mp4", content.as_slice())];
    let terms = Terms { views: None, ..Terms::default() };
    let share = upload::put(&deployment, "Film", &files, terms).await?;
    let recipient = opened(&browser, &deployment, &share).await?;
    recipient.tells(".limits", "have twice its size free").await?;
    recipient.press_at(0, "Save").await?;
    assert!(browser.downloaded("film.mp4", content.len()).await? == content);
    let names = private_names(&browser).await?;
    assert!(matches!(&names[..], [name] if name.starts_with("waxseal-")), "{names:?}");

    // Another tab takes it for no leftover, however late it is.
    let first = browser.window().await?;
    let second = browser.new_window(true).await?.handle;
    browser.switch_to_window(second).await?;
    let later = "const now = Date.now; Date.now = () => now() + 11 * 60 * 1000";
    browser.before_pages(later).await?;
    let other = opened(&browser, &deployment, &share).await?;
    other.press("Done").await?;
    other.is_at("cleared").await?;
    assert_eq!(private_names(&browser).await?, names);

    // The first tab is gone without a word: then it is one.
    browser.switch_to_window(first).await?;
    browser.close_window().await?;
    let second = browser.windows().await?.pop().context("a window is left")?;
    browser.switch_to_window(second).await?;
    opened(&browser, &deployment, &share).await?;
    until("the leftover to be removed", async || {
        Ok(private_names(&browser).await?.is_empty().then_some(()))
    })
    .await
}
