//! Whether the server should get requests, and why not.

use crate::{
    redis_server::RedisServer,
    support::{Process, Share},
};
use redis::cmd;
use serde_json::{Value, json};
use std::{
    thread,
    time::{Duration, Instant},
};

/// For what a server notices; the slowest machine is meant.
const PATIENCE: Duration = Duration::from_secs(20);

/// What says that it should not, with nothing else in it than what belongs there.
fn why(server: &Process) -> (Value, Value) {
    let reply = server.client.get("/readyz");
    let problem = reply.problem(503, "not-ready");
    assert_eq!(reply.header("retry-after"), Some("5"));
    assert_eq!(problem["title"], "Not ready");
    let known = ["type", "title", "status", "reason", "setting"];
    let mut members = problem.as_object().expect("an object").keys();
    assert!(members.all(|name| known.contains(&name.as_str())), "{problem}");
    let head = server.client.ask("HEAD", "/readyz", &[], b"");
    assert_eq!((head.status, head.body.len()), (503, 0));
    (problem["reason"].clone(), problem["setting"].clone())
}

/// Whether it should now. The next answer may be another one.
fn is_ready(server: &Process) -> bool {
    server.client.get("/readyz").status == 200
}

/// Of a server that is ready and stays so meanwhile.
fn assert_ready(server: &Process) {
    let reply = server.client.get("/readyz");
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json(), json!({ "ready": true }));
    assert_eq!(reply.header("content-type"), Some("application/json"));
    let head = server.client.ask("HEAD", "/readyz", &[], b"");
    assert_eq!((head.status, head.body.len()), (200, 0));
}

fn until(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is() {
        assert!(Instant::now() < deadline, "it never is {what}");
        thread::yield_now();
    }
}

fn set(redis: &RedisServer, name: &str, value: &str) {
    let mut set = cmd("CONFIG");
    let set = set.arg("SET").arg(name).arg(value);
    set.query::<()>(&mut redis.connection()).expect("allowed");
}

#[test]
fn what_is_wrong_with_the_store_is_said_in_words_that_stay() {
    let mut redis = RedisServer::start(&[]);
    let server = Process::start(&[&format!("--store={}", redis.url())]);
    assert_ready(&server);

    set(&redis, "maxmemory", "100mb");
    set(&redis, "maxmemory-policy", "allkeys-lru");
    assert_eq!(why(&server), (json!("store-unsafe"), json!("maxmemory-policy")));
    set(&redis, "maxmemory-policy", "noeviction");
    until("ready", || is_ready(&server));

    // Full is not broken.
    set(&redis, "maxmemory", "1");
    let refused = server.client.post("/api/shares", "", &Share::new(1).creation());
    refused.problem(507, "storage-full");
    assert_ready(&server);
    set(&redis, "maxmemory", "0");

    set(&redis, "requirepass", "secret");
    let () = cmd("CLIENT")
        .arg(&["KILL", "TYPE", "normal", "SKIPME", "no"])
        .query(&mut connection_with(&redis, "secret"))
        .unwrap_or_default();
    until("denied", || !is_ready(&server) && why(&server) == (json!("store-denied"), Value::Null));
    redis.kill();
    assert_eq!(why(&server), (json!("store-unreachable"), Value::Null));
    assert_eq!(server.client.get("/healthz").status, 200);
    let (_, logs) = server.stop();
    assert!(logs.contains("maxmemory-policy is"), "the cause is in the log: {logs}");
}

fn connection_with(redis: &RedisServer, password: &str) -> redis::Connection {
    let url = format!("{}?pass={password}", redis.url());
    redis::Client::open(url).and_then(|client| client.get_connection()).expect("it is the password")
}

#[test]
fn fewer_replicas_than_must_be_are_said_to_be() {
    let redis = RedisServer::start(&[]);
    let store = format!("--store={}", redis.url());
    for more in [&[][..], &["--metrics-listen=127.0.0.1:0"]] {
        let server = Process::start(&[&[&*store, "--redis-replicas=1"], more].concat());
        assert_eq!(why(&server), (json!("store-replicas"), Value::Null));
    }
}

#[test]
fn a_server_that_is_about_to_stop_says_so_and_goes_on_meanwhile() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = format!("--store=sqlite:{}", folder.path().join("waxseal.db").display());
    let server = Process::start(&[&store, "--shutdown-delay=1h"]);
    assert_ready(&server);
    server.signal("TERM");
    until("stopping", || !is_ready(&server));
    assert_eq!(why(&server), (json!("stopping"), Value::Null));
    // Also on new connections.
    assert!(server.client.raw("GET /healthz HTTP/1.0\r\n\r\n").starts_with("HTTP/1.0 200 "));
    server.client.create(&Share::new(1));
    let start = Instant::now();
    let (_, logs) = server.stop();
    assert!(start.elapsed() < PATIENCE, "told again it ends at once");
    assert!(logs.contains("stopping"), "{logs}");
}
