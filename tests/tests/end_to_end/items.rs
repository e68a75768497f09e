//! What arrives: every field as it was written, shown and copied.

use anyhow::{Context, Result};
use std::time::{Duration, SystemTime};
use waxseal_core::{time::Timestamp, totp::Totp};
use waxseal_tests::{
    browser::Browser, deployment::Deployment, recipient::Recipient, sender::Sender, server::Engine,
    wait::until,
};

const MASK: &str = "••••••••";

pub(crate) async fn every_kind_of_field_arrives_as_it_was_written(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let origin = deployment.origin();
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    // Chromium takes a minute to insert thousands of lines at once.
    let long = format!("{}\n", "0123456789 äöü€ ".repeat(100)).repeat(55);
    assert!(long.len() > 100 * 1024);
    let written = [
        ("Lines", "multiline", "one\n\n  two\tthree\nfour\n"),
        ("Quotes", "text", r#"  "it's" `\ & <b>bold</b> ${x} %23 # "#),
        ("<i>Scripts</i>", "text", "emoji 🕯️👩‍👩‍👧 · עברית مرحبا\u{202e}abc · 日本語 · e\u{301}"),
        ("Password", "concealed", " s3cret\u{a0}with spaces "),
        ("Website", "url", "https://example.com/path?a=1&b=ü#part"),
        ("Not a website", "url", "javascript:alert(1)"),
        ("Long", "multiline", long.as_str()),
    ];

    let sender = Sender::open(&here, &origin).await?;
    let title = "<img src=x onerror=alert(1)> & title";
    sender.title(title).await?;
    for (n, (label, kind, value)) in written.iter().enumerate() {
        if n > 0 {
            sender.add_field().await?;
        }
        sender.label(n, label).await?;
        sender.kind(n, kind).await?;
        sender.write(n, value).await?;
    }
    sender.share().await?;
    sender.more().await?;
    let from = "<b>Dana</b> \"D\" O'Neill";
    sender.from(from).await?;
    let link = sender.get_link().await?;
    assert_eq!(here.copied_by("#copy-link").await?, link);
    assert!(here.copied_by("#copy-instructions").await?.contains(&link));

    let recipient = Recipient::open(&there, &link, "landing").await?;
    assert_eq!(recipient.heading().await?, "A shared item is waiting for you");
    assert_eq!(recipient.slot("views").await?, "Can be viewed only once");
    assert!(recipient.slot("expires").await?.starts_with("Until "));
    assert!(recipient.slot("size").await?.starts_with("Up to "));
    assert!(!recipient.shows("passphrase-row").await?);
    recipient.view_item().await?;
    assert_eq!(recipient.heading().await?, title);
    assert!(recipient.slot("from").await?.contains(from));
    assert!(recipient.shows("once").await?);
    assert!(!recipient.shows("policy").await?);
    assert_eq!(recipient.labels().await?, written.map(|(label, ..)| label));
    for (n, (label, kind, value)) in written.iter().enumerate() {
        let shown = if *kind == "concealed" { MASK } else { value };
        assert!(recipient.shown(n).await? == shown, "{label} is shown otherwise");
        assert!(recipient.copy(n).await? == *value, "{label} is copied otherwise");
    }
    recipient.reveal(3).await?;
    assert_eq!(recipient.shown(3).await?, written[3].2);
    recipient.reveal(3).await?;
    assert_eq!(recipient.shown(3).await?, MASK);
    let links =
        "[...document.querySelectorAll('[data-slot=value] *')].map(e => [e.tagName, e.href])";
    let expected = serde_json::json!([["A", "https://example.com/path?a=1&b=%C3%BC#part"]]);
    assert_eq!(there.value(links).await?, expected, "text is no markup");
    here.is_quiet(&origin).await?;
    there.is_quiet(&origin).await
}

pub(crate) async fn a_wifi_can_be_joined_and_a_code_be_read(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let origin = deployment.origin();
    let browser = Browser::start().await?;
    let sender = Sender::open(&browser, &origin).await?;
    sender.template("wifi").await?;
    sender.write(0, "Atrium; guests").await?;
    sender.write(1, "correct \"horse\"").await?;
    sender.add_field().await?;
    sender.kind(2, "totp").await?;
    sender.label(2, "Code").await?;
    sender.write(2, "jbsw y3dp ehpk 3pxp").await?;
    sender.share().await?;
    let link = sender.get_link().await?;
    browser.wait_for("#qr svg").await?;
    sender.done().await?;
    assert_eq!(browser.value("document.querySelector('#link').value").await?, "");

    let recipient = Recipient::open(&browser, &link, "landing").await?;
    recipient.view_item().await?;
    let code = Totp::parse("otpauth://totp/x?secret=JBSWY3DPEHPK3PXP").context("a secret")?;
    // A code may end between two looks at the clock.
    until("the code of now", async || {
        let (copied, shown) = (recipient.copy(2).await?, browser.text(".code").await?);
        Ok((copied == code.at(now()?).digits && shown == copied).then_some(()))
    })
    .await?;
    browser.click("[data-slot=wifi]").await?;
    browser.wait_for("[data-slot=qr-row] svg").await?;
    assert_eq!(recipient.slot("qr-caption").await?, "Scan it to join the Wi-Fi.");
    browser.click("[data-slot=clear]").await?;
    recipient.is_at("cleared").await?;
    let left = browser.text("body").await?;
    assert!(!left.contains("Atrium") && !left.contains("horse"), "cleared is cleared");
    browser.is_quiet(&origin).await
}

fn now() -> Result<Timestamp> {
    let since: Duration = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(Timestamp::from_unix_millis(since.as_millis().try_into()?))
}
