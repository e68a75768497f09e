//! Uploads that are interrupted, and go on: the real process is killed, on either engine.

use crate::{
    redis_server::RedisServer,
    support::{Process, Share, claim_token},
};
use serde_json::json;
use std::net::TcpListener;

/// Uploads a share of three parts to servers of which each ends in the middle of it.
fn survives(store: &str) {
    let flag = format!("--store={store}");
    let share = Share { size: 2_500_000, ..Share::new(1) };
    let parts = share.parts();
    let stored = |server: &Process| {
        let listed = server.client.call("GET", &share.path("/parts"), &share.owner());
        assert_eq!(listed.status, 200, "{listed:?}");
        listed.json()["stored"].clone()
    };

    let mut server = Process::start(&[&flag]);
    server.client.create(&share);
    assert_eq!(server.client.put_part(&share, 2, &parts[2]).status, 204);
    let upload = server.client.start_part(&share, 1, &parts[1][..500_000], parts[1].len());
    server.kill();
    drop(upload);

    let mut server = Process::start(&[&flag]);
    assert_eq!(stored(&server), json!([2]));
    assert_eq!(server.client.put_part(&share, 1, &parts[1]).status, 204);
    server.kill();

    let mut server = Process::start(&[&flag]);
    assert_eq!(stored(&server), json!([1, 2]));
    assert_eq!(server.client.put_part(&share, 0, &parts[0]).status, 204);
    let published = server.client.call("POST", &share.path("/publish"), &share.owner());
    assert_eq!(published.status, 200, "{published:?}");
    server.kill();

    let server = Process::start(&[&flag]);
    assert_eq!(server.client.claim(&share, 7).body, parts[0]);
    for n in [1, 2] {
        let path = share.path(&format!("/parts/{n}"));
        assert_eq!(server.client.call("GET", &path, &claim_token(7)).body, parts[n]);
    }
}

#[test]
fn an_upload_outlives_the_server_on_sqlite() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    survives(&format!("sqlite:{}", folder.path().join("waxseal.db").display()));
}

#[test]
fn an_upload_outlives_the_server_on_redis() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("the listener is bound").port();
    drop(listener);
    let server = RedisServer::start(&["--bind", "127.0.0.1", "--port", &port.to_string()]);
    survives(&format!("redis://127.0.0.1:{port}"));
    // It was this one that kept the share.
    let keys: u64 = redis::cmd("DBSIZE").query(&mut server.connection()).expect("it answers");
    assert!(keys > 0);
}
