//! Bad input: a 4xx problem of a stable type, never a 5xx, nothing stored, nothing repeated.

use crate::support::{Reply, Share, TestServer, claim_token};
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};

const JSON: (&str, &str) = ("content-type", "application/json");

/// A word that no answer may repeat.
const CANARY: &str = "canary-5d1f";

/// Bad bodies made from a good one by replacing text in it.
const REPLACED: &[(&str, &str, u16, &str)] = &[
    // Not JSON.
    ("{", "", 400, "malformed"),
    ("}", "", 400, "malformed"),
    ("}", "}}", 400, "malformed"),
    ("}", ",}", 400, "malformed"),
    (":1096", ":01096", 400, "malformed"),
    (":1096", ":1e999", 400, "malformed"),
    (":1096", ":NaN", 400, "malformed"),
    (":1096", ":canary-5d1f", 400, "malformed"),
    ("\"size\"", "\"si\\ud800ze\"", 400, "malformed"),
    ("\"size\"", "'size'", 400, "malformed"),
    // Fields: unknown, missing, repeated.
    ("{", "{\"canary-5d1f\":1,", 422, "invalid"),
    ("{", "{\"\":null,", 422, "invalid"),
    ("\"size\":1096,", "", 422, "invalid"),
    ("\"size\":1096", "\"size\":1096,\"size\":1096", 422, "invalid"),
    ("\"access_hash\"", "\"Access_Hash\"", 422, "invalid"),
    // Numbers: out of range, of other types.
    (":1096", ":1095", 422, "invalid"),
    (":1096", ":0", 422, "invalid"),
    (":1096", ":-1096", 422, "invalid"),
    (":1096", ":1096.0", 422, "invalid"),
    (":1096", ":1.096e3", 422, "invalid"),
    (":1096", ":16456", 422, "invalid"),
    (":1096", ":9007199254740992", 422, "invalid"),
    (":1096", ":99999999999999999999999", 422, "invalid"),
    (":1096", ":\"canary-5d1f\"", 422, "invalid"),
    (":1096", ":null", 422, "invalid"),
    (":1096", ":[1096]", 422, "invalid"),
    (":86400", ":59", 422, "invalid"),
    (":86400", ":2592001", 422, "invalid"),
    (":86400", ":-86400", 422, "invalid"),
    (":86400", ":86400.5", 422, "invalid"),
    (":86400", ":4294967297", 422, "invalid"),
    (":86400", ":61", 422, "policy"),
    ("\"views\":1", "\"views\":0", 422, "invalid"),
    ("\"views\":1", "\"views\":101", 422, "invalid"),
    ("\"views\":1", "\"views\":true", 422, "invalid"),
    ("\"views\":1", "\"views\":\"canary-5d1f\"", 422, "invalid"),
    // Head and size that do not fit each other, sizes without a head.
    (":1096", ":1097", 422, "invalid"),
    (":1096", ":2000000", 422, "invalid"),
    ("\"head\":\"", "\"head\":null,\"x\":\"", 422, "invalid"),
    ("\"head\":\"", "\"head\":\"AAAA", 422, "invalid"),
    ("\"head\":\"", "\"head\":\"canary-5d1f!", 422, "invalid"),
];

/// Bad texts of an id, a hash or a token, whatever its length.
fn bad_texts(good: &str) -> Vec<Value> {
    let text = |text: String| Value::String(text);
    vec![
        text(String::new()),
        text(good[1..].into()),
        text(format!("{good}A")),
        text(format!("{good}=")),
        text(format!(" {good}")),
        text(format!("{}\n", &good[1..])),
        text(format!("+{}", &good[1..])),
        text(format!("/{}", &good[1..])),
        text(format!("ä{}", &good[2..])),
        // The unused bits of the last character are not zero.
        text(format!("{}B", &good[..good.len() - 1])),
        json!(1),
        json!(null),
        json!(true),
        json!([good]),
        json!({ CANARY: good }),
    ]
}

#[track_caller]
fn assert_refused(reply: &Reply, status: u16, kind: &str) {
    let problem = reply.problem(status, kind);
    assert!(!problem.to_string().contains(CANARY), "an answer repeats its request: {problem}");
}

fn assert_nothing_stored(server: &TestServer, share: &Share) {
    server.call("GET", &share.path(""), &share.access()).problem(404, "unknown-share");
    server.call("GET", &share.path("/status"), &share.owner()).problem(404, "unknown-share");
}

#[test]
fn a_creation_that_is_not_exactly_right_stores_nothing() {
    let server = TestServer::start();
    let share = Share::new(1);
    let good = share.creation().to_string();
    for (from, to, status, kind) in REPLACED {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from} → {to}");
        let reply = server.send("POST", "/api/shares", &[JSON], bad.as_bytes());
        assert_eq!(reply.status, *status, "{from} → {to}: {reply:?}");
        assert_refused(&reply, *status, kind);
    }
    let values: Vec<_> = ["id", "access_hash", "owner_hash", "passphrase_hash", "size"]
        .into_iter()
        .chain(["expires_in", "views", "head"])
        .map(|field| share.creation()[field].clone())
        .collect();
    assert_refused(&server.post("/api/shares", "", &Value::Array(values)), 422, "invalid");
    for field in ["id", "access_hash", "owner_hash", "passphrase_hash"] {
        let hash = share.creation()["access_hash"].as_str().expect("a string").to_owned();
        let good = if field == "id" { share.id() } else { hash };
        for text in bad_texts(&good) {
            let mut bad = share.creation();
            bad[field] = text.clone();
            if field != "passphrase_hash" || !text.is_null() {
                assert_refused(&server.post("/api/shares", "", &bad), 422, "invalid");
            }
        }
    }
    assert_nothing_stored(&server, &share);
    server.create(&share);
}

#[test]
fn a_body_that_is_no_json_message_is_refused() {
    let server = TestServer::start();
    let deep = "[".repeat(100_000);
    let deep_field = format!("{{\"size\":{}1{}}}", "[".repeat(500), "]".repeat(500));
    for path in ["/api/shares", "/api/status"] {
        for (body, status, kind) in [
            (&b""[..], 400, "malformed"),
            (b" ", 400, "malformed"),
            (b"{", 400, "malformed"),
            (b"nonsense", 400, "malformed"),
            (b"\xff\xfe{}", 400, "malformed"),
            (b"\xef\xbb\xbf{}", 400, "malformed"),
            (b"{\"size\":\"\xff\"}", 400, "malformed"),
            (b"\x1f\x8b\x08\x00", 400, "malformed"),
            (b"{}", 422, "invalid"),
            (b"[]", 422, "invalid"),
            (b"null", 422, "invalid"),
            (b"1", 422, "invalid"),
            (b"\"canary-5d1f\"", 422, "invalid"),
        ] {
            let reply = server.send("POST", path, &[JSON], body);
            assert_refused(&reply, status, kind);
        }
        for body in [&deep, &deep_field] {
            let reply = server.send("POST", path, &[JSON], body.as_bytes());
            assert!([400, 413, 422].contains(&reply.status), "{path}: {reply:?}");
        }
    }
}

#[test]
fn only_the_right_media_type_is_taken() {
    let server = TestServer::start();
    let share = Share::new(1);
    let good = share.creation().to_string();
    for headers in [
        &[][..],
        &[("content-type", "")],
        &[("content-type", "text/plain")],
        &[("content-type", "application/jsonp")],
        &[("content-type", "application/octet-stream")],
        &[("content-type", "multipart/form-data; boundary=x")],
        &[JSON, ("content-encoding", "gzip")],
        &[JSON, ("content-encoding", "br")],
    ] {
        let reply = server.send("POST", "/api/shares", headers, good.as_bytes());
        assert_refused(&reply, 415, "media-type");
    }
    assert_nothing_stored(&server, &share);
    let charset = [("content-type", "application/json; charset=utf-8")];
    assert_eq!(server.send("POST", "/api/shares", &charset, good.as_bytes()).status, 201);

    let staged = Share { size: 1_200_000, ..Share::new(2) };
    server.create(&staged);
    let bearer = format!("Bearer {}", staged.owner());
    let headers = [("authorization", bearer.as_str()), JSON];
    let put = server.send("PUT", &staged.path("/parts/1"), &headers, &staged.parts()[1]);
    assert_refused(&put, 415, "media-type");
}

#[test]
fn a_body_beyond_the_limit_is_refused() {
    let server = TestServer::start();
    let share = Share::new(1);
    let padded = |length: usize| format!("{}{}", share.creation(), " ".repeat(length));
    let reply = server.send("POST", "/api/shares", &[JSON], padded(1_500_000).as_bytes());
    assert_refused(&reply, 413, "too-large");
    assert_nothing_stored(&server, &share);
    server.create(&share);

    let claim = format!("{}{}", json!({ "claim": claim_token(7) }), " ".repeat(2000));
    let bearer = format!("Bearer {}", share.access());
    let headers = [("authorization", bearer.as_str()), JSON];
    let reply = server.send("POST", &share.path("/claims"), &headers, claim.as_bytes());
    assert_refused(&reply, 413, "too-large");
    assert_eq!(server.claim(&share, 8).status, 200);
}

#[test]
fn a_bad_claim_spends_nothing() {
    let server = TestServer::start();
    let share = Share { passphrase: true, ..Share::new(1) };
    server.create(&share);
    let good = claim_token(7);
    let mut bad = vec![json!({}), json!([]), json!({ "claim": good, CANARY: 1 })];
    bad.extend(bad_texts(&good).into_iter().map(|text| json!({ "claim": text })));
    let proofs = bad_texts(&good).into_iter().filter(|text| !text.is_null());
    bad.extend(proofs.map(|text| json!({ "claim": good, "proof": text })));
    for claim in bad {
        let reply = server.post(&share.path("/claims"), &share.access(), &claim);
        assert_refused(&reply, 422, "invalid");
    }
    let landing = server.call("GET", &share.path(""), &share.access()).json();
    assert_eq!((&landing["views_left"], &landing["tries_left"]), (&json!(1), &json!(10)));
}

#[test]
fn two_hundred_statuses_are_many_enough() {
    let server = TestServer::start();
    let one = json!({ "id": Share::new(1).id(), "owner": Share::new(1).owner() });
    let ask =
        |count| server.post("/api/status", "", &json!({ "shares": vec![one.clone(); count] }));
    assert_eq!(ask(0).json(), json!({ "shares": [] }));
    assert_eq!(ask(200).json()["shares"].as_array().map(Vec::len), Some(200));
    assert_refused(&ask(201), 422, "invalid");
    for bad in [
        json!([[Share::new(1).id(), Share::new(1).owner()]]),
        json!([one, [Share::new(1).id(), Share::new(1).owner()]]),
        json!([[one]]),
        json!([null]),
        json!({ "0": one }),
        json!([{ "id": Share::new(1).id(), "owner": Share::new(1).owner(), CANARY: 1 }]),
    ] {
        let ask = json!({ "shares": bad });
        assert_refused(&server.post("/api/status", "", &ask), 422, "invalid");
    }
    for text in bad_texts(&Share::new(1).owner()) {
        let ask = json!({ "shares": [{ "id": Share::new(1).id(), "owner": text }] });
        assert_refused(&server.post("/api/status", "", &ask), 422, "invalid");
    }
}

#[test]
fn no_bytes_make_the_server_fail() {
    let server = TestServer::start();
    let share = Share::new(1);
    server.create(&share);
    let (access, owner) = (share.access(), share.owner());
    let calls = [
        ("POST", "/api/shares".to_owned(), &access),
        ("POST", "/api/status".to_owned(), &owner),
        ("POST", share.path("/claims"), &access),
        ("POST", share.path("/publish"), &owner),
        ("POST", share.path("/lease"), &owner),
        ("PUT", share.path("/parts/0"), &owner),
    ];
    let good = share.creation().to_string().into_bytes();
    // Any bytes, and a good creation with some of its bytes changed.
    let damaged = prop::collection::vec((0..good.len(), any::<u8>()), 1..4).prop_map(move |at| {
        let mut body = good.clone();
        at.into_iter().for_each(|(n, byte)| body[n] = byte);
        body
    });
    let bodies = prop_oneof![prop::collection::vec(any::<u8>(), 0..200), damaged];
    let config = ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() };
    TestRunner::new(config)
        .run(&bodies, |body| {
            for (method, path, token) in &calls {
                let bearer = format!("Bearer {token}");
                for media_type in ["application/json", "application/octet-stream"] {
                    let headers =
                        [("authorization", bearer.as_str()), ("content-type", media_type)];
                    let reply = server.send(method, path, &headers, &body);
                    prop_assert!(reply.status < 500, "{method} {path}: {reply:?}");
                }
            }
            Ok(())
        })
        .expect("no body makes a call fail");
    assert_eq!(server.claim(&share, 7).status, 200);
}

#[test]
fn no_address_makes_the_server_fail() {
    let server = TestServer::start();
    for path in [
        "/api",
        "/api/",
        "/api/shares/",
        "/api/shares/%FF",
        "/api/shares/%",
        "/api/shares/../policy",
        "/api/shares/a/b/c/d",
        "/api/shares//status",
        "/assets/",
        "/assets/..%2f..%2fCargo.toml",
        "/assets/%00",
        "/assets/%FF",
        "//",
        "/.git/config",
        "/index.html",
        "/open.html",
    ] {
        let reply = server.get(path);
        assert!((400..500).contains(&reply.status), "{path}: {reply:?}");
        assert_eq!(path.starts_with("/api"), reply.body.starts_with(b"{"), "{path}: {reply:?}");
    }
}
