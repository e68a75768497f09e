//! The share dialog for other applications: who gets it, and what else stays as it is.

use crate::{
    headers::{POLICY, assert_hardened, every_kind},
    support::{Reply, TestServer},
};

const NOT_BUILT: &[u8] = b"The web client is not part of this build: cargo xtask run builds it.\n";
const FLAG: &str = "--embedding-origins=https://app.example.org,http://localhost:3000";
const ORIGINS: &str = "https://app.example.org http://localhost:3000";

/// Whether there is something to embed.
fn is_built(server: &TestServer) -> bool {
    server.get("/").body != NOT_BUILT
}

fn hash_of(script: &Reply) -> String {
    let tag = script.header("etag").expect("the script has a tag");
    let hash = tag.strip_prefix("W/\"").and_then(|tag| tag.strip_suffix('"'));
    hash.expect("a weak tag").to_owned()
}

#[test]
fn without_allowed_origins_there_is_nothing_to_embed() {
    let server = TestServer::start();
    for path in ["/embed", "/embed.js", "/embed-000000000000.js", "/embed/", "/embed.html"] {
        let reply = server.get(path);
        assert_eq!(reply.status, 404, "{path}");
        assert_hardened(&reply);
    }
}

#[test]
fn the_frame_may_be_shown_by_allowed_origins_and_differs_in_nothing_else() {
    let server = TestServer::with(&[FLAG]);
    let page = server.get("/embed");
    assert_eq!(page.status, 200);
    if !is_built(&server) {
        return assert_hardened(&page);
    }
    let policy = POLICY.replace("frame-ancestors 'none'", &format!("frame-ancestors {ORIGINS}"));
    for (name, value) in [
        ("content-security-policy", Some(policy.as_str())),
        ("x-frame-options", None),
        ("cross-origin-resource-policy", Some("cross-origin")),
        ("access-control-allow-origin", None),
        ("cache-control", Some("no-store")),
    ] {
        assert_eq!(page.header(name), value, "{name}");
    }
    // All else is as for the page of senders.
    let differing = [
        "content-security-policy",
        "x-frame-options",
        "cross-origin-resource-policy",
        "vary",
        "date",
    ];
    let rest = |reply: &Reply| {
        let mut headers = reply.headers.clone();
        headers.retain(|name, _| !differing.contains(&name.as_str()) && name != "content-length");
        headers
    };
    assert_eq!(rest(&page), rest(&server.get("/")));
    let html = String::from_utf8(page.body).expect("a page is UTF-8");
    assert!(html.contains(&format!("content=\"{ORIGINS}\"")), "the page knows who may talk to it");
    assert!(!html.contains("{origins}"));
}

#[test]
fn everything_else_stays_unframeable() {
    for (reply, status) in every_kind(&TestServer::with(&[FLAG])) {
        assert_eq!(reply.status, status, "{reply:?}");
        assert_hardened(&reply);
    }
    let server = TestServer::with(&[FLAG]);
    for path in ["/links", "/report", "/embed/", "/embed.html", "/Embed", "/embed-zzzzzzzzzzzz.js"]
    {
        assert_hardened(&server.get(path));
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let reply = server.send(method, "/embed", &[("origin", "https://app.example.org")], b"");
        assert_eq!(reply.status, 405, "{method}");
        assert_hardened(&reply);
    }
}

#[test]
fn the_script_is_for_every_page_and_is_asked_for_again() {
    let server = TestServer::with(&[FLAG]);
    if !is_built(&server) {
        return;
    }
    let script = server.get("/embed.js");
    assert_eq!(script.status, 200);
    for (name, value) in [
        ("content-type", "text/javascript; charset=utf-8"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("access-control-allow-origin", "*"),
        ("cache-control", "public, max-age=300"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
    ] {
        assert_eq!(script.header(name), Some(value), "{name}");
    }
    let tag = script.header("etag").expect("there is one");
    for (known, status) in [
        (tag.to_owned(), 304),
        (tag.trim_start_matches("W/").to_owned(), 304),
        (format!("\"other\", {tag}"), 304),
        ("*".to_owned(), 304),
        ("\"other\"".to_owned(), 200),
    ] {
        let reply = server.send("GET", "/embed.js", &[("if-none-match", &known)], b"");
        assert_eq!(reply.status, status, "{known}");
        assert_eq!(reply.body.is_empty(), status == 304, "{known}");
        assert_eq!(reply.header("etag"), Some(tag), "{known}");
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{known}");
    }
    let packed = server.send("GET", "/embed.js", &[("accept-encoding", "br")], b"");
    assert_eq!(packed.header("content-encoding"), Some("br"));
    assert_eq!(packed.header("etag"), Some(tag), "however it is packed");
}

#[test]
fn one_content_of_the_script_has_an_address_of_its_own() {
    let server = TestServer::with(&[FLAG]);
    if !is_built(&server) {
        return;
    }
    let script = server.get("/embed.js");
    let hash = hash_of(&script);
    let pinned = server.get(&format!("/embed-{}.js", &hash[..12]));
    assert_eq!((pinned.status, &pinned.body), (200, &script.body));
    assert_eq!(pinned.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert_eq!(pinned.header("access-control-allow-origin"), Some("*"));
    for other in ["000000000000", &hash, &hash[..11], &hash[1..13], ""] {
        assert_eq!(server.get(&format!("/embed-{other}.js")).status, 404, "{other}");
    }
}
