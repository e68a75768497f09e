//! Bodies that do not arrive as announced.

use crate::support::{Share, TestServer};

/// A creation that announces so many bytes more than it has, with this header besides.
fn creation(share: &Share, more: isize, extra: &str) -> String {
    let json = share.creation().to_string();
    let length = json.len().checked_add_signed(more).expect("the JSON is longer");
    format!(
        "POST /api/shares HTTP/1.1\r\nhost: waxseal\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n{extra}\r\n{json}"
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
