//! Comparing what a server serves with what its version ships.

use crate::support::{Done, User, start, start_with};
use anyhow::{Result, ensure};
use serde_json::Value;
use waxseal_tests::tamperer::{Tamperer, Tampering};

/// What was found, as a path and in words.
fn found(done: &Done) -> Result<(String, String)> {
    ensure!(done.code == Some(20), "{done:?}");
    let answer: Value = serde_json::from_str(&done.out)?;
    let error = &answer["error"];
    ensure!(error["kind"] == "differs", "{answer}");
    let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
    Ok((text("path"), text("message")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_serves_what_its_version_ships() -> Result<()> {
    let (_deployment, user) = start().await?;
    let verified = user.run(&["verify", "--json"])?.json()?;
    assert_eq!(verified["version"], env!("CARGO_PKG_VERSION"));
    assert!(verified["files"].as_u64() > Some(20), "{verified}");
    let absent = verified["absent"].as_array().map_or(0, Vec::len);
    assert_eq!(absent, 3, "the dialog for other applications, under three addresses: {verified}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_is_set_to_is_no_difference() -> Result<()> {
    let options = [
        "--embedding-origins=https://app.example.org,http://localhost:3000",
        "--abuse-contact=https://example.org/report?by=web&to=us",
    ];
    let (deployment, user) = start_with(&options).await?;
    let verified = user.run(&["verify", "--json", &deployment.origin()])?.json()?;
    assert_eq!(verified["absent"].as_array().map(Vec::len), Some(0), "{verified}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_changed_on_the_way_is_named() -> Result<()> {
    let options =
        ["--embedding-origins=https://app.example.org", "--abuse-contact=abuse@example.org"];
    let (deployment, _) = start_with(&options).await?;
    let manifest = user_manifest()?;
    let script = asset(&manifest, "/assets/recipient-", ".js");
    let module = asset(&manifest, "/assets/recipient-", ".wasm");
    let policy = "content-security-policy";
    for (path, tampering, says) in [
        (script.as_str(), Tampering::Byte, "asked for as identity: its bytes"),
        (&module, Tampering::Repacked, "asked for as gzip, deflate, br: its bytes"),
        ("/s", Tampering::Added(b"<script src=\"/assets/x.js\"></script>"), "has more bytes"),
        ("/", Tampering::Header(policy, Some("default-src *")), "should be: default-src 'none'"),
        ("/s", Tampering::Header(policy, None), "header content-security-policy is missing"),
        ("/confirm", Tampering::Header("content-type", Some("text/plain")), "should be: text/html"),
        (&script, Tampering::Header("link", Some("</x.css>; rel=stylesheet")), "has a header link"),
        (&script, Tampering::Missing, "status 404"),
        ("/report", Tampering::Replaced("mailto:abuse", "javascript:alert"), "address for reports"),
        ("/report", Tampering::Replaced("</a>.", "</a>.<img src=x>"), "address for reports"),
        (
            "/embed",
            Tampering::Replaced(
                "content=\"https://app.example.org\"",
                "content=\"https://app.example.org https://evil.example\"",
            ),
            "should be: default-src",
        ),
        (
            "/embed",
            Tampering::Replaced(
                "content=\"https://app.example.org\"",
                "content=\"\"><base href=x>\"",
            ),
            "list of origins",
        ),
        ("/embed.js", Tampering::Byte, "asked for as identity: its bytes"),
    ] {
        let tamperer = Tamperer::start(deployment.server.port(), path, tampering.clone()).await?;
        let user = User::of(&tamperer.origin())?;
        let (at, message) = found(&user.run(&["verify", "--json"])?)?;
        assert_eq!(at, path, "{tampering:?}: {message}");
        assert!(message.contains(says), "{tampering:?}: {message}");
    }
    Ok(())
}

/// The manifest of this build.
fn user_manifest() -> Result<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/web/waxseal-manifest.json");
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}

fn asset(manifest: &Value, start: &str, end: &str) -> String {
    let files = manifest["files"].as_array().into_iter().flatten();
    let mut paths = files.filter_map(|file| file["path"].as_str());
    paths.find(|path| path.starts_with(start) && path.ends_with(end)).unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manifest_of_another_version_is_not_compared_with() -> Result<()> {
    let (deployment, user) = start().await?;
    let manifest = user_manifest()?;
    let ours = user.file("ours.json", manifest.to_string().as_bytes())?;
    let mut other = manifest.clone();
    other["waxseal"] = "99.0.0".into();
    let other = user.file("other.json", other.to_string().as_bytes())?;
    let with = |file: &std::path::Path| {
        user.run(&["verify", &deployment.origin(), "--manifest", &file.display().to_string()])
    };
    assert_eq!(with(&ours)?.code, Some(0));
    let done = with(&other)?;
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.err.contains("manifest of 99.0.0"), "{done:?}");

    let none = user.file("none.json", b"{}")?;
    assert_eq!(with(&none)?.code, Some(17));
    assert_eq!(with(std::path::Path::new("nowhere.json"))?.code, Some(17));
    Ok(())
}
