//! Looking at a share, opening it, fetching its parts.

use crate::support::{Share, TestServer, claim_token};
use serde_json::json;
use std::time::Duration;

#[test]
fn looking_at_a_share_spends_nothing() {
    let server = TestServer::start();
    let share = Share::new(1);
    server.create(&share);
    for _ in 0..3 {
        let landing = server.call("GET", &share.path(""), &share.access());
        assert_eq!(landing.status, 200);
        assert_eq!(
            landing.json(),
            json!({
                "state": "live", "expires_at": "2026-03-04T14:02:00.000Z", "views_left": 1,
                "passphrase": false, "size": 1096,
            })
        );
    }
    assert_eq!(server.claim(&share, 7).status, 200);
}

#[test]
fn one_claim_gets_the_head_and_may_ask_again_and_no_other_does() {
    let server = TestServer::start();
    let share = Share::new(1);
    server.create(&share);
    let opened = server.claim(&share, 7);
    assert_eq!((opened.status, &opened.body), (200, &share.body()));
    for (name, value) in [
        ("content-type", "application/octet-stream"),
        ("waxseal-size", "1096"),
        ("waxseal-parts", "1"),
        ("waxseal-expires-at", "2026-03-04T14:02:00.000Z"),
        ("waxseal-lease-until", "2026-03-03T14:17:00.000Z"),
        ("waxseal-views-left", "0"),
    ] {
        assert_eq!(opened.header(name), Some(value), "{name}");
    }
    assert_eq!(server.claim(&share, 7).body, share.body());
    let over = server.claim(&share, 8).problem(410, "share-over");
    assert_eq!(
        (&over["state"], &over["at"]),
        (&json!("opened"), &json!("2026-03-03T14:02:00.000Z"))
    );
}

#[test]
fn a_share_with_any_number_of_views_says_so_by_silence() {
    let server = TestServer::start();
    let share = Share { views: None, ..Share::new(1) };
    server.create(&share);
    assert_eq!(server.claim(&share, 7).header("waxseal-views-left"), None);
    assert_eq!(server.claim(&share, 8).body, share.body());
    let landing = server.call("GET", &share.path(""), &share.access());
    assert_eq!(landing.json().get("views_left"), None);
}

#[test]
fn an_acknowledged_claim_is_over() {
    let server = TestServer::start();
    let share = Share::new(1);
    server.create(&share);
    server.claim(&share, 7);
    for _ in 0..2 {
        let ack = server.call("POST", &share.path("/ack"), &claim_token(7));
        assert_eq!((ack.status, ack.body), (204, Vec::new()));
    }
    server.claim(&share, 7).problem(410, "claim-over");
    server.call("POST", &share.path("/lease"), &claim_token(7)).problem(410, "claim-over");
    server.call("GET", &share.path("/parts/0"), &claim_token(7)).problem(410, "claim-over");
}

#[test]
fn a_lease_lasts_while_it_is_renewed() {
    let server = TestServer::start();
    let share = Share::new(1);
    server.create(&share);
    server.claim(&share, 7);
    for until in ["2026-03-03T14:27:00.000Z", "2026-03-03T14:37:00.000Z"] {
        server.clock.advance(Duration::from_secs(600));
        let lease = server.call("POST", &share.path("/lease"), &claim_token(7));
        assert_eq!((lease.status, lease.json()), (200, json!({ "lease_until": until })));
    }
    server.clock.advance(Duration::from_secs(901));
    server.call("POST", &share.path("/lease"), &claim_token(7)).problem(410, "claim-over");
    server.claim(&share, 7).problem(410, "claim-over");
}

#[test]
fn a_passphrase_is_asked_for_and_wrong_ones_are_counted() {
    let server = TestServer::start();
    let share = Share { passphrase: true, ..Share::new(1) };
    server.create(&share);
    let landing = server.call("GET", &share.path(""), &share.access()).json();
    assert_eq!((&landing["passphrase"], &landing["tries_left"]), (&json!(true), &json!(10)));

    server.claim(&share, 7).problem(403, "passphrase-required");
    let claim = |proof: &str| {
        let request = json!({ "claim": claim_token(7), "proof": proof });
        server.post(&share.path("/claims"), &share.access(), &request)
    };
    let wrong = claim(&Share::new(2).proof()).problem(403, "wrong-passphrase");
    assert_eq!(wrong["tries_left"], 9);
    assert_eq!(claim(&share.proof()).body, share.body());
}

#[test]
fn the_tenth_wrong_passphrase_burns_the_share() {
    let server = TestServer::start();
    let share = Share { passphrase: true, ..Share::new(1) };
    server.create(&share);
    let request = json!({ "claim": claim_token(7), "proof": Share::new(2).proof() });
    for left in (0..10).rev() {
        let reply = server.post(&share.path("/claims"), &share.access(), &request);
        assert_eq!(reply.problem(403, "wrong-passphrase")["tries_left"], left);
    }
    let over = server.call("GET", &share.path(""), &share.access()).problem(410, "share-over");
    assert_eq!(over["state"], "burned");
}

#[test]
fn a_proof_where_no_passphrase_is_set_spends_nothing() {
    let server = TestServer::start();
    let share = Share::new(1);
    server.create(&share);
    let request = json!({ "claim": claim_token(7), "proof": share.proof() });
    server.post(&share.path("/claims"), &share.access(), &request).problem(422, "invalid");
    assert_eq!(server.claim(&share, 7).status, 200);
}

#[test]
fn an_expired_share_says_when() {
    let server = TestServer::start();
    let share = Share { expires_in: 3600, ..Share::new(1) };
    server.create(&share);
    server.clock.advance(Duration::from_secs(3601));
    let over = server.claim(&share, 7).problem(410, "share-over");
    assert_eq!(
        (&over["state"], &over["at"]),
        (&json!("expired"), &json!("2026-03-03T15:02:00.000Z"))
    );
}

#[test]
fn part_0_comes_without_the_seal_whole_or_in_ranges() {
    let server = TestServer::start();
    let share = Share::new(1);
    server.create(&share);
    server.claim(&share, 7);
    let part = share.body().split_off(56);
    let bearer = format!("Bearer {}", claim_token(7));
    let get = |range: &str| {
        let headers = [("authorization", bearer.as_str()), ("range", range)];
        server.send("GET", &share.path("/parts/0"), &headers, b"")
    };
    for range in ["bytes=0-1,4-5", "lines=1-2", "nonsense"] {
        let whole = get(range);
        assert_eq!((whole.status, &whole.body), (200, &part), "{range}");
        assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    }
    for (range, from, to) in
        [("bytes=10-19", 10, 20), ("bytes=1000-", 1000, 1040), ("bytes=-1", 1039, 1040)]
    {
        let some = get(range);
        assert_eq!((some.status, some.body.as_slice()), (206, &part[from..to]), "{range}");
        assert_eq!(
            some.header("content-range"),
            Some(format!("bytes {from}-{}/1040", to - 1).as_str())
        );
    }
    let none = get("bytes=1040-");
    none.problem(416, "range");
    assert_eq!(none.header("content-range"), Some("bytes */1040"));
}

#[test]
fn every_part_comes_whole_or_in_ranges() {
    let server = TestServer::start();
    let share = Share { size: 1_200_000, ..Share::new(1) };
    server.create(&share);
    let mut parts = share.parts();
    for (n, part) in (0..).zip(&parts) {
        assert_eq!(server.put_part(&share, n, part).status, 204);
    }
    assert_eq!(server.call("POST", &share.path("/publish"), &share.owner()).status, 200);
    assert_eq!(server.claim(&share, 7).status, 200);
    parts[0].drain(..56);
    let bearer = format!("Bearer {}", claim_token(7));
    for (n, part) in parts.iter().enumerate() {
        let get = |range: &str| {
            let headers = [("authorization", bearer.as_str()), ("range", range)];
            server.send("GET", &share.path(&format!("/parts/{n}")), &headers, b"")
        };
        let len = part.len();
        for (range, from, to) in [
            ("bytes=0-0".to_owned(), 0, 1),
            ("bytes=100000-149999".to_owned(), 100_000, 150_000),
            (format!("bytes={}-", len - 1), len - 1, len),
            (format!("bytes=1-{len}"), 1, len),
            ("bytes=-70000".to_owned(), len - 70_000, len),
            (format!("bytes=-{}", len + 1), 0, len),
        ] {
            let some = get(&range);
            assert_eq!((some.status, some.body.len()), (206, to - from), "{range} of {n}");
            assert!(some.body == part[from..to], "{range} of {n}");
            let told = format!("bytes {from}-{}/{len}", to - 1);
            assert_eq!(some.header("content-range"), Some(&*told));
        }
        let none = get(&format!("bytes={len}-"));
        none.problem(416, "range");
        assert_eq!(none.header("content-range"), Some(&*format!("bytes */{len}")));
        let several = get("bytes=0-0,2-3");
        assert_eq!((several.status, several.body.len()), (200, len));
    }
}

#[test]
fn there_is_no_part_past_the_last() {
    let server = TestServer::start();
    let share = Share::new(1);
    server.create(&share);
    server.claim(&share, 7);
    for n in ["1", "01", "-1", "x", "18446744073709551615", "18446744073709551616"] {
        server
            .call("GET", &share.path(&format!("/parts/{n}")), &claim_token(7))
            .problem(404, "not-found");
    }
}

#[test]
fn unknown_malformed_and_forbidden_shares_look_the_same() {
    let server = TestServer::start();
    let share = Share::new(1);
    server.create(&share);
    server.claim(&share, 7);
    let wrong = Share::new(2).access();
    let unknown = |id: &str, method: &str, more: &str| {
        let mut reply = server.call(method, &format!("/api/shares/{id}{more}"), &wrong);
        reply.problem(404, "unknown-share");
        reply.headers.remove("date");
        reply
    };
    let first = unknown(&Share::new(9).id(), "GET", "");
    for (method, more) in [
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/status"),
        ("GET", "/parts"),
        ("GET", "/parts/0"),
        ("POST", "/publish"),
        ("POST", "/lease"),
        ("POST", "/ack"),
    ] {
        for id in [&share.id(), &Share::new(9).id(), "short", "%00", "AAAAAAAAAAAAAAAAAAAAAB"] {
            assert_eq!(unknown(id, method, more), first, "{method} {id}{more}");
        }
    }
    let claim = json!({ "claim": claim_token(7) });
    for id in [&share.id(), &Share::new(9).id(), "short"] {
        let mut reply = server.post(&format!("/api/shares/{id}/claims"), &wrong, &claim);
        reply.headers.remove("date");
        assert_eq!(reply, first);
    }
    let bearer = format!("Bearer {wrong}");
    let headers =
        [("authorization", bearer.as_str()), ("content-type", "application/octet-stream")];
    for id in [&share.id(), &Share::new(9).id(), "short"] {
        let path = format!("/api/shares/{id}/parts/0");
        let mut reply = server.send("PUT", &path, &headers, &share.body());
        reply.headers.remove("date");
        assert_eq!(reply, first);
    }
    let claims = server.call("POST", &share.path("/lease"), &claim_token(8));
    claims.problem(404, "unknown-share");
}
