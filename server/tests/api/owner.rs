//! Creating, uploading, publishing, looking after and revoking shares.

use crate::support::{Share, TestServer, claim_token};
use serde_json::json;
use std::time::Duration;

/// Bytes of a body of two parts.
const TWO_PARTS: u64 = 1_200_000;

#[test]
fn a_share_with_a_head_is_live_at_once() {
    let server = TestServer::start();
    let share = Share::new(1);
    let reply = server.post("/api/shares", "", &share.creation());
    assert_eq!(reply.status, 201);
    assert_eq!(
        reply.json(),
        json!({
            "id": share.id(), "state": "live", "expires_at": "2026-03-04T14:02:00.000Z",
            "part_size": 1_049_600, "parts": 1,
        })
    );
}

#[test]
fn a_creation_repeated_gets_the_same_answer_and_another_is_a_conflict() {
    let server = TestServer::start();
    let share = Share::new(1);
    let first = server.post("/api/shares", "", &share.creation());
    server.clock.advance(Duration::from_secs(60));
    let again = server.post("/api/shares", "", &share.creation());
    assert_eq!((first.status, first.json()), (again.status, again.json()));

    let other = Share { expires_in: 3600, ..share };
    server.post("/api/shares", "", &other.creation()).problem(409, "conflict");
}

#[test]
fn a_large_share_is_staged_uploaded_in_any_order_and_published() {
    let server = TestServer::start();
    let share = Share { size: TWO_PARTS, ..Share::new(1) };
    let owner = share.owner();
    let reply = server.post("/api/shares", "", &share.creation());
    assert_eq!(reply.status, 201);
    assert_eq!(
        reply.json(),
        json!({ "id": share.id(), "state": "staged", "part_size": 1_049_600, "parts": 2 })
    );
    let missing = server.call("POST", &share.path("/publish"), &owner);
    missing.problem(409, "conflict");

    let parts = share.parts();
    assert_eq!(server.put_part(&share, 1, &parts[1]).status, 204);
    let stored = server.call("GET", &share.path("/parts"), &owner);
    assert_eq!((stored.status, stored.json()), (200, json!({ "parts": 2, "stored": [1] })));
    assert_eq!(server.put_part(&share, 0, &parts[0]).status, 204);
    assert_eq!(server.put_part(&share, 0, &parts[0]).status, 204);

    server.clock.advance(Duration::from_secs(60));
    let published = server.call("POST", &share.path("/publish"), &owner);
    assert_eq!(published.status, 200);
    let receipt = json!({
        "id": share.id(), "state": "live", "expires_at": "2026-03-04T14:03:00.000Z",
        "part_size": 1_049_600, "parts": 2,
    });
    assert_eq!(published.json(), receipt);
    assert_eq!(server.call("POST", &share.path("/publish"), &owner).json(), receipt);
    server.put_part(&share, 0, &parts[0]).problem(409, "conflict");

    let head = server.claim(&share, 7);
    assert_eq!((head.status, &head.body), (200, &parts[0]));
    let second = server.call("GET", &share.path("/parts/1"), &claim_token(7));
    assert_eq!((second.status, &second.body), (200, &parts[1]));
}

#[test]
fn a_part_of_another_number_or_length_is_refused() {
    let server = TestServer::start();
    let share = Share { size: TWO_PARTS, ..Share::new(1) };
    server.create(&share);
    let parts = share.parts();
    server.put_part(&share, 0, &parts[1]).problem(422, "invalid");
    server.put_part(&share, 1, &parts[1][1..]).problem(422, "invalid");
    server.put_part(&share, 1, b"").problem(422, "invalid");
    server.put_part(&share, 2, &parts[1]).problem(422, "invalid");
    server.put_part(&share, 0, &share.body()).problem(413, "too-large");
    let stored = server.call("GET", &share.path("/parts"), &share.owner());
    assert_eq!(stored.json()["stored"], json!([]));
}

#[test]
fn the_owner_sees_when_a_share_was_opened() {
    let server = TestServer::start();
    let share = Share { views: Some(3), ..Share::new(1) };
    server.create(&share);
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(server.claim(&share, 7).status, 200);
    let status = server.call("GET", &share.path("/status"), &share.owner());
    assert_eq!(status.status, 200);
    assert_eq!(
        status.json(),
        json!({
            "id": share.id(), "state": "live", "created_at": "2026-03-03T14:02:00.000Z",
            "expires_at": "2026-03-04T14:02:00.000Z", "views": 3, "views_left": 2,
            "opened_at": ["2026-03-03T14:02:01.000Z"], "failed_passphrases": 0,
        })
    );
}

#[test]
fn a_revoked_share_is_over_for_everybody() {
    let server = TestServer::start();
    let share = Share { views: None, ..Share::new(1) };
    server.create(&share);
    assert_eq!(server.claim(&share, 7).status, 200);
    for _ in 0..2 {
        let reply = server.call("DELETE", &share.path(""), &share.owner());
        assert_eq!((reply.status, &reply.json()["state"]), (200, &json!("revoked")));
        assert_eq!(reply.json()["revoked_at"], "2026-03-03T14:02:00.000Z");
    }
    let over = server.call("GET", &share.path(""), &share.access()).problem(410, "share-over");
    assert_eq!(
        (&over["state"], &over["at"]),
        (&json!("revoked"), &json!("2026-03-03T14:02:00.000Z"))
    );
    server.claim(&share, 8).problem(410, "share-over");
    let lease = server.call("POST", &share.path("/lease"), &claim_token(7));
    lease.problem(410, "claim-over");
}

#[test]
fn many_statuses_come_at_once_in_the_order_asked() {
    let server = TestServer::start();
    let (known, other) = (Share::new(1), Share::new(2));
    server.create(&known);
    server.create(&other);
    let asked = json!({ "shares": [
        { "id": Share::new(3).id(), "owner": known.owner() },
        { "id": known.id(), "owner": known.owner() },
        { "id": other.id(), "owner": known.owner() },
    ] });
    let reply = server.post("/api/status", "", &asked);
    assert_eq!(reply.status, 200);
    let status = server.call("GET", &known.path("/status"), &known.owner()).json();
    assert_eq!(
        reply.json(),
        json!({ "shares": [
            { "id": Share::new(3).id(), "state": "unknown" },
            status,
            { "id": other.id(), "state": "unknown" },
        ] })
    );
}
