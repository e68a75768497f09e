//! Metrics of the real process: what is counted, once, and nothing that must not be told.

mod documents;

use crate::{
    redis_server::RedisServer,
    support::{Client, Exposed, Process, Share, claim_token, exposed::read},
};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use waxseal_core::{base64url, token::SealedSecret};

const OPERATOR: &str = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA";
const LISTEN: &str = "--metrics-listen=127.0.0.1:0";
/// For what happens without a request; the slowest machine is meant.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that counts, and where it tells.
struct Counted {
    server: Process,
    metrics: Client,
    folder: TempDir,
    _redis: Option<RedisServer>,
}

impl Counted {
    fn start(redis: Option<RedisServer>, flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = folder.path().join("waxseal.toml");
        fs::write(&config, format!("operator_token = \"{OPERATOR}\"")).expect("the folder is ours");
        let store = match &redis {
            Some(redis) => redis.url(),
            None => format!("sqlite:{}", folder.path().join("waxseal.db").display()),
        };
        let (store, config) =
            (format!("--store={store}"), format!("--config={}", config.display()));
        let server = Process::start(&[&[LISTEN, &store, &config], flags].concat());
        let metrics = server.metrics();
        Self { server, metrics, folder, _redis: redis }
    }

    fn on_each_engine(flags: &[&str], test: impl Fn(Self)) {
        test(Self::start(None, flags));
        test(Self::start(Some(RedisServer::start(&[])), flags));
    }

    fn client(&self) -> &Client {
        &self.server.client
    }

    fn read(&self) -> Exposed {
        Exposed::read(&self.metrics)
    }

    /// Waits till this line is told.
    fn until(&self, line: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = read(&self.metrics);
            if text.lines().any(|told| told == line) {
                return;
            }
            assert!(Instant::now() < deadline, "{line} is never told: {text}");
            thread::yield_now();
        }
    }
}

fn guess(client: &Client, share: &Share, claim: u8, proof: &Share) -> u16 {
    let request = json!({ "claim": claim_token(claim), "proof": proof.proof() });
    client.post(&share.path("/claims"), &share.access(), &request).status
}

/// A share of three parts.
fn large(seed: u8) -> Share {
    let size = waxseal_core::layout::BodySize::of_plaintext(2_200_000).expect("a possible length");
    Share { size: size.get(), ..Share::new(seed) }
}

/// What people do with eight shares.
fn live(client: &Client) {
    let call = |method, share: &Share, path: &str, token: &str, status| {
        assert_eq!(client.call(method, &share.path(path), token).status, status);
    };
    let (small, guessed, taken) =
        (Share::new(1), Share { passphrase: true, ..Share::new(2) }, Share::new(3));
    for share in [&small, &small, &guessed, &taken] {
        client.create(share);
    }
    assert_eq!(client.claim(&small, 1).status, 200);
    assert_eq!(client.claim(&small, 1).status, 200, "the same again");
    assert_eq!(client.claim(&small, 2).status, 410);
    for _ in 0..2 {
        call("POST", &small, "/ack", &claim_token(1), 204);
    }
    for _ in 0..10 {
        assert_eq!(guess(client, &guessed, 1, &Share::new(9)), 403);
    }
    assert_eq!(guess(client, &guessed, 1, &guessed), 410);
    let path = format!("/api/operator/shares/{}", taken.id());
    assert_eq!(client.call("DELETE", &path, OPERATOR).status, 204);

    let large = large(4);
    client.create(&large);
    for (n, part) in (0..).zip(large.parts()) {
        assert_eq!(client.put_part(&large, n, &part).status, 204);
    }
    call("POST", &large, "/publish", &large.owner(), 200);
    for _ in 0..2 {
        call("DELETE", &large, "", &large.owner(), 200);
    }

    let (request, given) = (Share::new(5), Share::new(6));
    let (mut asked, mut offered) = (request.creation(), given.creation());
    asked["request"] = json!(true);
    offered["answers"] = json!({ "request": request.id(), "access": request.access() });
    for creation in [&asked, &offered] {
        assert_eq!(client.post("/api/shares", "", creation).status, 201);
    }
    let sealed = SealedSecret::from_bytes([7; 80]).to_base64url();
    let answer = json!({ "share": given.id(), "sealed": sealed });
    let answered = client.post(&request.path("/answer"), &request.access(), &answer);
    assert_eq!(answered.status, 200);
    // Two that stay, and one of them not yet there in whole.
    client.create(&Share::new(7));
    let staged = Share { seed: 8, ..large };
    client.create(&staged);
    assert_eq!(client.put_part(&staged, 0, &staged.parts()[0]).status, 204);
}

/// What of it audit events tell, and metrics count.
fn told() -> BTreeMap<String, usize> {
    let told = [
        ("created", 8),
        ("published", 7),
        ("opened", 1),
        ("acknowledged", 1),
        ("passphrase_failed", 10),
        ("burned", 1),
        ("taken_down", 1),
        ("revoked", 1),
        ("answered", 1),
    ];
    told.map(|(event, count)| (event.to_owned(), count)).into()
}

#[test]
fn a_flow_is_counted_as_it_was_whether_or_not_anybody_audits_it() {
    let quotas = ["--max-stored-bytes=9000000000", "--max-staged-bytes=8000000000"];
    Counted::on_each_engine(&quotas, |counted| {
        live(counted.client());
        let exposed = counted.read();
        assert_eq!(exposed.events(), told());
        let of = |name: &str, labels: &[(&str, &str)]| exposed.sum(name, labels) as u64;
        assert_eq!(of("waxseal_secret_requests_asked_total", &[]), 1);

        let requests = |route: &str, method: &str, status: &str| {
            let labels = [("route", route), ("method", method), ("status", status)];
            of("waxseal_http_requests_total", &labels)
        };
        let share = |more: &str| format!("/api/shares/{{id}}{more}");
        for (route, method, status, count) in [
            ("/api/shares".to_owned(), "POST", "201", 9),
            (share("/claims"), "POST", "200", 2),
            (share("/claims"), "POST", "403", 10),
            (share("/claims"), "POST", "410", 2),
            (share("/ack"), "POST", "204", 2),
            (share("/parts/{n}"), "PUT", "204", 4),
            (share("/publish"), "POST", "200", 1),
            (share(""), "DELETE", "200", 2),
            (share("/answer"), "POST", "200", 1),
            ("/api/operator/shares/{id}".to_owned(), "DELETE", "204", 1),
        ] {
            assert_eq!(requests(&route, method, status), count, "{method} {route} {status}");
        }
        assert_eq!(of("waxseal_http_requests_total", &[]), 34, "and no other");
        for route in ["/api/shares", "/api/shares/{id}/claims"] {
            let route = [("route", route)];
            let (count, all) = (
                of("waxseal_http_request_duration_seconds_count", &route),
                of("waxseal_http_requests_total", &route),
            );
            assert_eq!(count, all);
            assert!(exposed.sum("waxseal_http_request_duration_seconds_sum", &route) > 0.0);
        }
        let calls = |operation: &str, outcome: &str| {
            let labels = [("operation", operation), ("outcome", outcome)];
            of("waxseal_store_call_duration_seconds_count", &labels)
        };
        assert_eq!((calls("create", "ok"), calls("create", "refused")), (9, 0));
        assert_eq!((calls("claim", "ok"), calls("claim", "refused")), (2, 12));
        assert_eq!((calls("put_part", "ok"), calls("acknowledge", "ok")), (4, 2));
        assert_eq!(calls("put_part", "fault") + calls("claim", "unavailable"), 0);

        // Of one part each what waits, the answer, and the one that is not there in whole.
        let staged = large(8).parts()[0].len() as u64;
        assert_eq!(of("waxseal_staged_bytes", &[]), staged);
        assert_eq!(of("waxseal_stored_bytes", &[]), 2 * Share::new(7).size + staged);
        assert_eq!(of("waxseal_stored_quota_bytes", &[]), 9_000_000_000);
        assert_eq!(of("waxseal_staged_quota_bytes", &[]), 8_000_000_000);
        assert_eq!(of("waxseal_build_info", &[("version", env!("CARGO_PKG_VERSION"))]), 1);
        if cfg!(target_os = "linux") {
            assert!(of("process_resident_memory_bytes", &[]) > 1 << 20);
            let (open, most) = (of("process_open_fds", &[]), of("process_max_fds", &[]));
            assert!(5 < open && open < most, "{open} of {most}");
            let started = of("process_start_time_seconds", &[]);
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            assert!(now.expect("it is after 1970").as_secs().abs_diff(started) < 600);
        }
        for refusal in exposed.families.iter().filter(|family| family.name == "waxseal_refusals") {
            assert_eq!(exposed.sum(&refusal.queried(), &[]), 0.0);
        }
        no_secret_is_in(&exposed.text);
    });
}

/// None of what the flow's shares are named and opened by.
fn no_secret_is_in(text: &str) {
    let text = text.to_lowercase();
    let claims = [1, 2].map(claim_token);
    let shares = (1..=9).map(Share::new);
    let secrets =
        shares.flat_map(|share| [share.id(), share.access(), share.owner(), share.proof()]);
    for secret in secrets.chain(claims).chain([OPERATOR.to_owned()]) {
        let bytes = base64url::decode(&secret).expect("base64url");
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        for form in [secret.to_lowercase(), hex] {
            assert!(!text.contains(&form[..20]), "{form} is in {text}");
        }
    }
    assert!(!text.contains("127.0.0") && !text.contains(".sock") && !text.contains(".db"));
}

#[test]
fn what_is_counted_is_what_is_told() {
    Counted::on_each_engine(&["--audit=stdout"], |counted| {
        live(counted.client());
        let events = counted.read().events();
        let (output, _) = counted.server.stop();
        let mut lines = BTreeMap::<String, usize>::new();
        for line in output.lines() {
            let line: Value = serde_json::from_str(line).expect("a line is JSON");
            *lines.entry(line["event"].as_str().expect("a text").to_owned()).or_default() += 1;
        }
        assert_eq!(lines, told());
        assert_eq!(events, lines);
    });
}

#[test]
fn a_share_that_expires_is_counted_once() {
    let (live, over) = (Share::new(1), Share::new(2));
    let mut counted = Counted::start(None, &[]);
    counted.client().create(&live);
    counted.client().create(&over);
    counted.server.kill();
    let database = counted.folder.path().join("waxseal.db");
    let it = over.id();
    let it = base64url::decode(&it).expect("base64url");
    let past = "UPDATE share SET expires_at = 1, content_until = 1 WHERE id = ?";
    let changed = Connection::open(&database).and_then(|db| db.execute(past, [it]));
    assert_eq!(changed.expect("nobody has it open"), 1);

    let again =
        |store: PathBuf| Process::start(&[LISTEN, &format!("--store=sqlite:{}", store.display())]);
    counted.server = again(database.clone());
    counted.metrics = counted.server.metrics();
    counted.until("waxseal_share_events_total{event=\"expired\"} 1");
    assert_eq!(counted.client().call("GET", &over.path(""), &over.access()).status, 410);
    assert_eq!(counted.read().events(), [("expired".to_owned(), 1)].into());
    counted.server.kill();
    counted.server = again(database);
    counted.metrics = counted.server.metrics();
    assert_eq!(counted.client().call("GET", &live.path(""), &live.access()).status, 200);
    assert_eq!(counted.read().events(), BTreeMap::new());
}

#[test]
fn what_is_refused_is_counted_by_why() {
    let flags = [
        "--creations-per-hour=2",
        "--max-bytes=524287",
        "--max-stored-bytes=1049672",
        "--head-timeout=1s",
        "--body-timeout=1s",
    ];
    let counted = Counted::start(None, &flags);
    let client = counted.client();
    let post = |headers: &[(&str, &str)], body: &[u8]| {
        let headers = [&[("content-type", "application/json")], headers].concat();
        client.send("POST", "/api/shares", &headers, body).status
    };
    // There is room for one of these.
    let half = waxseal_core::layout::BodySize::of_plaintext(800_000).expect("a possible length");
    for (seed, status) in [(1, 201), (2, 507), (3, 429)] {
        let share = Share { size: half.get(), ..Share::new(seed) };
        assert_eq!(post(&[], share.creation().to_string().as_bytes()), status);
    }
    assert_eq!(post(&[("sec-fetch-site", "cross-site")], b"{}"), 403);
    assert_eq!(post(&[], &vec![b' '; 4 << 20]), 413);
    let upgrade = "GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n";
    assert!(client.raw(upgrade).starts_with("HTTP/1.1 400 "));
    assert!(client.raw("GET / HTTP/1.1\r\nhost").starts_with("HTTP/1.1 408 "));
    let endless = format!("GET / HTTP/1.1\r\nhost: x\r\nlong: {}", "x".repeat(40_000));
    assert!(client.raw(&endless).starts_with("HTTP/1.1 431 "));
    let stalled = "POST /api/shares HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                   content-length: 9\r\n\r\n{";
    assert!(client.raw(stalled).starts_with("HTTP/1.1 408 "));
    for (kind, count) in [
        ("quota", 1),
        ("rate", 1),
        ("same_site", 1),
        ("framing", 1),
        ("slow", 2),
        ("large", 2),
        ("full", 0),
        ("connections", 0),
    ] {
        counted.until(&format!("waxseal_refusals_total{{kind=\"{kind}\"}} {count}"));
    }
}

#[test]
fn connections_are_counted_while_they_are_there() {
    let counted = Counted::start(None, &["--max-connections=3"]);
    counted.until("waxseal_http_connections 0");
    let mut wires = [counted.client().wire(), counted.client().wire()];
    for wire in &mut wires {
        wire.send(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
        wire.until_heard("200 OK");
    }
    counted.until("waxseal_http_connections 2");
    let third = counted.client().wire();
    counted.until("waxseal_http_connections 3");
    assert_eq!(counted.client().wire().until_closed(|_| {}), "");
    counted.until("waxseal_refusals_total{kind=\"connections\"} 1");
    drop((wires, third));
    counted.until("waxseal_http_connections 0");
}

#[test]
fn a_mail_that_cannot_be_sent_is_counted_and_one_that_must_not_be() {
    let flags = [
        "--identity-mode=email",
        "--identity-allowed=ann@allowed.example",
        "--identity-public-url=http://localhost:8080",
        "--identity-smtp-host=127.0.0.1",
        "--identity-smtp-port=1",
        "--identity-smtp-tls=none",
        "--identity-mail-from=share@allowed.example",
    ];
    let counted = Counted::start(None, &flags);
    let share = Share::new(1);
    counted.client().create(&share);
    for address in ["ann@allowed.example", "bob@other.example"] {
        let request = json!({ "address": address });
        let asked = counted.client().post(&share.path("/confirmation"), &share.owner(), &request);
        assert_eq!(asked.status, 202);
    }
    counted.until("waxseal_mails_total{outcome=\"not_allowed\"} 1");
    counted.until("waxseal_mails_total{outcome=\"delayed\"} 1");
    let exposed = counted.read();
    assert!(!exposed.text.contains("example"), "{}", exposed.text);
    assert_eq!(exposed.events(), [("created".to_owned(), 1)].into());
}

/// Whoever asks for what is not there makes no series.
#[test]
fn however_many_addresses_ids_and_methods_are_tried_there_are_only_so_many_series() {
    const MANY: u32 = 1000;
    let counted = Counted::start(None, &[]);
    let client = counted.client();
    let try_all = |n: u32| {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        let id = waxseal_core::token::ShareId::from_bytes(bytes).to_base64url();
        let path = format!("/api/shares/{id}");
        assert_eq!(client.call("GET", &path, &Share::new(1).access()).status, 404);
        assert_eq!(client.get(&format!("/nowhere/{n}?{n}")).status, 404);
        assert_eq!(client.get(&format!("/api/{n}")).status, 404);
        assert_eq!(client.get(&format!("/assets/{n}")).status, 404);
        assert_eq!(client.get(&format!("/s{n}")).status, 200);
        let odd = format!("METHOD{n} /api/policy HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        assert!(client.raw(&odd).starts_with("HTTP/1.1 405 "));
    };
    let names = || {
        let exposed = read(&counted.metrics);
        let mut names: Vec<String> =
            exposed.lines().filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned())).collect();
        names.sort();
        names
    };
    try_all(0);
    let before = names();
    thread::scope(|scope| {
        for first in 1..=8 {
            scope.spawn(move || (first..=MANY).step_by(8).for_each(try_all));
        }
    });
    assert_eq!(names(), before);
    let routes = [("route", "none"), ("method", "GET"), ("status", "404")];
    let exposed = counted.read();
    let asked = exposed.sum("waxseal_http_requests_total", &routes) as u32;
    assert_eq!(asked, 2 * (MANY + 1));
    let other = [("route", "/api/policy"), ("method", "other"), ("status", "405")];
    assert_eq!(exposed.sum("waxseal_http_requests_total", &other) as u32, MANY + 1);
}

#[test]
fn metrics_are_told_on_their_own_listener_and_nothing_else_is() {
    let counted = Counted::start(None, &[]);
    assert_eq!(counted.client().get("/metrics").status, 404);
    let ask = |method: &str, path: &str| counted.metrics.ask(method, path, &[], b"");
    for path in ["/", "/metrics/", "/metrics/x", "/api/policy", "/api/shares", "/healthz", "/s"] {
        let reply = ask("GET", path);
        assert_eq!((reply.status, reply.body.len()), (404, 0), "{path}");
    }
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let reply = ask(method, "/metrics");
        assert_eq!((reply.status, reply.header("allow")), (405, Some("GET, HEAD")), "{method}");
    }
    let head = ask("HEAD", "/metrics");
    assert_eq!((head.status, head.body.len()), (200, 0));
    let upgrade = "GET /metrics HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\n\r\n";
    assert!(counted.metrics.raw(upgrade).starts_with("HTTP/1.1 400 "));
    let endless = format!("GET /metrics HTTP/1.1\r\nhost: x\r\nlong: {}", "x".repeat(40_000));
    assert!(counted.metrics.raw(&endless).starts_with("HTTP/1.1 431 "));
    let exposed = counted.read();
    let asked = exposed.sum("waxseal_http_requests_total", &[]);
    assert_eq!(asked, 1.0, "whoever reads metrics does not count");
    assert!(!counted.server.stop().1.contains("/metrics"), "nor is logged");

    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = format!("--store=sqlite:{}", folder.path().join("waxseal.db").display());
    let silent = Process::start(&[&store]);
    assert_eq!(silent.client.get("/metrics").status, 404);
    assert!(!silent.stop().1.contains("metrics"), "without the setting there is no listener");
}

#[test]
fn a_store_that_is_away_costs_only_what_it_would_tell() {
    let mut redis = RedisServer::start(&[]);
    let store = format!("--store={}", redis.url());
    let server = Process::start(&[LISTEN, &store, "--max-stored-bytes=9000000000"]);
    let metrics = server.metrics();
    server.client.create(&Share::new(1));
    assert_eq!(Exposed::read(&metrics).sum("waxseal_stored_bytes", &[]), 1096.0);
    redis.kill();
    server.client.claim(&Share::new(1), 1).problem(503, "unavailable");
    let exposed = Exposed::read(&metrics);
    assert!(!exposed.samples().contains("waxseal_stored_bytes"));
    assert_eq!(exposed.sum("waxseal_stored_quota_bytes", &[]), 9_000_000_000.0);
    let away = [("operation", "claim"), ("outcome", "unavailable")];
    assert_eq!(exposed.sum("waxseal_store_call_duration_seconds_count", &away), 1.0);
}
