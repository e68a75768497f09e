//! How much one address may do, and whose address counts.

use crate::{
    redis_server::RedisServer,
    support::{Process, Reply, Share, TestServer, claim_token},
};
use redis::cmd;
use serde_json::json;
use std::time::Duration;
use waxseal_server::store::redis::RedisStore;

const PROXY: &str = "--trusted-proxies=127.0.0.0/8";

/// A creation that a proxy forwards for this address.
fn create_for(server: &TestServer, share: &Share, address: &str) -> Reply {
    let headers = [("content-type", "application/json"), ("x-forwarded-for", address)];
    server.send("POST", "/api/shares", &headers, share.creation().to_string().as_bytes())
}

#[test]
fn an_address_makes_so_many_shares_and_another_as_many() {
    let server = TestServer::with(&["--creations-per-hour=2", PROXY]);
    let mut seed = 0;
    let mut created = |address: &str| {
        seed += 1;
        let share = Share::new(seed);
        let reply = create_for(&server, &share, address);
        if reply.status != 201 {
            reply.problem(429, "too-many-requests");
            assert_eq!(reply.header("retry-after"), Some("1800"), "one comes back in half an hour");
            server.call("GET", &share.path(""), &share.access()).problem(404, "unknown-share");
        }
        reply.status == 201
    };
    for (address, passes) in [
        ("192.0.2.1", true),
        ("::ffff:192.0.2.1", true),
        ("192.0.2.1", false),
        ("10.9.8.7, 192.0.2.1", false),
        ("::ffff:192.0.2.1, 127.0.0.3", false),
        ("192.0.2.2", true),
        ("2001:db8:1:2::1", true),
        ("2001:db8:1:2:f::2", true),
        ("2001:db8:1:2:e::3", false),
        ("2001:db8:1:3::1", true),
    ] {
        assert_eq!(created(address), passes, "{address}");
    }
    server.clock.advance(Duration::from_secs(1800));
    assert!(created("192.0.2.1"));
    assert!(!created("192.0.2.1"));
}

#[test]
fn what_anybody_else_says_of_an_address_is_not_believed() {
    for flags in [
        &["--creations-per-hour=1"][..],
        &["--creations-per-hour=1", "--trusted-proxies=10.0.0.0/8"],
    ] {
        let server = TestServer::with(flags);
        assert_eq!(create_for(&server, &Share::new(1), "192.0.2.1").status, 201);
        for (n, address) in (2..).zip(["192.0.2.2", "10.0.0.1", "::1", "", "nonsense"]) {
            create_for(&server, &Share::new(n), address).problem(429, "too-many-requests");
        }
    }
}

#[test]
fn an_opening_too_many_spends_nothing() {
    let server = TestServer::with(&["--openings-per-hour=3"]);
    let share = Share { views: Some(5), passphrase: true, ..Share::new(1) };
    server.create(&share);
    let claim = |n: u8, proof: Option<String>| {
        let request = json!({ "claim": claim_token(n), "proof": proof });
        server.post(&share.path("/claims"), &share.access(), &request)
    };
    claim(1, None).problem(403, "passphrase-required");
    claim(2, Some(claim_token(9))).problem(403, "wrong-passphrase");
    assert_eq!(claim(3, Some(share.proof())).status, 200);
    for n in 4..7 {
        claim(n, Some(claim_token(9))).problem(429, "too-many-requests");
        claim(n, Some(share.proof())).problem(429, "too-many-requests");
    }
    let landing = server.call("GET", &share.path(""), &share.access()).json();
    assert_eq!((&landing["views_left"], &landing["tries_left"]), (&json!(4), &json!(9)));
    server.clock.advance(Duration::from_secs(20 * 60));
    assert_eq!(claim(7, Some(share.proof())).status, 200);
}

#[test]
fn bytes_and_lookups_are_counted_by_how_many_they_are() {
    let server = TestServer::with(&["--upload-bytes-per-hour=2200000", "--lookups-per-hour=5"]);
    let share = Share { size: 2_200_000, ..Share::new(1) };
    server.create(&share);
    let parts = share.parts();
    assert_eq!(server.put_part(&share, 0, &parts[0]).status, 204);
    assert_eq!(server.put_part(&share, 1, &parts[1]).status, 204);
    server.put_part(&share, 1, &parts[1]).problem(429, "too-many-requests");
    let small = server.post("/api/shares", "", &Share::new(2).creation());
    assert_eq!(small.status, 201, "what is left is enough for a small one");

    let one = json!({ "id": share.id(), "owner": share.owner() });
    let ask = |n| server.post("/api/status", "", &json!({ "shares": vec![one.clone(); n] }));
    assert_eq!(ask(3).status, 200);
    ask(3).problem(429, "too-many-requests");
    assert_eq!(ask(2).status, 200);
    server.call("GET", &share.path("/status"), &share.owner()).problem(429, "too-many-requests");
    // An owner can always take a share back.
    assert_eq!(server.call("DELETE", &share.path(""), &share.owner()).status, 200);
    for path in ["/", "/healthz", "/api/policy"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
}

#[test]
fn a_store_that_cannot_count_neither_opens_nor_closes_the_door() {
    let redis = RedisServer::start(&[]);
    let url = redis.url();
    let server = TestServer::over(&["--openings-per-hour=2"], async move |_, settings, clock| {
        RedisStore::connect(
            &url.parse().expect("an address"),
            settings.retention(),
            settings.quota(),
            clock,
        )
        .await
        .expect("it is safe")
    });
    let share = Share { views: None, ..Share::new(1) };
    server.create(&share);
    // No script may write what takes room.
    let () = cmd("CONFIG")
        .arg(&["SET", "maxmemory", "1"])
        .query(&mut redis.connection())
        .expect("allowed");
    server.post("/api/shares", "", &Share::new(2).creation()).problem(507, "storage-full");
    for n in [1, 2] {
        assert_eq!(server.claim(&share, n).status, 200);
    }
    server.claim(&share, 3).problem(429, "too-many-requests");
    assert_eq!(server.call("POST", &share.path("/ack"), &claim_token(1)).status, 204);
}

#[test]
fn that_visitors_share_an_address_is_said_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = format!("--store=sqlite:{}", folder.path().join("waxseal.db").display());
    for (flags, said) in [(&[store.as_str()][..], 1), (&[store.as_str(), PROXY], 0)] {
        let server = Process::start(flags);
        for n in 1..4 {
            let headers = [("content-type", "application/json"), ("x-forwarded-for", "192.0.2.1")];
            let creation = Share::new(n).creation().to_string();
            server.client.send("POST", "/api/shares", &headers, creation.as_bytes());
        }
        let (_, logs) = server.stop();
        assert_eq!(logs.matches("trusted-proxies").count(), said, "{logs}");
        assert!(!logs.contains("192.0.2.1"), "{logs}");
    }
}
