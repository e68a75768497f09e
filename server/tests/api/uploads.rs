//! Parts that do not arrive as they should, and quotas.

use crate::support::{Reply, Share, TestServer, claim_token};
use serde_json::json;

/// Bytes of a body of two parts.
const TWO_PARTS: u64 = 1_200_000;

/// The longest body of a part: part 0 with its seal.
const LONGEST: usize = 1_049_656;

fn large() -> Share {
    Share { size: TWO_PARTS, ..Share::new(1) }
}

/// The head of a request that stores part `n`.
fn head(share: &Share, n: u64, length: &str) -> String {
    format!(
        "PUT {} HTTP/1.1\r\nhost: waxseal\r\nconnection: close\r\nauthorization: Bearer {}\r\n\
         content-type: application/octet-stream\r\n{length}\r\n\r\n",
        share.path(&format!("/parts/{n}")),
        share.owner()
    )
}

/// A body in chunks of 50,000 bytes, each with its length in front.
fn chunked(len: usize) -> String {
    let chunk = |n: usize| format!("{n:x}\r\n{}\r\n", "x".repeat(n));
    let (full, rest) = (chunk(50_000).repeat(len / 50_000), len % 50_000);
    let rest = if rest > 0 { chunk(rest) } else { String::new() };
    format!("{full}{rest}0\r\n\r\n")
}

#[track_caller]
fn assert_stored(server: &TestServer, share: &Share, numbers: &[u64]) {
    let reply: Reply = server.call("GET", &share.path("/parts"), &share.owner());
    assert_eq!(reply.json()["stored"], json!(numbers));
}

#[test]
fn a_part_announced_longer_than_any_is_refused_unread() {
    let server = TestServer::start();
    let share = large();
    server.create(&share);
    for length in [LONGEST + 1, 1 << 40] {
        // Not a byte of it follows, so the answer cannot have waited for one.
        let answer = server.raw(&head(&share, 1, &format!("content-length: {length}")));
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.contains("urn:waxseal:problem:too-large"), "{answer}");
    }
    assert_stored(&server, &share, &[]);
}

#[test]
fn a_part_of_unknown_length_is_taken_if_it_fits() {
    let server = TestServer::start();
    let share = large();
    server.create(&share);
    let part = share.parts().swap_remove(1).len();
    let put = |len| {
        let head = head(&share, 1, "transfer-encoding: chunked");
        server.raw(&format!("{head}{}", chunked(len)))
    };
    for len in [0, part - 1, part + 1, LONGEST] {
        let answer = put(len);
        assert!(answer.starts_with("HTTP/1.1 422 "), "{len}: {answer}");
    }
    assert_stored(&server, &share, &[]);
    let answer = put(part);
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    assert_stored(&server, &share, &[1]);
}

#[test]
fn a_part_without_an_end_is_refused_when_it_is_too_long() {
    let server = TestServer::start();
    let share = large();
    server.create(&share);
    // One byte more than fits, and no last chunk: who waited for that would say 400.
    let head = head(&share, 1, "transfer-encoding: chunked");
    let body = chunked(LONGEST + 1);
    let endless = body.strip_suffix("0\r\n\r\n").expect("the last chunk is empty");
    let answer = server.cut(&format!("{head}{endless}"));
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert_stored(&server, &share, &[]);
}

#[test]
fn a_part_cut_off_is_not_stored_and_can_be_sent_again() {
    let server = TestServer::start();
    let share = large();
    server.create(&share);
    let part = share.parts().swap_remove(1);
    for sent in [0, 1, part.len() / 2, part.len() - 1] {
        let head = head(&share, 1, &format!("content-length: {}", part.len()));
        let answer = server.cut(&format!("{head}{}", "x".repeat(sent)));
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert_stored(&server, &share, &[]);
    }
    let head = head(&share, 1, "transfer-encoding: chunked");
    let cut = chunked(part.len());
    let answer = server.cut(&format!("{head}{}", &cut[..cut.len() - 5]));
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_stored(&server, &share, &[]);
    assert_eq!(server.put_part(&share, 1, &part).status, 204);
    assert_stored(&server, &share, &[1]);
}

#[test]
fn a_full_quota_is_named_and_lets_recipients_finish() {
    let server = TestServer::with(&[
        "--max-bytes=800000",
        "--max-stored-bytes=2300000",
        "--max-staged-bytes=1500000",
    ]);
    let [first, second] = [1, 2].map(|seed| Share { size: TWO_PARTS, ..Share::new(seed) });
    server.create(&first);
    server.create(&second);
    for (n, part) in [0, 1].into_iter().zip(first.parts()) {
        assert_eq!(server.put_part(&first, n, &part).status, 204);
    }
    let parts = second.parts();
    let refused = server.put_part(&second, 0, &parts[0]).problem(507, "storage-full");
    assert!(refused["detail"].as_str().is_some_and(|text| text.contains("unfinished uploads")));
    assert_eq!(server.call("POST", &first.path("/publish"), &first.owner()).status, 200);
    assert_eq!(server.put_part(&second, 0, &parts[0]).status, 204);
    let refused = server.put_part(&second, 1, &parts[1]).problem(507, "storage-full");
    assert!(refused["detail"].as_str().is_some_and(|text| text.contains("all shares together")));

    assert_eq!(server.claim(&first, 7).status, 200);
    let ack = server.call("POST", &first.path("/ack"), &claim_token(7));
    assert_eq!(ack.status, 204);
    assert_eq!(server.put_part(&second, 1, &parts[1]).status, 204);
}

#[test]
fn a_share_larger_than_the_policy_allows_is_refused_before_it_is_uploaded() {
    let server = TestServer::with(&["--max-bytes=1000"]);
    let reply = server.post("/api/shares", "", &large().creation());
    let detail = reply.problem(413, "too-large")["detail"].clone();
    assert!(detail.as_str().is_some_and(|text| text.contains("max_bytes")), "{detail}");
}
