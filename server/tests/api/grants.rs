//! Shares that only an application's users may make.

use crate::{
    redis_server::RedisServer,
    support::{Application, Process, Publisher, Share, TestServer},
};
use proptest::prelude::*;
use serde_json::json;
use std::time::{Duration, Instant};
use waxseal_core::base64url;

/// A server that believes an application's keys in a file.
fn server(application: &Application) -> TestServer {
    TestServer::with(&[
        "--identity-mode=grant",
        "--identity-grant-audience=https://share.example.org",
        &format!("--identity-grant-keys={}", application.file().display()),
    ])
}

/// Asks again and again.
fn until(mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "the keys are read again within seconds");
    }
}

#[test]
fn an_owner_shares_and_nobody_else_does() {
    let application = Application::new();
    let server = server(&application);
    let share = Share::new(1);
    let create = |token: &str| server.post("/api/shares", token, &share.creation());

    create("").problem(401, "token-required");
    for (what, token) in [
        ("no JWT", "x".to_owned()),
        ("a reader's", application.grant(json!({ "role": "reader" }))),
        ("without a role", application.grant(json!({ "role": null }))),
        ("for another server", application.grant(json!({ "aud": "https://other.example" }))),
        ("for no server", application.grant(json!({ "aud": null }))),
        ("for nobody", application.grant(json!({ "sub": "" }))),
        ("for nobody at all", application.grant(json!({ "sub": null }))),
        ("without a name", application.grant(json!({ "jti": null }))),
        ("over", application.grant(json!({ "exp": Application::now() - 60 }))),
        ("without an end", application.grant(json!({ "exp": null }))),
        ("for too long", application.grant(json!({ "exp": Application::now() + 3600 }))),
        ("not yet valid", application.grant(json!({ "nbf": Application::now() + 120 }))),
        ("too long", application.grant(json!({ "x": "x".repeat(8192) }))),
        ("signed by another", Application::new().grant(json!({}))),
        ("not signed", Application::unsigned()),
        ("signed with the public key as a secret", application.confused()),
    ] {
        let reply = create(&token);
        reply.problem(403, "grant");
        assert!(reply.json()["detail"].is_string(), "{what}");
    }
    server.claim(&share, 7).problem(404, "unknown-share");

    let grant = application.grant(json!({}));
    assert_eq!(create(&grant).status, 201);
    assert_eq!(server.claim(&share, 7).status, 200);
}

#[test]
fn a_key_may_be_a_pem_file() {
    let application = Application::new();
    let server = TestServer::with(&[
        "--identity-mode=grant",
        "--identity-grant-audience=https://share.example.org",
        &format!("--identity-grant-keys={}", application.pem_file().display()),
    ]);
    let create = |token: &str| server.post("/api/shares", token, &Share::new(1).creation());
    create(&Application::new().grant(json!({}))).problem(403, "grant");
    assert_eq!(create(&application.grant(json!({}))).status, 201);
}

#[test]
fn a_grant_makes_one_share() {
    let application = Application::new();
    let server = server(&application);
    let (first, second) = (Share::new(1), Share::new(2));
    let grant = application.grant(json!({ "jti": "one" }));
    for _ in 0..2 {
        assert_eq!(server.post("/api/shares", &grant, &first.creation()).status, 201, "again");
    }
    let again = application.grant(json!({ "jti": "one" }));
    for token in [&grant, &again] {
        server.post("/api/shares", token, &second.creation()).problem(403, "grant");
    }
    // Two users' applications need not know of each other's names.
    let other = application.grant(json!({ "jti": "one", "sub": "bob" }));
    assert_eq!(server.post("/api/shares", &other, &second.creation()).status, 201);
}

/// Grants are valid for whole seconds, and half a minute longer than they say.
#[test]
fn a_grant_makes_one_share_up_to_its_last_moment() {
    let (application, redis) = (Application::new(), RedisServer::start(&[]));
    // By the system's clock, as grants are.
    let server = Process::start(&[
        &format!("--store={}", redis.url()),
        "--identity-mode=grant",
        "--identity-grant-audience=https://share.example.org",
        &format!("--identity-grant-keys={}", application.file().display()),
    ]);
    let create = |seed, grant: &str| {
        server.client.post("/api/shares", grant, &Share::new(seed).creation()).status
    };
    for seed in 0..10 {
        // Some second of these ends before the grant comes.
        until(|| {
            let grant = application.grant(json!({ "exp": Application::now() - 30 }));
            let taken = create(seed, &grant) == 201;
            assert_eq!(create(seed + 100, &grant), 403, "it is used, or over");
            taken
        });
    }
}

#[test]
fn a_secret_signs_as_well() {
    let secret = "0123456789abcdef0123456789abcdef";
    let application = Application::new();
    let server = TestServer::with(&[
        "--identity-mode=grant",
        "--identity-grant-audience=https://share.example.org",
        "--identity-grant-issuer=https://app.example.org",
        &format!("--identity-grant-secret-file={}", application.secret_file(secret).display()),
    ]);
    let create = |token: &str| server.post("/api/shares", token, &Share::new(1).creation());
    let signed = |secret: &str, claims| Application::grant_by(secret.as_bytes(), claims);
    let issuer = json!({ "iss": "https://app.example.org" });
    create(&signed(secret, json!({}))).problem(403, "grant");
    create(&signed(&secret.to_uppercase(), issuer.clone())).problem(403, "grant");
    create(&application.grant(issuer.clone())).problem(403, "grant");
    assert_eq!(create(&signed(secret, issuer)).status, 201);
}

#[test]
fn keys_are_taken_from_where_the_application_publishes_them_and_may_change() {
    let (first, second) = (Application::named("first"), Application::named("second"));
    let publisher = Publisher::of(&first);
    let server = TestServer::with(&[
        "--identity-mode=grant",
        "--identity-grant-audience=https://share.example.org",
        &format!("--identity-grant-keys={}", publisher.address()),
        "--creations-per-hour=0",
    ]);
    let create =
        |seed, token: &str| server.post("/api/shares", token, &Share::new(seed).creation()).status;
    assert_eq!(create(1, &first.grant(json!({}))), 201);
    assert_eq!(create(2, &second.grant(json!({}))), 403, "nobody knows it");
    assert_eq!(create(2, &second.grant(json!({}))), 403);
    assert_eq!(publisher.reads(), 1, "they are not asked for at every grant");

    publisher.publish(&[&first, &second]);
    until(|| create(2, &second.grant(json!({}))) == 201);
    assert_eq!(create(3, &first.grant(json!({}))), 201, "both are known");

    // An application that is down is believed by what is known.
    publisher.fail();
    let (unknown, before) = (Application::named("third"), publisher.reads());
    until(|| create(4, &unknown.grant(json!({}))) == 403 && publisher.reads() > before);
    assert_eq!(create(5, &first.grant(json!({}))), 201);

    publisher.publish(&[&second]);
    let before = publisher.reads();
    until(|| create(4, &unknown.grant(json!({}))) == 403 && publisher.reads() > before);
    assert_eq!(create(6, &first.grant(json!({}))), 403, "it was taken back");
    assert_eq!(create(7, &second.grant(json!({}))), 201);
}

/// What may be asked of a server, in any order.
#[derive(Debug, Clone, Copy)]
enum Step {
    Create { granted: bool, parts: bool },
    Put,
    Publish,
    Landing,
    Status,
    Revoke,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn without_a_grant_no_order_of_calls_makes_a_share(
        steps in prop::collection::vec(
            prop_oneof![
                any::<bool>().prop_map(|parts| Step::Create { granted: false, parts }),
                Just(Step::Put), Just(Step::Publish), Just(Step::Landing), Just(Step::Status),
                Just(Step::Revoke),
            ],
            1..12,
        ),
        at in prop::option::of(0_usize..12),
    ) {
        let application = Application::new();
        let server = server(&application);
        let seed = 1;
        let small = Share::new(seed);
        let large = Share { size: 3 << 20, ..Share::new(seed) };
        let request = Share::new(2);
        let mut granted = false;
        let grant_at = at.map(|at| at % steps.len());
        for (n, step) in steps.iter().enumerate() {
            let step = match step {
                Step::Create { parts, .. } => Step::Create { granted: grant_at == Some(n), parts: *parts },
                step => *step,
            };
            match step {
                Step::Create { granted: true, parts } => {
                    let share = if parts { &large } else { &small };
                    let token = application.grant(json!({}));
                    let status = server.post("/api/shares", &token, &share.creation()).status;
                    granted |= status == 201;
                }
                Step::Create { granted: false, parts } => {
                    let share = if parts { &large } else { &small };
                    let nonsense = base64url::encode(&[7; 32]);
                    for token in ["", &nonsense, &share.owner()] {
                        for creation in [share.creation(), request.asking()] {
                            let status = server.post("/api/shares", token, &creation).status;
                            prop_assert!([401, 403].contains(&status));
                        }
                        // Nobody was granted to ask for it.
                        let answering = share.answering(&request);
                        let status = server.post("/api/shares", token, &answering).status;
                        prop_assert_eq!(status, 404);
                    }
                }
                Step::Put => { server.put_part(&large, 0, &[0; 1000]); }
                Step::Publish => { server.call("POST", &large.path("/publish"), &large.owner()); }
                Step::Landing => { server.call("GET", &large.path(""), &large.access()); }
                Step::Status => { server.call("GET", &large.path("/status"), &large.owner()); }
                Step::Revoke => { server.call("DELETE", &large.path(""), &large.owner()); }
            }
            if !granted {
                let status = server.claim(&small, 7).status;
                prop_assert_eq!(status, 404, "nothing is there to be opened");
            }
        }
    }
}
