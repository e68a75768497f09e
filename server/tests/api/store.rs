//! What a store that is full or away means for callers.

use crate::support::{Share, TestServer};
use std::net::TcpListener;
use waxseal_server::store::{Quota, redis::RedisStore, sqlite::SqliteStore};

#[test]
fn a_full_store_takes_no_more_shares() {
    let server = TestServer::over(&[], async |path, settings, clock| {
        let quota = Quota { free_disk: u64::MAX, ..settings.quota() };
        SqliteStore::open(path, settings.retention(), quota, clock).expect("the folder is empty")
    });
    let share = Share::new(1);
    server.post("/api/shares", "", &share.creation()).problem(507, "storage-full");
    server.call("GET", &share.path(""), &share.access()).problem(404, "unknown-share");
    assert_eq!(server.get("/readyz").status, 200, "what is there can be opened");
}

#[test]
fn a_store_that_is_away_is_said_to_be() {
    let server = TestServer::over(&[], async |_, settings, clock| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let nobody = listener.local_addr().expect("the listener is bound");
        drop(listener);
        let deployment = format!("redis://{nobody}").parse().expect("an address");
        RedisStore::connect(&deployment, settings.retention(), settings.quota(), clock)
            .await
            .expect("it may come later")
    });
    let share = Share::new(1);
    for reply in [
        server.post("/api/shares", "", &share.creation()),
        server.call("GET", &share.path(""), &share.access()),
        server.claim(&share, 7),
    ] {
        reply.problem(503, "unavailable");
        assert_eq!(reply.header("retry-after"), Some("5"));
    }
    let ready = server.get("/readyz");
    let why = ready.problem(503, "not-ready");
    assert_eq!((why["reason"].as_str(), why.get("setting")), (Some("store-unreachable"), None));
    assert!(!why.to_string().contains("127.0.0.1"), "{why}");
    assert_eq!(server.get("/healthz").status, 200);
    assert_eq!(server.get("/api/policy").status, 200);
}
