//! The server's own TLS: which it speaks, with what certificate, and that what is slow ends as without it.

use crate::support::{Process, Share, Site, TestServer, Wire, claim_token};
use rustls::version::{TLS12, TLS13};
use serde_json::json;
use std::{
    fs,
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    process::Command,
    time::{Duration, Instant},
};

const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: waxseal\r\n\r\n";

/// The slowest machine is meant.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// A server with this certificate, and flags.
fn server(site: &Site, flags: &[&str]) -> TestServer {
    let own = site.flags();
    TestServer::with(&[&own.each_ref().map(String::as_str), flags].concat())
}

fn ask(wire: &mut Wire) {
    wire.send(HEALTH);
    wire.until_heard("ok\n");
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(PAUSE);
    }
}

/// The first flight of a client that speaks nothing newer than this (RFC 5246 section 7.4.1.2).
fn hello(version: [u8; 2]) -> Vec<u8> {
    let mut body = version.to_vec();
    body.extend([7; 32]);
    // No session; ECDHE-ECDSA with AES-128, by CBC and by GCM; no compression.
    body.extend([0, 0, 4, 0xc0, 0x09, 0xc0, 0x2b, 1, 0]);
    // P-256, points as they are, signatures by ECDSA with SHA-256.
    let extensions =
        [[0, 10, 0, 4, 0, 2, 0, 23].as_slice(), &[0, 11, 0, 2, 1, 0], &[0, 13, 0, 4, 0, 2, 4, 3]]
            .concat();
    body.extend([0, extensions.len() as u8]);
    body.extend(extensions);
    let mut record = vec![0x16, 3, 1, 0, body.len() as u8 + 4, 1, 0, 0, body.len() as u8];
    record.extend(body);
    record
}

/// The first bytes of what the server says to that.
fn answer(server: &TestServer, version: [u8; 2]) -> [u8; 7] {
    let mut stream = TcpStream::connect(server.address()).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
    stream.write_all(&hello(version)).expect("the server reads");
    let mut answer = [0; 7];
    stream.read_exact(&mut answer).expect("the server answers");
    answer
}

#[test]
fn tls_1_2_and_1_3_are_spoken_and_nothing_older() {
    let site = Site::new();
    let server = server(&site, &[]);
    for version in [&TLS12, &TLS13] {
        let stream = site.speak(version, server.address());
        assert_eq!(stream.conn.protocol_version(), Some(version.version));
        assert_eq!(stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
    }
    // A fatal alert, protocol_version (RFC 8446 section 6.2); and a server's hello.
    let (refused, begun) = ([0x15, 3, 3, 0, 2, 2, 70], [0x16, 3, 3]);
    assert_eq!(answer(&server, [3, 1]), refused);
    assert_eq!(answer(&server, [3, 2]), refused);
    assert_eq!(answer(&server, [3, 3])[..3], begun, "what was sent is right but for the version");
}

#[test]
fn what_is_not_encrypted_gets_no_answer() {
    let site = Site::new();
    let server = server(&site, &[]);
    let mut wire = server.wire();
    wire.send(HEALTH);
    let answer = wire.until_closed(|_| {});
    assert!(!answer.contains("HTTP"), "{answer}");
    ask(&mut site.connect(server.address()));
}

#[test]
fn a_share_comes_back_as_it_went() {
    let site = Site::new();
    let server = server(&site, &[]);
    let share = Share { size: 1_000_000, ..Share::new(1) };
    let creation = share.creation();
    let post = |path: &str, token: &str, json: String| {
        let length = json.len();
        format!(
            "POST {path} HTTP/1.1\r\nhost: waxseal\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{json}"
        )
    };
    let mut wire = site.connect(server.address());
    wire.send_all(post("/api/shares", &share.owner(), creation.to_string()).as_bytes());
    wire.until_heard("\"live\"");
    let claim = json!({ "claim": claim_token(1) }).to_string();
    let claim = post(&share.path("/claims"), &share.access(), claim);
    let claim = claim.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    wire.send_all(claim.as_bytes());
    let answer = wire.bytes_until_closed();
    assert!(answer.ends_with(&share.body()), "{} bytes came", answer.len());
}

#[test]
fn a_handshake_that_does_not_come_is_not_waited_for() {
    let site = Site::new();
    let server = server(&site, &["--head-timeout=50ms"]);
    assert_eq!(server.wire().until_closed(|_| {}), "");
    let hello = hello([3, 3]);
    let (half, _) = hello.split_at(hello.len() / 2);
    let mut wire = server.wire();
    wire.send(half);
    assert_eq!(wire.until_closed(|_| {}), "");
    // A record that announces more than will come, drop by drop.
    let mut wire = server.wire();
    wire.send(&[0x16, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc]);
    assert_eq!(wire.until_closed(|wire| wire.send(b".")), "");
}

#[test]
fn a_head_that_does_not_come_is_not_waited_for() {
    let site = Site::new();
    let server = server(&site, &["--head-timeout=200ms"]);
    let wire = || site.connect(server.address());
    assert_eq!(wire().until_closed(|_| {}), "", "nobody was told anything yet");
    let mut wire = wire();
    wire.send(b"GET /healthz HTTP/1.1\r\nx: ");
    let answer = wire.until_closed(|wire| wire.send(b"."));
    assert!(answer.starts_with("HTTP/1.1 408 "), "drop by drop: {answer}");
}

#[test]
fn what_is_encrypted_and_never_whole_keeps_no_connection() {
    let site = Site::new();
    let server = server(&site, &["--idle-timeout=50ms"]);
    let mut stream = site.speak(&TLS13, server.address());
    stream.write_all(HEALTH).expect("the server reads");
    // A record of 16 KiB, of which little comes at a time.
    let mut tcp = stream.sock;
    tcp.set_read_timeout(Some(Duration::from_millis(5))).expect("a timeout can be set");
    tcp.write_all(&[0x17, 3, 3, 0x40, 0]).expect("the server reads");
    let mut answer = Vec::new();
    until("the connection is closed", || {
        let _ = tcp.write_all(b".");
        let mut buffer = [0; 4096];
        match tcp.read(&mut buffer) {
            Ok(0) => true,
            Ok(count) => {
                answer.extend_from_slice(&buffer[..count]);
                false
            }
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    });
    assert!(!answer.is_empty(), "the request before was answered");
}

#[test]
fn a_body_that_stalls_is_given_up() {
    let site = Site::new();
    let server = server(&site, &["--body-timeout=50ms"]);
    let mut wire = site.connect(server.address());
    wire.send(
        b"POST /api/shares HTTP/1.1\r\nhost: waxseal\r\ncontent-type: application/json\r\n\
          content-length: 100\r\n\r\n{",
    );
    let answer = wire.until_closed(|_| {});
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("urn:waxseal:problem:timeout"), "{answer}");
}

#[test]
fn an_answer_that_is_not_read_is_given_up() {
    let site = Site::new();
    let server = server(&site, &["--body-timeout=100ms", "--max-connections=1"]);
    let share = Share { size: 1_000_000, ..Share::new(1) };
    let creation = share.creation().to_string();
    let claim = json!({ "claim": claim_token(1) }).to_string();
    let (path, access) = (share.path("/claims"), share.access());
    let mut wire = site.connect(server.address());
    wire.send_all(
        format!(
            "POST /api/shares HTTP/1.1\r\nhost: waxseal\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{creation}",
            creation.len()
        )
        .as_bytes(),
    );
    wire.until_heard("\"live\"");
    let claim = format!(
        "POST {path} HTTP/1.1\r\nhost: waxseal\r\nauthorization: Bearer {access}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{claim}",
        claim.len()
    );
    wire.send(claim.repeat(16).as_bytes());
    // Nobody reads, and there is no room for another one until the server gives up.
    until("there is room", || site.is_shown(server.address()));
    let answer = wire.bytes_until_closed();
    assert!(answer.len() < 16_000_000, "all was sent");
}

#[test]
fn connections_count_from_their_beginning() {
    for limit in ["--max-connections=3", "--max-connections-per-address=3"] {
        let site = Site::new();
        let server = server(&site, &[limit]);
        let mut open: Vec<_> = (0..2).map(|_| site.connect(server.address())).collect();
        open.iter_mut().for_each(ask);
        // Of which nothing has come.
        let silent = server.wire();
        assert!(!site.is_shown(server.address()), "{limit}");
        ask(&mut open[0]);
        drop(silent);
        until("there is room", || site.is_shown(server.address()));
    }
}

#[test]
fn a_certificate_is_read_again_when_it_changes_and_no_connection_ends() {
    let mut site = Site::new();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = format!("--store=sqlite:{}", folder.path().join("waxseal.db").display());
    let flags = site.flags();
    let server = Process::start(&[&store, &flags[0], &flags[1]]);
    let address = server.client.address();
    let mut first = site.connect(address);
    ask(&mut first);

    // Told to.
    site.renew();
    assert!(!site.is_shown(address), "nobody has said so");
    server.signal("HUP");
    until("the new one is shown", || site.is_shown(address));
    let mut second = site.connect(address);
    ask(&mut second);

    // One of the two alone is of no use.
    fs::copy(Site::new().file("key"), site.file("key")).expect("the folder is ours");
    server.signal("HUP");
    fs::write(site.file("certificate"), "none").expect("the folder is ours");
    server.signal("HUP");
    for _ in 0..10 {
        assert!(site.is_shown(address), "the last one that was of use");
    }

    // By itself.
    site.renew();
    until("the new one is shown", || site.is_shown(address));
    ask(&mut first);
    ask(&mut second);
    ask(&mut site.connect(address));

    let (_, logs) = server.stop();
    let count = |text: &str| logs.lines().filter(|line| line.contains(text)).count();
    assert_eq!(count("the certificate was read again"), 2, "{logs}");
    let bad = count("of no use, the last one stays");
    // Two signals may be heard as one.
    assert!((1..=2).contains(&bad), "{logs}");
    assert!(!logs.contains("BEGIN"), "{logs}");
}

#[test]
fn a_server_that_is_to_end_waits_for_no_handshake() {
    let site = Site::new();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = format!("--store=sqlite:{}", folder.path().join("waxseal.db").display());
    let flags = site.flags();
    let long = ["--head-timeout=1h", "--shutdown-timeout=1h"];
    let mut server = Process::start(&[&[&*store, &flags[0], &flags[1]], &long[..]].concat());
    let silent = server.client.wire();
    ask(&mut site.connect(server.client.address()));
    server.signal("TERM");
    until("it has ended", || server.has_ended());
    assert_eq!(silent.until_closed(|_| {}), "");
}

#[test]
fn a_pair_that_is_none_ends_the_server_before_it_serves() {
    let site = Site::new();
    fs::copy(Site::new().file("key"), site.file("key")).expect("the folder is ours");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = Command::new(env!("CARGO_BIN_EXE_waxseal-server"))
        .env_clear()
        .arg(format!("--store=sqlite:{}", folder.path().join("waxseal.db").display()))
        .args(["--listen=127.0.0.1:0".to_owned()].iter().chain(&site.flags()))
        .output()
        .expect("the server was built with this test");
    assert_eq!((output.status.code(), &*output.stdout), (Some(1), &b""[..]));
    let said = String::from_utf8(output.stderr).expect("logs are text");
    assert!(said.contains("of no use with the key"), "{said}");
}
