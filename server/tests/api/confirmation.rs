//! Confirming by mail: every answer there is.

use crate::support::{
    Reply, Share,
    email::{ALLOWED, EmailServer, NUMBER, mailed},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

/// Between a number that is wrong and the end of a share.
const WRONG: &str = "43";

/// Of a request that waits: it has not just run out of time.
const EARLY: Duration = Duration::from_secs(20);

/// All of an answer but the number and the time that it was sent.
fn but_the_number(reply: &Reply) -> (u16, BTreeMap<String, String>, String) {
    let body = String::from_utf8(reply.body.clone()).expect("JSON is text");
    let at = body.find("\"number\":\"").expect("there is a number") + "\"number\":\"".len();
    assert!(body[at..at + 2].bytes().all(|digit| digit.is_ascii_digit()), "{body}");
    let mut headers = reply.headers.clone();
    headers.remove("date");
    (reply.status, headers, format!("{}{}", &body[..at], &body[at + 2..]))
}

#[test]
fn a_share_waits_until_it_is_confirmed() {
    let server = EmailServer::start();
    for share in [Share::new(1), Share { size: 2_200_000, ..Share::new(2) }] {
        let created = server.post("/api/shares", "", &share.creation());
        assert_eq!(created.status, 201);
        let mut published = created.json();
        if share.size > 2_000_000 {
            assert_eq!(published["state"], "staged");
            for (n, part) in (0..).zip(share.parts()) {
                assert_eq!(server.put_part(&share, n, &part).status, 204);
            }
            let reply = server.call("POST", &share.path("/publish"), &share.owner());
            published = reply.json();
        }
        assert_eq!(published["state"], "pending");
        assert_eq!(published["pending_until"], "2026-03-03T14:12:00.000Z");
        assert_eq!(published.get("expires_at"), None);
        server.is_unknown(&share);

        let asked = server.ask(&share, "nobody@example.org", false);
        assert_eq!(asked.status, 202, "{asked:?}");
        assert_eq!(asked.json()["pending_until"], published["pending_until"]);
        server.is_unknown(&share);

        server.mail(&share, 7, None).expect("it is pending");
        let confirmed = server.confirm(&share, 7, NUMBER);
        assert_eq!(confirmed.status, 200, "{confirmed:?}");
        let expected = json!({ "state": "live", "expires_at": "2026-03-04T14:02:00.000Z" });
        assert_eq!(confirmed.json(), expected);
        assert_eq!(server.confirm(&share, 7, NUMBER).json(), expected);
        let landing = server.call("GET", &share.path(""), &share.access()).json();
        assert_eq!(landing["expires_at"], expected["expires_at"]);
        assert_eq!(server.claim(&share, 1).status, 200);
        assert_eq!(server.confirm(&share, 7, NUMBER).json()["state"], "opened");
    }
}

#[test]
fn whatever_was_not_mailed_last_is_unknown_byte_for_byte() {
    let server = EmailServer::start();
    let (share, used, never) = (Share::new(1), Share::new(2), Share::new(3));
    for share in [&share, &used] {
        server.create(share);
    }
    server.mail(&used, 9, None).expect("it is pending");
    assert_eq!(server.confirm(&used, 9, NUMBER).status, 200);
    let before = server.confirm(&share, 7, NUMBER);
    for seed in [7, 8] {
        server.mail(&share, seed, None).expect("it is pending");
    }
    let unlike = |reply: Reply| {
        reply.problem(404, "unknown-share");
        let mut headers = reply.headers;
        headers.remove("date");
        (headers, reply.body)
    };
    let expected = unlike(server.confirm(&never, 7, NUMBER));
    for reply in [
        before,
        // Void, and wrong.
        server.confirm(&share, 7, NUMBER),
        server.confirm(&share, 9, WRONG),
        server.deny(&share, 7),
        server.deny(&never, 7),
        // Used.
        server.deny(&used, 9),
        server.confirm(&used, 9, WRONG),
    ] {
        assert_eq!(unlike(reply), expected);
    }
    assert_eq!([server.state(&share), server.state(&used)], ["pending", "live"]);
}

#[test]
fn two_wrong_numbers_are_told_and_the_third_ends_the_share() {
    let server = EmailServer::start();
    let share = Share::new(1);
    server.create(&share);
    for (seed, left) in [(7, 2), (8, 1)] {
        server.mail(&share, seed, None).expect("it is pending");
        let problem = server.confirm(&share, seed, WRONG).problem(403, "wrong-number");
        assert_eq!(problem["tries_left"], left);
    }
    for number in [WRONG, NUMBER] {
        let problem = server.confirm(&share, 8, number).problem(410, "share-over");
        assert_eq!(
            (&problem["state"], &problem["at"]),
            (&json!("burned"), &json!("2026-03-03T14:02:00.000Z"))
        );
    }
    assert_eq!(server.state(&share), "burned");
    server.is_unknown(&share);
    let asked = server.ask(&share, ALLOWED, false).problem(410, "share-over");
    assert_eq!(asked["state"], "burned");
}

#[test]
fn whoever_gets_the_mail_denies_and_the_owner_revokes() {
    let server = EmailServer::start();
    let (denied, revoked) = (Share::new(1), Share::new(2));
    for share in [&denied, &revoked] {
        server.create(share);
        server.mail(share, 7, None).expect("it is pending");
    }
    for _ in 0..2 {
        assert_eq!(server.deny(&denied, 7).json(), json!({ "state": "revoked" }));
    }
    let status = server.call("DELETE", &revoked.path(""), &revoked.owner()).json();
    assert_eq!(status["state"], "revoked");
    for share in [&denied, &revoked] {
        let problem = server.confirm(share, 7, NUMBER).problem(410, "share-over");
        assert_eq!(problem["state"], "revoked");
        server.is_unknown(share);
    }
}

#[test]
fn ten_minutes_are_all_there_is() {
    let server = EmailServer::start();
    let (share, late) = (Share::new(1), Share::new(2));
    for share in [&share, &late] {
        server.create(share);
        server.mail(share, 7, None).expect("it is pending");
    }
    server.advance(Duration::from_millis(600_000 - 1));
    let confirmed = server.confirm(&share, 7, NUMBER).json();
    assert_eq!(confirmed["expires_at"], "2026-03-04T14:11:59.999Z");
    server.advance(Duration::from_millis(1));
    let problem = server.confirm(&late, 7, NUMBER).problem(410, "share-over");
    assert_eq!(problem["state"], "expired");
    server.is_unknown(&late);
    server.ask(&late, ALLOWED, false).problem(410, "share-over");
}

#[test]
fn no_answer_tells_whose_address_is_allowed() {
    let server = EmailServer::start();
    let share = Share::new(1);
    server.create(&share);
    let expected = but_the_number(&server.ask(&share, "nobody@example.org", false));
    for address in [ALLOWED, "ann@elsewhere.example", "ANN@Allowed.Example", "bob@allowed.example"]
    {
        assert_eq!(but_the_number(&server.ask(&share, address, false)), expected, "{address}");
    }
    let waiting = |share: &Share| {
        let reply = server.call("GET", &share.path("/status"), &share.owner());
        reply.json()
    };
    let asked = waiting(&share);
    server.ask(&share, "nobody@example.org", false);
    assert_eq!(waiting(&share), asked);
    for bad in ["", "ann", "ann@allowed.example\r\nBcc: bob@allowed.example", "ann@b c"] {
        server.ask(&share, bad, false).problem(422, "invalid");
    }
}

#[test]
fn mails_are_counted_by_network_and_by_address_whoever_is_allowed() {
    let flags = [
        "--identity-mails-per-hour=5",
        "--identity-mails-per-owner-per-hour=2",
        "--trusted-proxies=127.0.0.0/8",
    ];
    let server = EmailServer::with(&flags);
    let (share, next) = (Share::new(1), Share::new(2));
    server.create(&share);
    let ask = |share: &Share, network: &str, address: &str| {
        let bearer = format!("Bearer {}", share.owner());
        let headers = [
            ("content-type", "application/json"),
            ("authorization", bearer.as_str()),
            ("x-forwarded-for", network),
        ];
        let body = json!({ "address": address }).to_string();
        server.send("POST", &share.path("/confirmation"), &headers, body.as_bytes())
    };
    for (network, address, passes) in [
        ("192.0.2.1", "Bob@example.org", true),
        ("192.0.2.1", "bob+1@example.org", true),
        ("192.0.2.2", "bob@Example.org", false),
        ("192.0.2.2", "ann+2@allowed.example", true),
        ("192.0.2.3", "Ann@allowed.example", true),
        ("192.0.2.4", ALLOWED, false),
        ("192.0.2.1", "one@example.org", true),
        ("192.0.2.1", "two@example.org", true),
        ("192.0.2.1", "three@example.org", true),
        ("192.0.2.1", "four@example.org", false),
        ("192.0.2.5", "four@example.org", true),
    ] {
        let reply = ask(&share, network, address);
        if !passes {
            reply.problem(429, "too-many-requests");
            assert!(reply.header("retry-after").is_some());
        }
        assert_eq!(reply.status == 202, passes, "{network} {address}");
    }
    server.advance(Duration::from_secs(1800));
    server.create(&next);
    assert_eq!(ask(&next, "192.0.2.6", ALLOWED).status, 202, "one comes back in half an hour");
}

#[test]
fn only_a_post_of_json_by_our_own_page_confirms() {
    let server = EmailServer::start();
    let share = Share::new(1);
    server.create(&share);
    server.mail(&share, 7, None).expect("it is pending");
    let confirm = json!({ "id": share.id(), "token": mailed(7), "number": NUMBER }).to_string();
    let deny = json!({ "id": share.id(), "token": mailed(7) }).to_string();
    for (path, body) in [("/api/confirmations", &confirm), ("/api/confirmations/deny", &deny)] {
        let json = ("content-type", "application/json");
        for method in ["GET", "HEAD", "PUT", "DELETE"] {
            assert_eq!(server.send(method, path, &[json], body.as_bytes()).status, 405);
        }
        let query = format!("{path}?id={}&token={}&number=42", share.id(), mailed(7));
        assert_eq!(server.get(&query).status, 405);
        for media_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
            let reply = server.send("POST", path, &[("content-type", media_type)], body.as_bytes());
            reply.problem(415, "media-type");
        }
        for header in [("sec-fetch-site", "cross-site"), ("origin", "https://elsewhere.example")] {
            let reply = server.send("POST", path, &[json, header], body.as_bytes());
            reply.problem(403, "cross-site");
        }
        server.send("POST", path, &[json], b"{}").problem(422, "invalid");
    }
    assert_eq!(server.state(&share), "pending");
    server.is_unknown(&share);
}

#[test]
fn whoever_waits_is_told_what_another_server_was_told() {
    let server = EmailServer::start();
    for (seed, decide) in [(1, "confirm"), (2, "deny"), (3, "revoke")] {
        let share = Share::new(seed);
        server.create(&share);
        server.mail(&share, 7, None).expect("it is pending");
        let start = Instant::now();
        let told = thread::scope(|scope| {
            let waiting =
                scope.spawn(|| server.call("GET", &share.path("/confirmation"), &share.owner()));
            // It is there by then, or comes after; what it is told is the same.
            let decided = match decide {
                "confirm" => server.confirm(&share, 7, NUMBER),
                "deny" => server.deny(&share, 7),
                _ => server.call("DELETE", &share.path(""), &share.owner()),
            };
            assert_eq!(decided.status, 200);
            waiting.join().expect("it is answered").json()
        });
        assert!(start.elapsed() < EARLY);
        let expected = match decide {
            "confirm" => json!({ "state": "live", "expires_at": "2026-03-04T14:02:00.000Z" }),
            _ => json!({ "state": "revoked" }),
        };
        assert_eq!(told, expected);
    }
}

#[test]
fn only_the_owner_waits_and_not_for_what_is_decided() {
    let server = EmailServer::start();
    let (share, staged) = (Share::new(1), Share { size: 2_200_000, ..Share::new(2) });
    server.create(&share);
    server.create(&staged);
    for token in [share.access(), mailed(7)] {
        let waiting = server.call("GET", &share.path("/confirmation"), &token);
        waiting.problem(404, "unknown-share");
        let asking = json!({ "address": ALLOWED });
        let asking = server.post(&share.path("/confirmation"), &token, &asking);
        asking.problem(404, "unknown-share");
    }
    server.send("GET", &share.path("/confirmation"), &[], b"").problem(401, "token-required");
    let waiting = server.call("GET", &staged.path("/confirmation"), &staged.owner());
    assert_eq!(waiting.json(), json!({ "state": "staged" }));
    server.ask(&staged, ALLOWED, false).problem(409, "conflict");
}

#[test]
fn so_many_of_one_address_wait_at_a_time() {
    const MANY: usize = 40;
    const PLACES: usize = 32;
    let server = EmailServer::start();
    let share = Share::new(1);
    server.create(&share);
    server.mail(&share, 7, None).expect("it is pending");
    let (path, owner) = (share.path("/confirmation"), share.owner());
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {owner}\r\nconnection: close\r\n\r\n"
    );
    let mut answers = Vec::new();
    thread::scope(|scope| {
        let waiting: Vec<_> = (0..MANY).map(|_| scope.spawn(|| server.raw(&request))).collect();
        // Those without a place are answered while the others wait.
        let start = Instant::now();
        while waiting.iter().filter(|one| one.is_finished()).count() < MANY - PLACES {
            assert!(start.elapsed() < EARLY, "too many wait");
            thread::yield_now();
        }
        assert_eq!(server.confirm(&share, 7, NUMBER).status, 200);
        answers.extend(waiting.into_iter().map(|one| one.join().expect("it is answered")));
    });
    let refused = answers.iter().filter(|answer| answer.starts_with("HTTP/1.1 429")).count();
    let told = answers.iter().filter(|answer| answer.contains("\"state\":\"live\"")).count();
    assert_eq!((refused, told), (MANY - PLACES, PLACES));
}

#[test]
fn the_policy_says_how_owners_confirm_and_not_who_may() {
    let server = EmailServer::with(&["--identity-session=8h"]);
    let policy = server.get("/api/policy").json();
    assert_eq!(policy["identity"], "email");
    assert_eq!(policy["confirmation"], json!({ "within": 600, "session": 28_800 }));
    assert!(!policy.to_string().contains("allowed.example"));
}

#[test]
fn where_nobody_confirms_nothing_can_be_asked_for() {
    let server = crate::support::TestServer::start();
    let share = Share::new(1);
    server.create(&share);
    let request = json!({ "address": ALLOWED });
    let asked = server.post(&share.path("/confirmation"), &share.owner(), &request);
    asked.problem(422, "policy");
    let waiting = server.call("GET", &share.path("/confirmation"), &share.owner()).json();
    assert_eq!(waiting["state"], "live");
    assert_eq!(server.get("/api/policy").json().get("confirmation"), None::<&Value>);
}
