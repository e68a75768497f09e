//! What the operator's policy lets through.

use crate::support::{Share, TestServer};
use serde_json::json;

#[test]
fn the_policy_is_there_for_the_screens() {
    let server =
        TestServer::with(&["--expiries=3600,60", "--default-expiry=60", "--one-time=false"]);
    let policy = server.get("/api/policy");
    assert_eq!(policy.status, 200);
    assert_eq!(
        policy.json(),
        json!({
            "max_bytes": 2_147_483_648_u64, "expiries": [60, 3600], "default_expiry": 60,
            "one_time": false, "force_one_time": false, "force_passphrase": false,
            "allow_insecure_http": false, "identity": "open",
        })
    );
}

#[test]
fn an_expiry_that_is_not_offered_is_refused() {
    let server = TestServer::start();
    let share = Share { expires_in: 60, ..Share::new(1) };
    server.post("/api/shares", "", &share.creation()).problem(422, "policy");
    server.call("GET", &share.path(""), &share.access()).problem(404, "unknown-share");
}

#[test]
fn no_share_lasts_longer_than_the_longest_expiry_offered() {
    let server = TestServer::with(&["--expiries=3600,7200", "--default-expiry=3600"]);
    for expires_in in [7201, 86_400, 2_592_000] {
        let share = Share { expires_in, ..Share::new(1) };
        server.post("/api/shares", "", &share.creation()).problem(422, "policy");
    }
    server.create(&Share { expires_in: 7200, ..Share::new(1) });
}

#[test]
fn what_is_forced_and_how_large_a_share_may_be_is_told() {
    let flags = ["--force-one-time", "--force-passphrase", "--one-time=false", "--max-bytes=65536"];
    let policy = TestServer::with(&flags).get("/api/policy").json();
    for name in ["one_time", "force_one_time", "force_passphrase"] {
        assert_eq!(policy[name], true, "{name}");
    }
    assert_eq!(policy["max_bytes"], 65536);
}

#[test]
fn what_every_share_must_have_is_demanded() {
    let server = TestServer::with(&["--force-one-time", "--force-passphrase"]);
    let good = Share { passphrase: true, ..Share::new(1) };
    for bad in [
        Share { views: None, ..good.clone() },
        Share { views: Some(2), ..good.clone() },
        Share { passphrase: false, ..good.clone() },
    ] {
        server.post("/api/shares", "", &bad.creation()).problem(422, "policy");
    }
    server.create(&good);
}

#[test]
fn the_largest_share_is_taken_and_a_larger_one_is_not() {
    // 64 KiB of attachments and 512 KiB of manifest, padded to a multiple of 16 KiB: 36 chunks of
    // plaintext, and a chunk of only its tag.
    let server = TestServer::with(&["--max-bytes=65536"]);
    let largest = 56 + 589_824 + 37 * 16;
    server.create(&Share { size: largest, ..Share::new(1) });
    let larger = Share { size: largest + 1, ..Share::new(2) };
    server.post("/api/shares", "", &larger.creation()).problem(413, "too-large");
    let endless = Share { size: 1 << 40, ..Share::new(3) };
    server.post("/api/shares", "", &endless.creation()).problem(413, "too-large");
}
