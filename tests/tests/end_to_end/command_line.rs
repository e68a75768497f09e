//! What the command line sends a browser opens, and the other way round.

use anyhow::{Context, Result};
use serde_json::Value;
use std::fs;
use waxseal_tests::{
    attachments::noise, browser::Browser, command_line::CommandLine, deployment::Deployment,
    recipient::Recipient, sender::Sender, server::Engine,
};

const PASSPHRASE: &str = "lusab-babad-gutih-tugad";
const TEXT: &str = "Zwei Anhänge.\nUnd zwei Zeilen.";

/// Name and content of each attachment: within the head, and over three parts.
fn attachments() -> [(&'static str, Vec<u8>); 2] {
    [("Übersicht.txt", b"one line".to_vec()), ("scan.dat", noise(7, 2_500_000))]
}

pub(crate) async fn what_a_terminal_sends_a_browser_opens(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let terminal = CommandLine::new()?;
    let mut args = vec!["send", "--text", TEXT, "--title", "Papers", "--once", "--passphrase"];
    let origin = deployment.origin();
    args.extend(["--expires", "1h", "--server", &origin]);
    let paths = attachments().map(|(name, content)| {
        let path = terminal.home().join(name);
        fs::write(&path, content).map(|()| path.display().to_string())
    });
    let paths = paths.into_iter().collect::<Result<Vec<_>, _>>()?;
    args.extend(paths.iter().map(String::as_str));
    let link = terminal.run(&args, PASSPHRASE)?;

    let browser = Browser::start().await?;
    let recipient = Recipient::open(&browser, &link, "landing").await?;
    recipient.view_with(PASSPHRASE).await?;
    browser.wait_for(".files > li").await?;
    assert_eq!(recipient.heading().await?, "Papers");
    assert_eq!(recipient.shown(0).await?, TEXT);
    for (n, (name, content)) in attachments().iter().enumerate() {
        recipient.press_at(n, "Save").await?;
        assert!(browser.downloaded(name, content.len()).await? == *content, "{name}");
    }
    recipient.says(None, "then press Done, delete now.").await?;
    recipient.press("Done, delete now").await?;
    recipient.is_at("cleared").await?;
    let listed: Value = serde_json::from_str(&terminal.run(&["list", "--json"], "")?)?;
    assert!(listed.to_string().contains(r#""state":"opened""#), "{listed}");
    browser.is_quiet(&origin).await
}

pub(crate) async fn what_a_browser_sends_a_terminal_opens(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let browser = Browser::start().await?;
    let folder = tempfile::tempdir()?;
    let sender = Sender::open(&browser, &deployment.origin()).await?;
    sender.title("Papers").await?;
    sender.write(0, TEXT).await?;
    for (name, content) in attachments() {
        let path = folder.path().join(name);
        fs::write(&path, content)?;
        sender.attach(&[&path]).await?;
    }
    sender.attachments(2).await?;
    sender.share().await?;
    sender.more().await?;
    sender.passphrase(PASSPHRASE).await?;
    let link = sender.get_link().await?;

    let terminal = CommandLine::new()?;
    let out = terminal.home().join("out");
    fs::create_dir(&out)?;
    let place = out.to_str().context("a temporary folder's path is UTF-8")?;
    let text = terminal.run(&["open", &link, "--out", place], PASSPHRASE)?;
    assert_eq!(text, TEXT);
    for (name, content) in attachments() {
        assert!(fs::read(out.join(name))? == content, "{name}");
    }
    assert_eq!(fs::read_dir(&out)?.count(), 2, "nothing else was left there");
    assert_eq!(deployment.api.status_of(&sender.newest_link().await?).await?.opened_at.len(), 1);
    let again = terminal.run(&["open", &link, "--out", place], PASSPHRASE);
    assert!(again.is_err_and(|error| error.to_string().contains("already opened")));
    Ok(())
}
