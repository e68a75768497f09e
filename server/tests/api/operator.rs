//! What the operator of a server can do about a share that is reported.

use crate::support::{Share, TestServer};
use tempfile::NamedTempFile;

const TOKEN: &str = "b3BlcmF0b3JvcGVyYXRvcm9wZXJhdG9yb3BlcmF0b3I";
const OTHER: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn address(share: &Share) -> String {
    format!("/api/operator/shares/{}", share.id())
}

#[test]
fn the_operator_takes_a_share_down() {
    let settings = NamedTempFile::new().expect("a temporary folder");
    std::fs::write(&settings, format!("operator_token = \"{TOKEN}\"\n")).expect("it is ours");
    let server = TestServer::with(&[&format!("--config={}", settings.path().display())]);
    let share = Share::new(1);
    server.create(&share);
    for token in ["", OTHER, &share.owner(), &share.access()] {
        server.call("DELETE", &address(&share), token).problem(401, "token-required");
    }
    assert_eq!(server.call("GET", &share.path(""), &share.access()).status, 200);

    for _ in 0..2 {
        assert_eq!(server.call("DELETE", &address(&share), TOKEN).status, 204);
    }
    let over = server.claim(&share, 7);
    over.problem(410, "share-over");
    assert_eq!(over.json()["state"], "revoked");
    let status = server.call("GET", &share.path("/status"), &share.owner()).json();
    assert_eq!(status["state"], "revoked");
    server.call("DELETE", &address(&Share::new(2)), TOKEN).problem(404, "unknown-share");
    server.call("DELETE", "/api/operator/shares/x", TOKEN).problem(404, "unknown-share");
}

#[test]
fn without_an_operator_token_nobody_is_the_operator() {
    let server = TestServer::start();
    let share = Share::new(1);
    server.create(&share);
    for token in ["", TOKEN, OTHER] {
        server.call("DELETE", &address(&share), token).problem(401, "token-required");
    }
}

#[test]
fn the_page_for_reports_tells_the_contact() {
    let contact = |flags: &[&str]| {
        let page = TestServer::with(flags).get("/report");
        assert_eq!(page.status, 200);
        String::from_utf8(page.body).expect("a page is text")
    };
    let mail = contact(&["--abuse-contact=abuse@example.org"]);
    assert!(mail.contains("<a href=\"mailto:abuse@example.org\">abuse@example.org</a>"), "{mail}");
    let page = contact(&["--abuse-contact=https://example.org/report?a=1&b=2"]);
    assert!(page.contains("<a href=\"https://example.org/report?a=1&amp;b=2\">"), "{page}");
    let none = contact(&[]);
    assert!(none.contains("abuse@") && !none.contains("mailto:"), "{none}");
}
