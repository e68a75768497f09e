//! The security headers, on every kind of answer.

use crate::support::{Reply, Share, TestServer, claim_token};

pub(crate) const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; \
    style-src 'self'; connect-src 'self'; img-src 'self' blob:; manifest-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types waxseal";

#[track_caller]
pub(crate) fn assert_hardened(reply: &Reply) {
    for (name, value) in [
        ("cache-control", "no-store"),
        ("content-security-policy", POLICY),
        ("cross-origin-embedder-policy", "require-corp"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("referrer-policy", "no-referrer"),
        ("strict-transport-security", "max-age=63072000"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name} of {reply:?}");
    }
    let is_page = reply.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    let permissions = reply.header("permissions-policy");
    assert_eq!(permissions.is_some(), is_page, "{reply:?}");
    let none = |feature: &str| feature.ends_with("=()");
    assert!(permissions.is_none_or(|all| all.split(", ").all(none)), "{permissions:?}");
    assert_eq!(reply.header("server"), None);
    assert_eq!(reply.header("access-control-allow-origin"), None);
}

/// Answers of every kind, each with the status it must have.
pub(crate) fn every_kind(server: &TestServer) -> Vec<(Reply, u16)> {
    let share = Share::new(1);
    let small = |path: &str| server.get(path);
    vec![
        (small("/"), 200),
        (small("/s"), 200),
        (small("/s%23AAAA"), 200),
        (small("/ask"), 200),
        (small("/r"), 200),
        (small("/r%23AAAA"), 200),
        (small("/confirm"), 200),
        (small("/confirm%23AAAA"), 200),
        (small("/nowhere"), 404),
        (small("/assets/nothing.js"), 404),
        (small("/api/policy"), 200),
        (small("/api/openapi.json"), 200),
        (small("/api/nowhere"), 404),
        (small("/healthz"), 200),
        (small("/readyz"), 200),
        (small(&share.path("")), 401),
        (server.send("PATCH", "/api/policy", &[], b""), 405),
        (server.send("POST", "/", &[], b"{}"), 405),
        (server.send("OPTIONS", "/api/shares", &[("origin", "https://example.com")], b""), 403),
        (server.post("/api/shares", "", &share.creation()), 201),
        (server.call("GET", &share.path(""), &share.access()), 200),
        (server.call("GET", &share.path(""), &share.owner()), 404),
        (server.claim(&share, 7), 200),
        (server.claim(&share, 8), 410),
        (server.call("GET", &share.path("/parts/0"), &claim_token(7)), 200),
        (server.call("POST", &share.path("/ack"), &claim_token(7)), 204),
        (server.send("POST", "/api/shares", &[], b"{}"), 415),
        (server.post("/api/shares", "", &serde_json::json!([])), 422),
    ]
}

#[test]
fn every_kind_of_answer_has_them() {
    for (reply, status) in every_kind(&TestServer::start()) {
        assert_eq!(reply.status, status, "{reply:?}");
        assert_hardened(&reply);
    }
}

#[test]
fn a_bearer_token_is_asked_for_by_name() {
    let server = TestServer::start();
    let share = Share::new(1);
    server.create(&share);
    let good = format!("Bearer {}", share.access());
    for header in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer AAAA",
        &format!("Basic {}", share.access()),
        &format!("{good}="),
        &format!("Bearer  {}", share.access()),
        &good[..good.len() - 1],
    ] {
        let reply = server.send("GET", &share.path(""), &[("authorization", header)], b"");
        reply.problem(401, "token-required");
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    }
    let twice = [("authorization", good.as_str()), ("authorization", good.as_str())];
    server.send("GET", &share.path(""), &twice, b"").problem(401, "token-required");
    let lower = good.replace("Bearer", "bearer");
    let reply = server.send("GET", &share.path(""), &[("authorization", &lower)], b"");
    assert_eq!(reply.status, 200);
}

#[test]
fn a_token_in_the_query_is_no_token() {
    let server = TestServer::start();
    let share = Share::new(1);
    server.create(&share);
    for name in ["access_token", "token", "authorization", "bearer"] {
        let query = format!("?{name}={}", share.access());
        server.get(&share.path(&query)).problem(401, "token-required");
    }
    assert_eq!(server.call("GET", &share.path("?a=b&c"), &share.access()).status, 200);
}
