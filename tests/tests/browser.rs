//! The browser that other tests drive.

use anyhow::Result;
use serde_json::json;
use waxseal_tests::{
    browser::{Browser, Look},
    site::{Page, Site},
};

fn site() -> Result<Site> {
    let content = r#"<!doctype html><link rel="icon" href="data:,"><title>Page</title>"#.into();
    Site::serve(vec![Page { path: "/", media_type: "text/html", content }])
}

#[tokio::test]
async fn a_page_sees_the_look_that_was_asked_for() -> Result<()> {
    let site = site()?;
    let look = Look { width: 320, height: 640, dark: true, reduced_motion: true };
    let browser = Browser::with(look).await?;
    browser.goto(site.origin()).await?;
    let sees = "const is = query => matchMedia(query).matches; \
        return [innerWidth, innerHeight, is('(prefers-color-scheme: dark)'), \
        is('(prefers-reduced-motion: reduce)')]";
    assert_eq!(browser.execute(sees, vec![]).await?, json!([320, 640, true, true]));
    browser.look(Look::default()).await?;
    assert_eq!(browser.execute(sees, vec![]).await?, json!([1280, 800, false, false]));
    Ok(())
}

#[tokio::test]
async fn the_performance_log_has_every_request() -> Result<()> {
    let site = site()?;
    let browser = Browser::start().await?;
    browser.goto(site.origin()).await?;
    let address = format!("{}/", site.origin());
    let log = browser.performance_log().await?;
    let mut requests = log.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
    assert!(requests.any(|event| event["params"]["request"]["url"] == address.as_str()));
    Ok(())
}

#[tokio::test]
async fn refused_content_errors_and_foreign_requests_are_complained_about() -> Result<()> {
    let content = r#"<!doctype html><link rel="icon" href="data:,"><title>Page</title>
        <meta http-equiv="Content-Security-Policy" content="script-src 'self'">
        <script>inline()</script><script src="/script.js"></script><img src="http://127.0.0.1:9/x">"#;
    let site = Site::serve(vec![
        Page { path: "/", media_type: "text/html", content: content.into() },
        Page { path: "/script.js", media_type: "text/javascript", content: "missing()".into() },
    ])?;
    let browser = Browser::start().await?;
    browser.goto(site.origin()).await?;
    let complaints = browser.complaints(site.origin()).await?;
    for part in
        ["Content Security Policy", "missing is not defined", "request to http://127.0.0.1:9/x"]
    {
        assert!(complaints.iter().any(|line| line.contains(part)), "{part}: {complaints:?}");
    }
    browser.is_quiet(site.origin()).await
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn no_process_outlives_a_browser_even_if_the_test_panics() -> Result<()> {
    let (send, profile) = std::sync::mpsc::channel();
    let test = tokio::spawn(async move {
        let browser = Browser::start().await.expect("Chromium starts");
        let profile =
            browser.capabilities().expect("a session has capabilities")["chrome"]["userDataDir"]
                .clone();
        assert!(processes_of(&profile) > 0);
        send.send(profile).expect("somebody waits");
        panic!("as a failing test does");
    });
    assert!(test.await.expect_err("it panicked").is_panic());
    assert_eq!(processes_of(&profile.recv()?), 0);
    Ok(())
}

/// How many processes have `profile` in their command line.
#[cfg(target_os = "linux")]
fn processes_of(profile: &serde_json::Value) -> usize {
    let profile = profile.as_str().expect("a path");
    let commands = std::fs::read_dir("/proc").expect("Linux has /proc").filter_map(|process| {
        // Processes come and go; the command of one that has gone is empty.
        std::fs::read(process.ok()?.path().join("cmdline")).ok()
    });
    commands.filter(|command| String::from_utf8_lossy(command).contains(profile)).count()
}
