//! Bodies that do not arrive as announced.

use crate::support::{Share, TestServer};
use std::{
    io::{Read, Write},
    net::Shutdown,
};

fn request(share: &Share, length: usize) -> (String, String) {
    let json = share.creation().to_string();
    let head = format!(
        "POST /api/shares HTTP/1.1\r\nhost: waxseal\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n"
    );
    (head, json)
}

#[test]
fn a_body_that_stalls_is_given_up() {
    let server = TestServer::with(&["--body-timeout=50ms"]);
    let share = Share::new(1);
    let (head, json) = request(&share, share.creation().to_string().len());
    let mut stream = server.connect();
    let begun = format!("{head}{}", &json[..json.len() - 1]);
    stream.write_all(begun.as_bytes()).expect("the server reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the server answers and closes");
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("urn:waxseal:problem:timeout"));
    assert!(answer.to_lowercase().contains("content-security-policy: "));
    server.call("GET", &share.path(""), &share.access()).problem(404, "unknown-share");
}

#[test]
fn a_body_shorter_than_announced_is_refused() {
    let server = TestServer::start();
    let share = Share::new(1);
    let (head, json) = request(&share, share.creation().to_string().len() + 1);
    let mut stream = server.connect();
    stream.write_all(format!("{head}{json}").as_bytes()).expect("the server reads");
    stream.shutdown(Shutdown::Write).expect("the stream is open");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the server closes");
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    server.call("GET", &share.path(""), &share.access()).problem(404, "unknown-share");
}

#[test]
fn a_body_longer_than_announced_is_refused() {
    let server = TestServer::start();
    let share = Share::new(1);
    let (head, json) = request(&share, share.creation().to_string().len() - 1);
    let mut stream = server.connect();
    stream.write_all(format!("{head}{json}").as_bytes()).expect("the server reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the server closes");
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("urn:waxseal:problem:malformed"), "{answer}");
    server.call("GET", &share.path(""), &share.access()).problem(404, "unknown-share");
}

#[test]
fn a_body_with_two_lengths_is_refused() {
    let server = TestServer::start();
    let share = Share::new(1);
    let (head, json) = request(&share, share.creation().to_string().len());
    for second in ["transfer-encoding: chunked", "content-length: 1"] {
        let mut stream = server.connect();
        let head = head.replace("\r\n\r\n", &format!("\r\n{second}\r\n\r\n"));
        stream.write_all(format!("{head}{json}").as_bytes()).expect("the server reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the server closes");
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    server.call("GET", &share.path(""), &share.access()).problem(404, "unknown-share");
}
