//! What can be sent, and on which terms.

use crate::support::{User, random, start, start_with};
use anyhow::{Context, Result};
use std::{
    io::{Read, Write},
    net::TcpListener,
};
use waxseal_tests::{deployment::Deployment, server::Engine};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_from_standard_input_arrives_as_it_was() -> Result<()> {
    let (_deployment, user) = start().await?;
    let text = "first\n\n  second, \u{1b}[31m ümläut 漢字\n";
    let done = user.run_on(text.as_bytes(), &["send"])?;
    assert!(done.err.contains("only 1 time"), "{}", done.err);
    let link = done.ok()?;
    assert_eq!(user.run(&["open", link.trim()])?.ok()?, text);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_have_labels_and_kinds() -> Result<()> {
    let (_deployment, user) = start().await?;
    let totp = "Code=otpauth://totp/x?secret=JBSWY3DPEHPK3PXP";
    let fields =
        ["--field", "Username=ada", "--field", "Site=https://example.org/?a=b", "--field", totp];
    let args = [&fields[..], &["--title", "Login", "--from", "Grace", "--text", "a\nb"]].concat();
    let link = user.send(&args)?;
    let json = user.run(&["--json", "open", &link])?.json()?;
    assert_eq!((&json["title"], &json["from"]), (&"Login".into(), &"Grace".into()));
    let kinds: Vec<_> = json["fields"]
        .as_array()
        .context("fields")?
        .iter()
        .map(|field| {
            [&field["label"], &field["value"], &field["kind"]]
                .map(|v| v.as_str().unwrap_or_default())
        })
        .collect();
    assert_eq!(kinds[0], ["Username", "ada", "text"]);
    assert_eq!(kinds[1], ["Site", "https://example.org/?a=b", "url"]);
    assert_eq!(kinds[2][2], "totp");
    assert_eq!(kinds[3], ["Text", "a\nb", "multiline"]);
    assert_eq!(json["fields"][2]["code"].as_str().map(str::len), Some(6));

    let link = user.send(&args)?;
    let text = user.run(&["open", &link])?.ok()?;
    assert!(
        text.starts_with("Username: ada\nSite: https://example.org/?a=b\nCode: otpauth"),
        "{text}"
    );
    assert!(text.ends_with("Text:\n  a\n  b\n"), "{text}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json_is_all_there_is_on_standard_output() -> Result<()> {
    let (_deployment, user) = start().await?;
    let sent =
        user.run(&["--json", "send", "--text", "x", "--views", "3", "--expires", "5d", "--qr"])?;
    let sent = sent.json()?;
    assert_eq!(sent["views"], 3);
    assert_eq!(sent["owner"].as_str().map(str::len), Some(43));
    let link = sent["link"].as_str().context("a link")?;
    let opened = user.run(&["open", "--json", link])?.json()?;
    assert_eq!((&opened["views_left"], &opened["files"]), (&2.into(), &serde_json::json!([])));
    assert_eq!(opened["expires_at"], sent["expires_at"]);
    let failed = user.run(&["open", "--json", "http://127.0.0.1/s#short"])?;
    assert_eq!(failed.code, Some(3));
    let failed: serde_json::Value = serde_json::from_str(&failed.out)?;
    assert_eq!(failed["error"]["kind"], "damaged-link");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_servers_policy_is_told_before_anything_is_sent() -> Result<()> {
    let options = [
        "--force-one-time",
        "--force-passphrase",
        "--max-bytes",
        "1000",
        "--expiries",
        "3600,86400",
    ];
    let (deployment, user) = start_with(&options).await?;
    user.file("large", &random(1001)?)?;
    user.file("fits", &random(1000)?)?;
    let secret = "lusab-babad-gutih-tugad";
    for (args, said) in [
        (&["send", "-p", "large"][..], "at most 1000 bytes"),
        (&["send", "-p", "fits", "--expires", "30d"], "1 hour, 1 day"),
        (&["send", "-p", "fits", "--many"], "only 1 time"),
        (&["send", "fits"], "passphrase"),
    ] {
        let done = user.run_with(secret, args)?;
        assert_eq!(done.code, Some(14), "{done:?}");
        assert!(done.err.contains(said), "{args:?}: {}", done.err);
    }
    assert_eq!(deployment.proxy.count("POST"), 0);
    user.run_with(secret, &["send", "-p", "fits", "--expires", "1h"])?.ok()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_sent_is_told_with_a_hint() -> Result<()> {
    let (deployment, user) = start().await?;
    std::fs::create_dir(user.folder.path().join("folder"))?;
    user.file("latin1", b"caf\xe9")?;
    for (args, code, said) in [
        (&["send", "folder"][..], 17, "pack it first"),
        (&["send", "missing"], 17, "cannot read missing"),
        (&["send", "--once", "--views", "2", "--text", "x"], 2, "cannot be used with"),
        (&["send", "--expires", "soon", "--text", "x"], 2, "--expires"),
        (&["send", "--server", "example.org", "--text", "x"], 2, "https://"),
        (&["send"], 2, "nothing to share"),
    ] {
        let done = user.run(args)?;
        assert_eq!(done.code, Some(code), "{done:?}");
        assert!(done.err.contains(said), "{args:?}: {}", done.err);
    }
    let done = user.run_on(b"caf\xe9", &["send"])?;
    assert_eq!((done.code, done.err.contains("no text")), (Some(17), true), "{done:?}");
    let done = user.run_on(&vec![b'a'; 600_000], &["send"])?;
    assert_eq!((done.code, done.err.contains("512 KiB")), (Some(17), true), "{done:?}");
    assert_eq!(deployment.proxy.count("POST"), 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_is_named_by_flag_variable_or_file() -> Result<()> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    let user = User::of("http://127.0.0.1:1")?;
    assert_eq!(user.run(&["--retry-for", "0s", "send", "--text", "x"])?.code, Some(4));
    let origin = deployment.origin();
    let link = user.send(&["--text", "x", "--server", &origin])?;
    assert!(link.starts_with(&origin));
    let config = format!("server = \"{origin}\"\nfrom = \"Ada\"\n");
    std::fs::write(user.home().join("config.toml"), config)?;
    let mut command = user.command(&["send", "--text", "x"]);
    let link = crate::support::done(command.env_remove("WAXSEAL_URL").spawn()?)?.ok()?;
    assert_eq!(user.run(&["--json", "open", link.trim()])?.json()?["from"], "Ada");
    std::fs::write(user.home().join("config.toml"), "servers = 1\n")?;
    let done = user.run(&["list"])?;
    assert_eq!((done.code, done.err.contains("config.toml")), (Some(2), true), "{done:?}");
    Ok(())
}

#[test]
fn an_address_that_leads_elsewhere_or_is_no_server_is_told() -> Result<()> {
    let user = User::of("http://127.0.0.1:1")?;
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = format!("http://{}", listener.local_addr()?);
    let answers = [
        ("301 Moved\r\nlocation: https://example.org/", "leads elsewhere, to https://example.org/"),
        ("200 OK", "no Waxseal server"),
        ("404 Not Found", "no Waxseal server"),
    ];
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for (answer, _) in answers {
                let (mut to, _) = listener.accept().expect("somebody asks");
                let _ = to.read(&mut [0; 4096]).expect("they ask something");
                let answer = format!(
                    "HTTP/1.1 {answer}\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi"
                );
                to.write_all(answer.as_bytes()).expect("they listen");
            }
        });
        for (_, said) in answers {
            let done = user.run(&["send", "--text", "x", "--server", &address])?;
            assert_eq!((done.code, done.err.contains(said)), (Some(1), true), "{done:?}");
        }
        Ok(())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_qr_code_goes_to_standard_error() -> Result<()> {
    let (_deployment, user) = start().await?;
    let done = user.run(&["send", "--text", "x", "--qr"])?;
    assert!(done.err.contains('█') && done.err.contains('▀'), "{}", done.err);
    assert_eq!(done.ok()?.lines().count(), 1);
    Ok(())
}
