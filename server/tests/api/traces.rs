//! Traces of the real process: what a collector gets, nothing of a request in it, and nobody held up.

use crate::{
    redis_server::RedisServer,
    support::{
        Client, Collector, Process, Share, claim_token,
        collector::{Taken, attributes},
    },
};
use opentelemetry_proto::tonic::trace::v1::{Span, status::StatusCode};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tempfile::TempDir;
use waxseal_core::base64url;

const CANARY: &str = "canary-7c3e";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// A server on SQLite with these flags.
fn start(flags: &[&str]) -> (Process, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = format!("--store=sqlite:{}", folder.path().join("waxseal.db").display());
    (Process::start(&[&[store.as_str()], flags].concat()), folder)
}

/// Lines of the log with this message.
fn lines(logs: &str, message: &str) -> Vec<Value> {
    let lines = logs.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.filter(|line| line["message"] == message).collect()
}

/// What is said of a span by this name.
fn said(span: &Span, name: &str) -> Option<String> {
    attributes(&span.attributes).remove(name)
}

/// What somebody does with a share, and with addresses of no share.
fn live(client: &Client, share: &Share) {
    client.create(share);
    client.send("GET", &share.path(&format!("?{CANARY}")), &canaries(share), b"");
    assert_eq!(client.claim(share, 1).status, 200);
    assert_eq!(client.claim(share, 2).status, 410);
    client.post("/api/shares", "", &json!({ CANARY: CANARY })).problem(422, "invalid");
    client.get(&format!("/{CANARY}/{CANARY}?{CANARY}"));
    client.get(&format!("/s%23{CANARY}"));
    for path in ["/api/policy", "/canary-7c3e"] {
        let rest = "HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        client.raw(&format!("CANARY-7C3E {path} {rest}"));
    }
}

/// Headers that say who asks, and what nobody believes.
fn canaries(share: &Share) -> [(&'static str, &'static str); 5] {
    let bearer: &'static str = format!("Bearer {}", share.access()).leak();
    [
        ("authorization", bearer),
        ("user-agent", CANARY),
        ("referer", CANARY),
        ("x-forwarded-for", "203.0.113.77"),
        ("tracestate", "canary-7c3e=canary-7c3e"),
    ]
}

/// What is known of the flow: the requests, and what the store did in each.
fn told(taken: &Taken) -> BTreeMap<String, Vec<String>> {
    let requests = taken.requests().into_iter();
    requests
        .map(|request| {
            let status = said(request, "http.response.status_code").expect("it was answered");
            let parts = taken.parts(request).into_iter().map(|part| {
                assert_eq!(part.trace_id, request.trace_id);
                assert!(part.start_time_unix_nano >= request.start_time_unix_nano);
                assert!(part.end_time_unix_nano <= request.end_time_unix_nano);
                format!("{} {}", part.name, said(part, "waxseal.outcome").expect("it ended"))
            });
            (format!("{} {status}", request.name), parts.collect())
        })
        .collect()
}

#[test]
fn a_flow_is_traced_as_it_was_and_a_stop_leaves_nothing_behind() {
    // Calls that are audited go on in a task of their own.
    for (redis, audit) in [(false, "off"), (false, "stdout"), (true, "stdout")] {
        let redis = redis.then(|| RedisServer::start(&[]));
        let collector = Collector::start();
        let share = Share::new(0x7c);
        let store = redis.as_ref().map(|redis| format!("--store={}", redis.url()));
        let (flag, audit) = (collector.flag(), format!("--audit={audit}"));
        let flags = [&flag, &audit].into_iter().chain(&store).map(String::as_str);
        let (server, _folder) = start_with(&redis, &flags.collect::<Vec<_>>());
        live(&server.client, &share);
        let (_, logs) = server.stop();

        let taken = collector.taken();
        let share_path = |method: &str, more: &str| format!("{method} /api/shares/{{id}}{more}");
        let expected = [
            ("POST /api/shares 201".to_owned(), vec!["create ok"]),
            (share_path("GET", " 200"), vec!["landing ok"]),
            (share_path("POST", "/claims 200"), vec!["claim ok"]),
            (share_path("POST", "/claims 410"), vec!["claim refused"]),
            ("POST /api/shares 422".to_owned(), vec![]),
            ("GET 404".to_owned(), vec![]),
            ("GET /s{tail:.*} 200".to_owned(), vec![]),
            ("HTTP /api/policy 405".to_owned(), vec![]),
            ("HTTP 404".to_owned(), vec![]),
        ];
        let expected = expected
            .map(|(name, parts)| (name, parts.into_iter().map(str::to_owned).collect::<Vec<_>>()));
        let parts = expected.iter().map(|(_, parts)| parts.len()).sum::<usize>();
        let counts = (taken.requests().len(), taken.spans().len());
        assert_eq!(counts, (expected.len(), expected.len() + parts), "and no other");
        assert_eq!(told(&taken), expected.into(), "{audit}");
        words_only(&taken, if redis.is_some() { "redis" } else { "sqlite" });
        nothing_is_in(&taken.bytes, &share);

        let traces: BTreeSet<String> = taken.requests().into_iter().map(trace_id).collect();
        let logged = lines(&logs, "request");
        let logged = logged.iter().map(|line| line["trace_id"].as_str().expect("it is traced"));
        assert_eq!(traces, logged.map(str::to_owned).collect(), "the log says which is which");
    }
}

fn start_with(redis: &Option<RedisServer>, flags: &[&str]) -> (Process, Option<TempDir>) {
    if redis.is_some() {
        return (Process::start(flags), None);
    }
    let (server, folder) = start(flags);
    (server, Some(folder))
}

fn trace_id(span: &Span) -> String {
    span.trace_id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Spans have these attributes and nothing else that could hold text.
fn words_only(taken: &Taken, engine: &str) {
    for resource in &taken.resources {
        let about = resource.resource.as_ref().expect("it says who sends it");
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let expected = [("service.name", "waxseal".to_owned()), ("service.version", version)];
        assert_eq!(attributes(&about.attributes), expected.into());
    }
    for span in taken.spans() {
        let attributes = attributes(&span.attributes);
        let has = |names: &[&str]| attributes.keys().all(|name| names.contains(name));
        if attributes.contains_key("db.operation.name") {
            assert!(
                has(&["db.operation.name", "db.system.name", "waxseal.outcome", "error.type"]),
                "{attributes:?}"
            );
            assert_eq!(attributes["db.operation.name"], span.name);
            assert_eq!(attributes["db.system.name"], engine);
        } else {
            assert!(
                has(&[
                    "http.request.method",
                    "http.response.body.size",
                    "http.response.status_code",
                    "http.route",
                    "error.type",
                ]),
                "{attributes:?}"
            );
        }
        assert!(span.events.is_empty() && span.links.is_empty() && span.trace_state.is_empty());
        assert_eq!(span.status.as_ref().map_or("", |status| &status.message), "");
    }
}

/// None of what the share is named and opened by, nor of who asked, in any form.
fn nothing_is_in(bytes: &[u8], share: &Share) {
    let bytes = bytes.to_ascii_lowercase();
    let contains = |what: &[u8]| {
        let what = what.to_ascii_lowercase();
        bytes.windows(what.len()).any(|window| window == what)
    };
    assert!(contains(b"/api/shares/{id}/claims"), "it is searched as it is written");
    for text in [CANARY, "127.0.0.1", "203.0.113.77", ".db", ".sock"] {
        assert!(!contains(text.as_bytes()), "{text} is told");
    }
    let secrets = [share.id(), share.access(), share.owner(), claim_token(1), claim_token(2)];
    for secret in secrets {
        let raw = base64url::decode(&secret).expect("base64url");
        let hex: String = raw.iter().map(|byte| format!("{byte:02x}")).collect();
        for form in [secret.as_bytes(), hex.as_bytes(), &raw] {
            assert!(!contains(&form[..12]), "{secret} is told");
        }
    }
}

#[test]
fn a_store_that_is_away_is_an_error_of_the_request() {
    let collector = Collector::start();
    let mut redis = RedisServer::start(&[]);
    let server = Process::start(&[&format!("--store={}", redis.url()), &collector.flag()]);
    let share = Share::new(1);
    server.client.create(&share);
    redis.kill();
    assert_eq!(server.client.call("GET", &share.path(""), &share.access()).status, 503);
    server.stop();
    let taken = collector.taken();
    let is_error = |span: &Span| {
        span.status.as_ref().is_some_and(|status| status.code == StatusCode::Error as i32)
    };
    let failed: BTreeMap<_, _> = taken
        .spans()
        .into_iter()
        .filter(|span| is_error(span))
        .map(|span| (span.name.as_str(), said(span, "error.type").expect("it says why")))
        .collect();
    let expected = [("GET /api/shares/{id}", "503"), ("landing", "unavailable")];
    assert_eq!(failed, expected.map(|(name, why)| (name, why.to_owned())).into());
    words_only(&taken, "redis");
}

/// Asks for the policy, as part of this trace.
fn ask(client: &Client, traceparent: &str) {
    let headers = [("traceparent", traceparent), ("tracestate", "canary-7c3e=canary-7c3e")];
    assert_eq!(client.send("GET", "/api/policy", &headers, b"").status, 200);
}

#[test]
fn a_trace_is_continued_for_a_trusted_proxy_alone() {
    let recorded = format!("00-{TRACE}-{PARENT}-01");
    for (flags, is_continued) in [
        (&["--trusted-proxies=127.0.0.1"][..], true),
        (&["--trusted-proxies=10.0.0.0/8"], false),
        (&[], false),
    ] {
        let collector = Collector::start();
        let (server, _folder) = start(&[&[&*collector.flag()], flags].concat());
        ask(&server.client, &recorded);
        server.stop();
        let taken = collector.taken();
        let [request] = taken.requests()[..] else { panic!("one request was made") };
        let parent: String = request.parent_span_id.iter().map(|b| format!("{b:02x}")).collect();
        let trace = trace_id(request);
        assert_eq!(trace == TRACE, is_continued, "{flags:?}");
        assert_eq!(parent, if is_continued { PARENT } else { "" }, "{flags:?}");
        words_only(&taken, "sqlite");
        assert!(!taken.bytes.windows(CANARY.len()).any(|bytes| bytes == CANARY.as_bytes()));
    }
}

#[test]
fn what_is_recorded_is_a_part_or_what_the_proxy_says() {
    let collector = Collector::start();
    let (server, _folder) =
        start(&[&collector.flag(), "--otlp-sample=0", "--trusted-proxies=127.0.0.1"]);
    ask(&server.client, &format!("00-{TRACE}-{PARENT}-01"));
    // Not to be recorded, of no trace, of no parent, another version's, and none.
    for other in [
        format!("00-{TRACE}-{PARENT}-00"),
        format!("00-{}-{PARENT}-01", "0".repeat(32)),
        format!("00-{TRACE}-{}-01", "0".repeat(16)),
        format!("ff-{TRACE}-{PARENT}-01"),
        CANARY.to_owned(),
    ] {
        ask(&server.client, &other);
    }
    let twice = format!("traceparent: 00-{TRACE}-{PARENT}-01\r\n").repeat(2);
    let twice = format!("GET /api/policy HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{twice}\r\n");
    assert!(server.client.raw(&twice).starts_with("HTTP/1.1 200 "));
    let (_, logs) = server.stop();
    let taken = collector.taken();
    let traces: Vec<String> = taken.spans().into_iter().map(trace_id).collect();
    assert_eq!(traces, [TRACE]);
    let lines = lines(&logs, "request");
    let ids: Vec<_> = lines.iter().filter_map(|line| line["trace_id"].as_str()).collect();
    assert_eq!((lines.len(), ids), (7, vec![TRACE]), "only what is to be found is named");
}

#[test]
fn without_a_collector_nothing_is_traced() {
    let (server, _folder) = start(&["--trusted-proxies=127.0.0.1"]);
    ask(&server.client, &format!("00-{TRACE}-{PARENT}-01"));
    let (_, logs) = server.stop();
    assert!(!logs.contains("trace_id") && !logs.contains(TRACE), "{logs}");
}

/// Asks more often than spans may wait.
fn flood(client: &Client) -> u64 {
    const MANY: u64 = 3000;
    let request = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n".repeat(MANY as usize - 1);
    let last = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let answers = client.raw(&format!("{request}{last}"));
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count() as u64, MANY);
    MANY
}

/// How many were said to be lost, and how often.
fn lost(logs: &str) -> (u64, usize) {
    let lines = lines(logs, "spans were not sent, these are lost");
    (lines.iter().map(|line| line["lost"].as_u64().expect("a number")).sum(), lines.len())
}

#[test]
fn a_collector_that_is_away_holds_nobody_up_and_every_loss_is_told() {
    let (server, _folder) = start(&["--otlp-endpoint=http://127.0.0.1:1"]);
    let asked = flood(&server.client);
    let first = server.until_logged("spans were not sent, these are lost");
    assert!(first["cause"].as_str().is_some_and(|cause| !cause.is_empty()), "{first}");
    let more = flood(&server.client);
    let (_, logs) = server.stop();
    let (lost, said) = lost(&logs);
    assert_eq!(lost, asked + more);
    assert_eq!(said, 2, "at once, and at the end: {logs}");
}

#[test]
fn a_collector_that_never_answers_holds_nobody_up_either() {
    let collector = Collector::silent();
    let (server, _folder) = start(&[&collector.flag()]);
    let asked = flood(&server.client);
    let (_, logs) = server.stop();
    let late = lines(&logs, "the collector did not take the last spans in time");
    assert_eq!(late.len(), 1, "{logs}");
    // What is still on its way when the server ends may arrive.
    let (lost, _) = lost(&logs);
    assert!((asked - 2048..asked).contains(&lost), "{lost} of {asked}");
}

#[test]
fn a_collector_that_is_back_gets_what_comes_then() {
    let collector = Collector::refusing();
    let (server, _folder) = start(&[&collector.flag(), "--otlp-service-name=shares"]);
    assert_eq!(server.client.get("/healthz").status, 200);
    let said = server.until_logged("spans were not sent, these are lost");
    assert_eq!(said["lost"], 1);
    assert!(said["cause"].as_str().is_some_and(|cause| cause.contains("503")), "{said}");
    collector.relent();
    assert_eq!(server.client.get("/api/policy").status, 200);
    // Without a stop they come after a while.
    let taken = collector.until(1);
    let [span] = taken.spans()[..] else { panic!("the other one is lost") };
    assert_eq!(span.name, "GET /api/policy");
    let about = taken.resources[0].resource.as_ref().expect("it says who sends it");
    assert_eq!(attributes(&about.attributes)["service.name"], "shares");
}
