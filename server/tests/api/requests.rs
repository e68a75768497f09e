//! Requests over HTTP: who may make one, who may answer, and that this happens once.

use crate::support::{
    Application, Reply, Share, TestServer, claim_token,
    email::{EmailServer, NUMBER},
};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};
use std::time::Duration;
use waxseal_core::{
    base64url,
    token::SealedSecret,
    wire::{OFFERS, REQUEST_BYTES},
};

/// Sequences, unless the environment says how many (`PROPTEST_CASES`).
const SEQUENCES: u32 = 64;

/// Calls of one sequence.
const CALLS: usize = 24;

fn sealed(byte: u8) -> String {
    SealedSecret::from_bytes([byte; 80]).to_base64url()
}

fn answer(server: &TestServer, request: &Share, share: &Share, byte: u8) -> Reply {
    let body = json!({ "share": share.id(), "sealed": sealed(byte) });
    server.post(&request.path("/answer"), &request.access(), &body)
}

fn status(server: &TestServer, request: &Share) -> Value {
    server.call("GET", &request.path("/status"), &request.owner()).json()
}

#[test]
fn a_request_is_made_read_and_answered_once() {
    let server = TestServer::start();
    let (request, share, late) = (Share::new(1), Share::new(2), Share::new(3));
    let made = server.post("/api/shares", "", &request.asking());
    assert_eq!((made.status, &made.json()["state"]), (201, &json!("live")));
    let again = server.post("/api/shares", "", &request.asking());
    assert_eq!((again.status, again.body), (201, made.body));
    server.post("/api/shares", "", &request.creation()).problem(409, "conflict");

    for _ in 0..2 {
        let landing = server.call("GET", &request.path(""), &request.access());
        assert_eq!(landing.status, 200);
        assert_eq!(landing.json()["note"], base64url::encode(&request.body()));
    }
    server.claim(&request, 1).problem(409, "conflict");

    for share in [&share, &late] {
        let made = server.post("/api/shares", "", &share.answering(&request));
        assert_eq!((made.status, &made.json()["state"]), (201, &json!("live")));
    }
    let given = answer(&server, &request, &share, 7);
    assert_eq!(given.status, 200, "{given:?}");
    server.clock.advance(Duration::from_secs(5));
    let again = answer(&server, &request, &share, 7);
    assert_eq!((again.status, &again.body), (200, &given.body));
    let refused = answer(&server, &request, &late, 7).problem(410, "share-over");
    assert_eq!((&refused["state"], &refused["at"]), (&json!("answered"), &given.json()["at"]));
    server.call("GET", &request.path(""), &request.access()).problem(410, "share-over");

    let told = status(&server, &request);
    assert_eq!(told["state"], "answered");
    let expected = json!({
        "share": share.id(), "sealed": sealed(7), "at": given.json()["at"],
        "expires_at": "2026-03-04T14:02:00.000Z",
    });
    assert_eq!(told["answer"], expected);
    let batch = json!({ "shares": [{ "id": request.id(), "owner": request.owner() }] });
    let batch = server.post("/api/status", "", &batch).json();
    assert_eq!(batch["shares"][0]["answer"], expected);
    assert_eq!(server.claim(&share, 1).body, share.body());
}

#[test]
fn what_can_be_no_request_and_no_answer_is_refused() {
    let server = TestServer::with(&["--force-passphrase=true"]);
    let request = Share::new(1);
    let refused = |creation: Value, status, kind| {
        server.post("/api/shares", "", &creation).problem(status, kind);
    };
    refused(Share { views: None, ..request.clone() }.asking(), 422, "invalid");
    refused(Share { passphrase: true, ..request.clone() }.asking(), 422, "invalid");
    let large = Share { size: REQUEST_BYTES as u64 + 1, ..request.clone() };
    refused(large.asking(), 413, "too-large");
    let staged = Share { size: 1_100_000, ..request.clone() };
    refused(staged.asking(), 413, "too-large");
    let mut both = request.asking();
    both["answers"] = request.answering(&Share::new(2))["answers"].clone();
    refused(both, 422, "invalid");

    // Nobody could tell a passphrase to whoever asked, so none is wanted of either.
    assert_eq!(server.post("/api/shares", "", &request.asking()).status, 201);
    let share = Share::new(2);
    refused(share.creation(), 422, "policy");
    refused(Share { views: None, ..share.clone() }.answering(&request), 422, "invalid");
    refused(Share { passphrase: true, ..share.clone() }.answering(&request), 422, "invalid");
    let mut as_array = share.creation();
    as_array["answers"] = json!([request.id(), request.access()]);
    refused(as_array, 422, "invalid");
    assert_eq!(server.post("/api/shares", "", &share.answering(&request)).status, 201);
    server.call("POST", &request.path("/answer"), &request.access()).problem(415, "media-type");
}

#[test]
fn an_unknown_request_and_a_wrong_token_are_alike_byte_for_byte() {
    let server = TestServer::start();
    let (request, share) = (Share::new(1), Share::new(2));
    server.post("/api/shares", "", &request.asking());
    server.create(&Share::new(3));
    let unknown = Share::new(9);
    let mut wrong = share.answering(&request);
    wrong["answers"]["access"] = json!(share.access());
    let no_request = share.answering(&Share::new(3));
    let replies = [share.answering(&unknown), wrong, no_request].map(|creation| {
        let reply = server.post("/api/shares", "", &creation);
        reply.problem(404, "unknown-share");
        reply.body
    });
    assert_eq!([&replies[1], &replies[2]], [&replies[0]; 2]);
    let body = json!({ "share": share.id(), "sealed": sealed(1) });
    let replies = [
        (unknown.path("/answer"), request.access()),
        (request.path("/answer"), share.access()),
        (request.path("/answer"), request.owner()),
        (Share::new(3).path("/answer"), Share::new(3).access()),
        ("/api/shares/x/answer".to_owned(), request.access()),
    ]
    .map(|(path, token)| {
        let reply = server.post(&path, &token, &body);
        reply.problem(404, "unknown-share");
        reply.body
    });
    assert!(replies.iter().all(|reply| reply == &replies[0]));
    let none = server.call("GET", &share.path(""), &share.access());
    none.problem(404, "unknown-share");
}

#[test]
fn a_request_is_no_ticket_for_many_uploads() {
    let server = TestServer::start();
    let request = Share::new(1);
    server.post("/api/shares", "", &request.asking());
    let shares: Vec<Share> = (2..).take(OFFERS + 1).map(Share::new).collect();
    for share in &shares[..OFFERS] {
        assert_eq!(server.post("/api/shares", "", &share.answering(&request)).status, 201);
    }
    let last = shares[OFFERS].answering(&request);
    server.post("/api/shares", "", &last).problem(409, "conflict");
    let again = shares[0].answering(&request);
    assert_eq!(server.post("/api/shares", "", &again).status, 201, "it is the same");
    assert_eq!(answer(&server, &request, &shares[3], 1).status, 200);
}

#[test]
fn where_owners_confirm_by_mail_whoever_asks_does_and_whoever_answers_need_not() {
    let server = EmailServer::start();
    let (request, small) = (Share::new(1), Share::new(2));
    let large = Share { size: 1_100_000, ..Share::new(3) };
    let made = server.post("/api/shares", "", &request.asking());
    assert_eq!(made.json()["state"], "pending");
    server.is_unknown(&request);
    let early = server.post("/api/shares", "", &small.answering(&request));
    early.problem(404, "unknown-share");
    server.is_unknown(&small);

    server.mail(&request, 1, None).expect("it is pending");
    assert_eq!(server.confirm(&request, 1, NUMBER).status, 200);
    let made = server.post("/api/shares", "", &small.answering(&request));
    assert_eq!(made.json()["state"], "live");
    assert_eq!(
        server.post("/api/shares", "", &large.answering(&request)).json()["state"],
        "staged"
    );
    for (n, part) in large.parts().iter().enumerate() {
        server.put_part(&large, n as u64, part);
    }
    let published = server.call("POST", &large.path("/publish"), &large.owner());
    assert_eq!(published.json()["state"], "live");
    assert_eq!(answer(&server, &request, &large, 1).status, 200);
    assert_eq!(status(&server, &request)["answer"]["share"], large.id());

    let other = Share::new(4);
    assert_eq!(server.post("/api/shares", "", &other.creation()).json()["state"], "pending");
}

#[test]
fn where_applications_grant_whoever_asks_has_a_grant_and_whoever_answers_needs_none() {
    let application = Application::new();
    let server = TestServer::with(&[
        "--identity-mode=grant",
        "--identity-grant-audience=https://share.example.org",
        &format!("--identity-grant-keys={}", application.file().display()),
    ]);
    let (request, share) = (Share::new(1), Share::new(2));
    server.post("/api/shares", "", &request.asking()).problem(401, "token-required");
    let grant = application.grant(json!({}));
    assert_eq!(server.post("/api/shares", &grant, &request.asking()).status, 201);
    server.post("/api/shares", "", &share.creation()).problem(401, "token-required");
    assert_eq!(server.post("/api/shares", "", &share.answering(&request)).status, 201);
    assert_eq!(answer(&server, &request, &share, 1).status, 200);
}

/// Which of the rivals' shares: each has one of one part and one of two.
type Which = usize;

#[derive(Debug, Clone)]
enum Call {
    Ask,
    Look,
    Create(Which),
    PutParts(Which),
    Publish(Which),
    Answer(Which, u8),
    Open(Which, u8),
    Revoke(Which),
    Withdraw,
    Status,
    Pass(u64),
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    use Call::*;
    let which = || 0..4_usize;
    let call = prop_oneof![
        1 => Just(Ask),
        2 => Just(Look),
        6 => which().prop_map(Create),
        3 => which().prop_map(PutParts),
        3 => which().prop_map(Publish),
        6 => (which(), 1..3_u8).prop_map(|(which, byte)| Answer(which, byte)),
        2 => (which(), 1..3_u8).prop_map(|(which, claim)| Open(which, claim)),
        1 => which().prop_map(Revoke),
        1 => Just(Withdraw),
        3 => Just(Status),
        1 => prop_oneof![Just(1_000), Just(50_000_000)].prop_map(Pass),
    ];
    vec(call, CALLS).prop_map(|mut calls| {
        calls.insert(0, Ask);
        calls
    })
}

/// What one sequence has seen.
#[derive(Default)]
struct Seen {
    given: Option<(Which, u8)>,
    /// When nothing new may come any more.
    over: bool,
    /// Those that were live once.
    live: [bool; 4],
}

fn check(server: &TestServer, calls: &[Call], seed: u8) -> Result<bool, TestCaseError> {
    let request = Share::new(seed);
    let shares = [1, 2, 3, 4].map(|n| {
        let share = Share::new(seed + n);
        if n % 2 == 0 { Share { size: 1_100_000, ..share } } else { share }
    });
    let mut seen = Seen::default();
    for call in calls {
        match *call {
            Call::Ask => {
                server.post("/api/shares", "", &request.asking());
            }
            Call::Look => {
                let reply = server.call("GET", &request.path(""), &request.access());
                prop_assert!(reply.status != 200 || !seen.over, "the note is gone once it is over");
            }
            Call::Create(which) => {
                let reply = server.post("/api/shares", "", &shares[which].answering(&request));
                prop_assert!(reply.status != 201 || !seen.over, "nothing is admitted any more");
                seen.live[which] |= reply.json()["state"] == "live";
            }
            Call::PutParts(which) => {
                for (n, part) in shares[which].parts().iter().enumerate() {
                    server.put_part(&shares[which], n as u64, part);
                }
            }
            Call::Publish(which) => {
                let share = &shares[which];
                let reply = server.call("POST", &share.path("/publish"), &share.owner());
                seen.live[which] |= reply.json()["state"] == "live";
            }
            Call::Answer(which, byte) => {
                let reply = answer(server, &request, &shares[which], byte);
                if reply.status == 200 {
                    prop_assert!(seen.live[which], "no answer without a share");
                    prop_assert!(!seen.over || seen.given == Some((which, byte)), "{reply:?}");
                    prop_assert!(seen.given.is_none_or(|given| given == (which, byte)));
                    seen.given = Some((which, byte));
                    seen.over = true;
                } else {
                    prop_assert!(seen.given != Some((which, byte)), "{reply:?}");
                }
            }
            Call::Open(which, claim) => {
                let share = &shares[which];
                let reply = server.claim(share, claim);
                prop_assert!(reply.status != 200 || seen.live[which]);
                // What the request's link gives opens no share.
                let body = json!({ "claim": claim_token(claim) });
                let stolen = server.post(&share.path("/claims"), &request.access(), &body);
                prop_assert_eq!(stolen.status, 404);
            }
            Call::Revoke(which) => {
                server.call("DELETE", &shares[which].path(""), &shares[which].owner());
            }
            Call::Withdraw => {
                server.call("DELETE", &request.path(""), &request.owner());
                seen.over = true;
            }
            Call::Status => {}
            Call::Pass(millis) => server.clock.advance(Duration::from_millis(millis)),
        }
        let reply = server.call("GET", &request.path("/status"), &request.owner());
        if reply.status == 200 {
            let told = reply.json();
            let given =
                seen.given.map(|(which, byte)| (json!(shares[which].id()), json!(sealed(byte))));
            let answer = told.get("answer").map(|a| (a["share"].clone(), a["sealed"].clone()));
            prop_assert_eq!(&answer, &given);
            prop_assert_eq!(told["state"] == "answered", answer.is_some());
            // Known to no holder of the link.
            let reply = server.call("GET", &request.path("/status"), &request.access());
            prop_assert_eq!(reply.status, 404);
            seen.over |= told["state"] != "live";
        } else {
            // Forgotten: what comes now is another request.
            break;
        }
    }
    Ok(seen.given.is_some())
}

#[test]
fn over_any_order_of_calls_a_request_has_one_answer_and_that_a_share() {
    let server = TestServer::with(&[
        "--creations-per-hour=0",
        "--openings-per-hour=0",
        "--lookups-per-hour=0",
        "--upload-bytes-per-hour=0",
    ]);
    let config = Config { failure_persistence: None, ..Config::default() };
    let cases = std::env::var_os("PROPTEST_CASES").map_or(SEQUENCES, |_| config.cases);
    let mut runner = TestRunner::new(Config { cases, ..config });
    let (answered, sequence) = (std::cell::Cell::new(0), std::cell::Cell::new(0_u32));
    runner
        .run(&calls(), |calls| {
            // All is forgotten after that, so ids may come again.
            if sequence.get() % 50 == 0 {
                server.clock.advance(Duration::from_secs(60 * 24 * 60 * 60));
            }
            let seed = (sequence.get() % 50) as u8 * 5;
            sequence.set(sequence.get() + 1);
            answered.set(answered.get() + u32::from(check(&server, &calls, seed)?));
            Ok(())
        })
        .expect("a request is answered once, with a share");
    assert!(answered.get() > cases / 10, "{} of {cases} were answered", answered.get());
}
