//! Attachments on the screen: previews, names, warnings, and those who do not use a mouse or see.
//!
//! Invariant: nothing that a sender wrote runs, or is taken for a part of the page.

use crate::attachments_opened::{BYTES, MIB, NO_PICKERS, opened};
use anyhow::Result;
use std::fs;
use waxseal_tests::{
    attachments::noise,
    browser::{Browser, Key},
    deployment::Deployment,
    server::Engine,
    share::Terms,
    upload::{self, Attached},
    wait::until,
};

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
