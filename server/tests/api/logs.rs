//! What the real process writes: one line on standard output, structured lines on standard error,
//! and nothing of any request in them.

use crate::support::{Client, Process, Share, claim_token};
use serde_json::{Value, json};

/// Starts the server, lets `talk` talk to it, stops it, and returns what it wrote: the rest of
/// standard output, and standard error.
fn written(flags: &[&str], talk: impl FnOnce(&Client)) -> (String, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = format!("--store=sqlite:{}", folder.path().join("new/waxseal.db").display());
    let server = Process::start(&[&[store.as_str()], flags].concat());
    talk(&server.client);
    server.stop()
}

#[test]
fn logs_tell_the_route_and_nothing_of_the_request() {
    let share = Share { passphrase: true, ..Share::new(0x5d) };
    let canary = "canary-5d1f";
    let (output, logs) = written(&["--log-level=trace"], |server| {
        server.create(&share);
        server.post("/api/shares", "", &json!({ canary: canary })).problem(422, "invalid");
        server.call("GET", &share.path(&format!("?{canary}")), &share.access());
        server.call("GET", &share.path(""), canary).problem(401, "token-required");
        let claim = json!({ "claim": claim_token(7), "proof": share.proof() });
        let claimed = server.post(&share.path("/claims"), &share.access(), &claim);
        assert_eq!(claimed.status, 200);
        server.call("GET", &share.path("/parts/0"), &claim_token(7));
        server.call("POST", &share.path("/ack"), &claim_token(7));
        server.call("GET", &share.path("/status"), &share.owner());
        let batch = json!({ "shares": [{ "id": share.id(), "owner": share.owner() }] });
        server.post("/api/status", "", &batch);
        server.call("DELETE", &share.path(""), &share.owner());
        server.get(&format!("/s%23{canary}"));
        server.get(&format!("/s/{canary}?{canary}"));
        server.get(&format!("/confirm%23{canary}"));
        server.get(&format!("/confirm?{canary}"));
        server.get(&format!("/assets/{canary}"));
        server.get(&format!("/{canary}/{canary}"));
        server.raw("CANARY-5D1F /api/policy HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        server.send("GET", "/", &[("user-agent", canary), ("referer", canary)], b"");
    });
    assert_eq!(output, "");

    let creation = share.creation();
    let hashes = ["access_hash", "owner_hash", "passphrase_hash", "head"];
    let mut secrets = vec![canary.to_owned(), share.id(), share.access(), share.owner()];
    secrets.extend([share.proof(), claim_token(7), "127.0.0.1:".to_owned()]);
    secrets.extend(hashes.map(|name| creation[name].as_str().expect("a string")[..40].to_owned()));
    let lines: Vec<Value> = logs
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
        .collect();
    let requests: Vec<_> = lines.iter().filter(|line| line["message"] == "request").collect();
    assert_eq!(requests.len(), 18, "one line a request: {logs}");
    for line in &lines {
        let text = line.to_string().to_lowercase();
        // The server's own address is in one line, which no request caused.
        for secret in secrets.iter().filter(|_| line["message"] != "listening") {
            assert!(!text.contains(&secret.to_lowercase()), "{secret} is in {text}");
        }
    }
    let routes: Vec<_> = requests.iter().filter_map(|line| line["route"].as_str()).collect();
    let pages = ["/s{tail:.*}", "/confirm{tail:.*}"];
    for route in [&["/api/shares/{id}", "/api/shares/{id}/claims", "unknown"], &pages[..]].concat()
    {
        assert!(routes.contains(&route), "{route} is not in {routes:?}");
    }
    for line in requests {
        assert!(line["status"].is_u64() && line["ms"].is_f64() && line["bytes"].is_u64(), "{line}");
        assert!(line["method"].is_string() && line["timestamp"].is_string(), "{line}");
    }
}

#[test]
fn a_server_told_to_be_silent_is() {
    let (output, logs) = written(&["--log-level=off"], |server| {
        assert_eq!(server.get("/healthz").status, 200);
    });
    assert_eq!((output.as_str(), logs.as_str()), ("", ""));
}
