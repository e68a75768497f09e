//! Attachments on the recipient's page: saved as they were, whatever happens on the way.

use anyhow::{Context, Result};
use serde_json::Value;
use std::{fs, path::PathBuf};
use waxseal_tests::{
    attachments::noise,
    browser::{Browser, Key},
    deployment::Deployment,
    recipient::Recipient,
    server::{Engine, Store},
    share::{Share, Terms},
    upload::{self, Attached},
    wait::until,
};

/// Media type that says nothing.
const BYTES: &str = "application/octet-stream";

const MIB: usize = 1024 * 1024;

/// A browser that cannot ask where to save, as most.
const NO_PICKERS: &str = "delete window.showSaveFilePicker; delete window.showDirectoryPicker";

/// The system's dialogs, which nobody can answer here, give a file and a folder of the page's own.
const PICKERS: &str = "const root = () => navigator.storage.getDirectory(); \
    window.showSaveFilePicker = async options => { window.suggested = options.suggestedName; \
        return (await root()).getFileHandle('picked', { create: true }) }; \
    window.showDirectoryPicker = async () => \
        (await root()).getDirectoryHandle('folder', { create: true })";

/// Opens a share's link and waits for its attachments.
async fn opened<'a>(
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
async fn keeps_place(browser: &Browser) -> Result<bool> {
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
fn part_files(deployment: &Deployment) -> Result<Vec<PathBuf>> {
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_and_texts_are_shown_and_nothing_else_is() -> Result<()> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    let browser = Browser::start().await?;
    let png = data_encoding::BASE64.decode(
        b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==",
    )?;
    let mut bomb = png.clone();
    // 65,535 × 65,535 pixels, says the header.
    bomb[16..24].copy_from_slice(&[0, 0, 255, 255, 0, 0, 255, 255]);
    let html = b"<script>alert(1)</script><img src=x onerror=alert(2)>";
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(3)'/>";
    let long = "zeile mit ü\n".repeat(60_000);
    let files: [Attached<'_>; 8] = [
        ("pixel.png", "image/png", &png),
        ("page.html", "text/html", html),
        ("drawing.svg", "image/svg+xml", svg),
        ("really-a-page.png", "image/png", html),
        ("bomb.png", "image/png", &bomb),
        ("long.txt", "text/plain", long.as_bytes()),
        ("binary.txt", "text/plain", b"a\0b"),
        ("paper.pdf", "application/pdf", b"%PDF-1.7"),
    ];
    let share = upload::put(&deployment, "Looks", &files, Terms::default()).await?;
    let recipient = opened(&browser, &deployment, &share).await?;
    for n in [0, 1, 2, 5] {
        recipient.press_at(n, "Preview").await?;
        browser.wait_for(&format!(".files > li:nth-child({}) .shown > *", n + 1)).await?;
    }
    let pixel = "[...document.querySelector('.shown canvas').getContext('2d')\
        .getImageData(0, 0, 1, 1).data].some(value => value > 0)";
    assert_eq!(browser.value(pixel).await?, true, "the picture is drawn");
    let shown = |n: usize| format!(".files > li:nth-child({}) .shown pre", n + 1);
    assert_eq!(browser.text(&shown(1)).await?.as_bytes(), html);
    assert_eq!(browser.text(&shown(2)).await?.as_bytes(), svg);
    let start = browser.text(&shown(5)).await?;
    assert!(long.starts_with(&start) && start.len() <= 256 * 1024 && start.len() > 250 * 1024);
    recipient.tells(".files > li:nth-child(6) figcaption", "The first 263 KB of").await?;
    for (n, said) in
        [(3, "no picture that can be shown"), (4, "too large to be shown"), (6, "no plain text")]
    {
        recipient.press_at(n, "Preview").await?;
        recipient.says(Some(n), said).await?;
    }
    assert!(!browser.shows(".files > li:nth-child(8) .actions button:nth-child(1)").await?);
    let markup = "document.querySelectorAll('.files script, .files img, .shown svg').length";
    assert_eq!(browser.value(markup).await?, 0);
    recipient.press_at(0, "Hide").await?;
    assert!(!browser.shows(".files > li:nth-child(1) .shown").await?);
    browser.is_quiet(&deployment.origin()).await
}

/// Names that somebody would try.
fn hostile_names() -> Vec<String> {
    let starts = [
        "../",
        "..\\",
        "/",
        "C:\\",
        "....//",
        "a/../../",
        "\u{2215}..\u{2215}",
        "\u{ff0f}",
        "./",
        "~/",
        "\\\\server\\share\\",
        "%2e%2e%2f",
        "file:///",
        "\u{202e}",
        "\u{200f}\u{2066}",
        "\0",
        "\r\n",
        ".",
        "-",
        " ",
        "\u{feff}",
        "con.",
        "aux",
        "NUL",
        "COM1.",
    ];
    let ends = [
        "evil.exe",
        "etc/passwd",
        "<script>alert(1)</script>.html",
        "<img src=x onerror=alert(1)>",
        "\"onmouseover=alert(1).txt",
        "'; alert(1)//.js",
        "gpj.exe\u{202e}",
        "a.txt. . ",
        "",
        "..",
        "x\u{0}y.txt",
        "name\u{2028}line.txt",
        "a:b|c?d*e.txt",
        "javascript:alert(1)",
        "${alert(1)}.md",
        "{{constructor}}.svg",
        "same.txt",
        "SAME.TXT",
        "日本語 \u{1f56f}.txt",
    ];
    let mut names: Vec<String> =
        starts.iter().flat_map(|a| ends.iter().map(move |b| format!("{a}{b}"))).collect();
    names.extend((0..25).map(|n| format!("{}{n}.pdf", "very long ".repeat(10 * (n + 1)))));
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_500_hostile_names_none_runs_or_leaves_the_folder() -> Result<()> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    let browser = Browser::start().await?;
    browser.before_pages(NO_PICKERS).await?;
    let names = hostile_names();
    assert_eq!(names.len(), 500);
    let contents: Vec<String> = (0..500).map(|n| format!("content {n}")).collect();
    let files: Vec<Attached<'_>> = names
        .iter()
        .zip(&contents)
        .map(|(name, content)| (&**name, "text/html", content.as_bytes()))
        .collect();
    let share = upload::put(&deployment, "Names", &files, Terms::default()).await?;
    let recipient = opened(&browser, &deployment, &share).await?;
    let shown = recipient.attachments().await?;
    assert_eq!(shown.len(), 500);
    let invisible =
        |c: char| c.is_control() || "\u{202e}\u{2066}\u{200f}\u{feff}\u{2028}".contains(c);
    for name in &shown {
        assert!(
            !name.contains(['/', '\\', ':', '<', '"']) && !name.contains(invisible),
            "{name:?}"
        );
        assert!(!name.starts_with('.') && name.len() <= 220, "{name:?}");
    }
    let isolated = "[...document.querySelectorAll('.filename')].every(name => \
        name.tagName === 'BDI' && name.dir === 'auto' && name.children.length === 0)";
    assert_eq!(browser.value(isolated).await?, true);
    recipient.press("Save all").await?;
    recipient.tells("#attachments > .question", "can run a program").await?;
    recipient.press("Save all anyway").await?;
    // They go one after the other, as fast as the browser takes them.
    for some in (50..=500).step_by(50) {
        let handed = "[...document.querySelectorAll('.said.good')].filter(e => !e.hidden).length";
        until(&format!("{some} handed over"), async || {
            let handed = browser.value(handed).await?.as_u64();
            Ok(handed.filter(|handed| *handed >= some))
        })
        .await?;
    }
    let folder = browser.downloads();
    let saved = until("500 files", async || {
        let entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
        let whole = |entry: &fs::DirEntry| {
            let name = entry.file_name();
            !name.to_string_lossy().ends_with(".crdownload")
                && entry.metadata().is_ok_and(|file| file.is_file() && file.len() > 0)
        };
        let all = entries.len() == 500 && entries.iter().all(whole);
        Ok(all.then_some(entries))
    })
    .await?;
    let mut found: Vec<String> = Vec::new();
    for entry in saved {
        found.push(fs::read_to_string(entry.path())?);
    }
    found.sort();
    let mut expected = contents.clone();
    expected.sort();
    assert_eq!(found, expected, "each is there once");
    browser.is_quiet(&deployment.origin()).await
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
    recipient.says(None, "the sender revoked the item").await?;
    recipient.says(None, "2 attachments cannot be saved any more").await?;
    recipient.is_done().await?;
    assert!(!keeps_place(&browser).await?);
    assert!(!browser.shows(".files .actions button").await?);
    browser.click("[data-slot=clear]").await?;
    recipient.is_at("cleared").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_is_saved_with_the_keyboard_after_a_warning() -> Result<()> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    let browser = Browser::start().await?;
    let files: [Attached<'_>; 1] = [("setup.exe", BYTES, b"MZ")];
    let share = upload::put(&deployment, "Program", &files, Terms::default()).await?;
    let recipient = opened(&browser, &deployment, &share).await?;
    recipient.tells(".risk", "can run a program").await?;
    crate::keyboard::tab_to(&browser, "[aria-label=\"Save setup.exe\"]").await?;
    browser.press(Key::Enter).await?;
    recipient.tells(".file .question", "Opening this file can run a program").await?;
    assert_eq!(browser.value("document.activeElement.textContent").await?, "Do not save");
    browser.press(Key::Space).await?;
    assert_eq!(browser.value("document.activeElement.ariaLabel").await?, "Save setup.exe");
    browser.press(Key::Enter).await?;
    crate::keyboard::tab_to(&browser, ".file .question button:first-child").await?;
    browser.press(Key::Enter).await?;
    assert_eq!(browser.downloaded("setup.exe", 2).await?, b"MZ");
    crate::keyboard::tab_to(&browser, "#attachments > .row button:last-child").await?;
    browser.press(Key::Enter).await?;
    recipient.is_at("cleared").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_is_accessible() -> Result<()> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    let browser = Browser::start().await?;
    let large = noise(11, 3 * MIB);
    let long = format!("{}.txt", "a-very-long-name-without-a-single-space".repeat(4));
    let files: [Attached<'_>; 3] = [
        (&long, "text/plain", b"some text\n"),
        ("setup.exe", BYTES, b"MZ"),
        ("large.dat", BYTES, &large),
    ];
    let share = upload::put(&deployment, "Accessible", &files, Terms::default()).await?;
    let recipient = opened(&browser, &deployment, &share).await?;
    let mut inspector = crate::accessibility::Inspector::new(&browser)?;
    inspector.inspect("attachments").await?;
    recipient.press_at(0, "Preview").await?;
    browser.wait_for(".shown pre").await?;
    recipient.press_at(1, "Save").await?;
    browser.wait_for(".question:not([hidden])").await?;
    inspector.inspect("attachments with a preview and a question").await?;
    recipient.press_at(1, "Do not save").await?;
    let held = deployment.proxy.hold("/parts/2 ");
    recipient.press("Save all").await?;
    recipient.press("Save all anyway").await?;
    until("part 2", async || Ok((held.met() > 0).then_some(()))).await?;
    inspector.inspect("attachments being saved").await?;
    drop(held);
    recipient.says(None, "Check that they are there").await?;
    inspector.inspect("attachments handed over").await?;
    inspector.verdict();
    Ok(())
}
