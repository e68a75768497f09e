//! What does not arrive as announced, or not in time: it ends, with the connection.

use crate::support::{Share, TestServer, claim_token};
use serde_json::json;
use std::time::{Duration, Instant};

/// A creation that announces so many bytes more than it has, with this header besides.
fn creation(share: &Share, more: isize, extra: &str) -> String {
    let json = share.creation().to_string();
    let length = json.len().checked_add_signed(more).expect("the JSON is longer");
    format!(
        "POST /api/shares HTTP/1.1\r\nhost: waxseal\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n{extra}\r\n{json}"
    )
}

/// The head of a part whose body comes in chunks.
fn chunked(share: &Share) -> String {
    let (path, owner) = (share.path("/parts/0"), share.owner());
    format!(
        "PUT {path} HTTP/1.1\r\nhost: waxseal\r\nauthorization: Bearer {owner}\r\n\
         content-type: application/octet-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    )
}

#[test]
fn a_body_that_stalls_is_given_up() {
    let server = TestServer::with(&["--body-timeout=50ms"]);
    let share = Share::new(1);
    let answer = server.raw(&creation(&share, 1, ""));
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("urn:waxseal:problem:timeout"));
    assert!(answer.to_lowercase().contains("content-security-policy: "));
    server.call("GET", &share.path(""), &share.access()).problem(404, "unknown-share");
}

#[test]
fn a_body_longer_than_announced_is_refused() {
    let server = TestServer::start();
    let share = Share::new(1);
    let answer = server.raw(&creation(&share, -1, ""));
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("urn:waxseal:problem:malformed"), "{answer}");
    server.call("GET", &share.path(""), &share.access()).problem(404, "unknown-share");
}

#[test]
fn a_body_with_two_lengths_is_refused() {
    let server = TestServer::start();
    let share = Share::new(1);
    for second in ["transfer-encoding: chunked\r\n", "content-length: 1\r\n"] {
        let answer = server.raw(&creation(&share, 0, second));
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    server.call("GET", &share.path(""), &share.access()).problem(404, "unknown-share");
}

#[test]
fn a_body_cut_off_is_refused() {
    let server = TestServer::start();
    let share = Share::new(1);
    let answer = server.cut(&creation(&share, 1, ""));
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    server.call("GET", &share.path(""), &share.access()).problem(404, "unknown-share");
}

#[test]
fn a_body_in_chunks_that_stalls_is_given_up() {
    let server = TestServer::with(&["--body-timeout=50ms"]);
    let mut wire = server.wire();
    wire.send(chunked(&Share::new(1)).as_bytes());
    wire.send(b"5\r\nhello\r\n");
    let answer = wire.until_closed(|_| {});
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("urn:waxseal:problem:timeout"), "{answer}");
}

#[test]
fn a_body_that_comes_drop_by_drop_is_given_up() {
    let server = TestServer::with(&["--body-timeout=200ms", "--min-rate=1000000"]);
    let share = Share { size: 1_200_000, ..Share::new(1) };
    server.create(&share);
    for in_chunks in [false, true] {
        let mut wire = server.wire();
        let length =
            chunked(&share).replace("transfer-encoding: chunked", "content-length: 1048632");
        wire.send(if in_chunks { chunked(&share) } else { length }.as_bytes());
        let drop: &[u8] = if in_chunks { b"1\r\n.\r\n" } else { b"." };
        let answer = wire.until_closed(|wire| wire.send(drop));
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
}

#[test]
fn a_body_without_end_is_not_read_to_its_end() {
    let server = TestServer::start();
    let share = Share { size: 1_200_000, ..Share::new(1) };
    server.create(&share);
    let plenty = format!("10000\r\n{}\r\n", ".".repeat(0x10000));
    let refused = chunked(&share).replace("octet-stream", "json");
    let unread = chunked(&share).replace("PUT", "GET").replace("/parts/0", "");
    for (head, status) in [(chunked(&share), "413"), (refused, "415"), (unread, "404")] {
        let mut wire = server.wire();
        wire.send(head.as_bytes());
        let answer = wire.until_closed(|wire| wire.send(plenty.as_bytes()));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
    }
}

#[test]
fn a_head_that_does_not_come_is_not_waited_for() {
    let server = TestServer::with(&["--head-timeout=50ms"]);
    assert_eq!(server.wire().until_closed(|_| {}), "", "nobody was told anything yet");

    let mut wire = server.wire();
    wire.send(b"GET /healthz HTTP/1.1\r\nhost: wax");
    let answer = wire.until_closed(|_| {});
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");

    let mut wire = server.wire();
    wire.send(b"GET /healthz HTTP/1.1\r\nx: ");
    let answer = wire.until_closed(|wire| wire.send(b"."));
    assert!(answer.starts_with("HTTP/1.1 408 "), "drop by drop: {answer}");
}

#[test]
fn the_second_head_on_a_connection_is_waited_for_no_longer_than_the_first() {
    let server = TestServer::with(&["--head-timeout=50ms"]);
    let mut wire = server.wire();
    wire.send(HEALTH);
    wire.until_heard("ok\n");
    wire.send(b"GET /healthz HTTP/1.1\r\n");
    let answer = wire.until_closed(|wire| wire.send(b"x: y\r\n"));
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let server = TestServer::start();
    let mut wire = server.wire();
    wire.send(b"GET /healthz HTTP/1.1\r\nhost: waxseal\r\n");
    let answer =
        wire.until_closed(|wire| wire.send(b"x: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n"));
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    let mut wire = server.wire();
    wire.send(format!("GET /{} HTTP/1.1\r\nhost: ", "x".repeat(40_000)).as_bytes());
    let answer = wire.until_closed(|_| {});
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn a_connection_is_kept_for_a_next_request_and_then_closed() {
    let server = TestServer::with(&["--idle-timeout=50ms"]);
    let mut wire = server.wire();
    for _ in 0..3 {
        wire.send(HEALTH);
        wire.until_heard("ok\n");
    }
    let answer = wire.until_closed(|_| {});
    assert!(!answer.contains("408"), "it was closed for no fault: {answer}");
}

#[test]
fn there_are_no_more_connections_than_allowed() {
    for limit in ["--max-connections=3", "--max-connections-per-address=3"] {
        let server = TestServer::with(&[limit]);
        let mut open: Vec<_> = (0..3).map(|_| server.wire()).collect();
        for wire in &mut open {
            wire.send(HEALTH);
            wire.until_heard("ok\n");
        }
        assert!(!is_served(&server), "{limit}");
        let mut first = open.swap_remove(0);
        first.send(HEALTH);
        first.until_heard("ok\n");
        drop(first);
        until_served(&server);
    }
}

#[test]
fn an_answer_that_is_not_read_is_given_up() {
    let server = TestServer::with(&["--body-timeout=100ms", "--max-connections-per-address=2"]);
    let share = Share { size: 1_000_000, ..Share::new(1) };
    server.create(&share);
    // One connection is the client's. On the other come answers that no buffer holds all of.
    let body = json!({ "claim": claim_token(1) }).to_string();
    let claim = format!(
        "POST {} HTTP/1.1\r\nhost: waxseal\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        share.path("/claims"),
        share.access(),
        body.len()
    );
    let mut wire = server.wire();
    wire.send(claim.repeat(16).as_bytes());
    until_served(&server);
    let answer = wire.until_closed(|_| {});
    assert!(answer.starts_with("HTTP/1.1 200 "), "{}", answer.lines().next().unwrap_or_default());
    assert!(answer.len() < 16_000_000, "all was sent");
    assert_eq!(server.claim(&share, 1).status, 200, "the same claim may ask again");
}

const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: waxseal\r\n\r\n";

/// Whether there is room for one more connection.
fn is_served(server: &TestServer) -> bool {
    let mut wire = server.wire();
    wire.send(b"GET /healthz HTTP/1.1\r\nhost: waxseal\r\nconnection: close\r\n\r\n");
    wire.until_closed(|_| {}).ends_with("ok\n")
}

fn until_served(server: &TestServer) {
    let start = Instant::now();
    while !is_served(server) {
        assert!(start.elapsed() < Duration::from_secs(30), "there is no room");
    }
}
