//! Audit events of the real process: what is told, once, and nothing that must not be.

use crate::{
    redis_server::RedisServer,
    support::{Application, Client, Process, Share, claim_token},
};
use rustix::io::ioctl_fionread;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use waxseal_core::{base64url, token::SealedSecret};

const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const OPERATOR: &str = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA";

/// The same call so often at once.
const RACERS: usize = 64;

/// A server that tells, and where.
struct Told {
    server: Process,
    file: PathBuf,
    _folder: TempDir,
    _redis: Option<RedisServer>,
}

impl Told {
    fn start(redis: Option<RedisServer>, flags: &[&str]) -> Self {
        Self::to("audit.jsonl", redis, flags)
    }

    /// To this file, in a folder of its own unless the name says more.
    fn to(name: &str, redis: Option<RedisServer>, flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        let (file, key, config) = (at(name), at("key"), at("waxseal.toml"));
        fs::write(&key, format!("{KEY}\n")).expect("the folder is ours");
        fs::write(&config, format!("operator_token = \"{OPERATOR}\"")).expect("the folder is ours");
        let store = match &redis {
            Some(redis) => redis.url(),
            None => format!("sqlite:{}", at("waxseal.db").display()),
        };
        let all = [
            format!("--store={store}"),
            format!("--audit={}", file.display()),
            format!("--audit-key-file={}", key.display()),
            format!("--config={}", config.display()),
        ];
        let all: Vec<&str> = all.iter().map(String::as_str).chain(flags.iter().copied()).collect();
        Self { server: Process::start(&all), file, _folder: folder, _redis: redis }
    }

    fn on_each_engine(flags: &[&str], test: impl Fn(Self)) {
        test(Self::start(None, flags));
        test(Self::start(Some(RedisServer::start(&[])), flags));
    }

    fn client(&self) -> &Client {
        &self.server.client
    }

    fn text(&self) -> String {
        read(&self.file)
    }

    /// How often each share was in each event.
    fn counts(&self) -> BTreeMap<(String, String), usize> {
        let mut counts = BTreeMap::new();
        for line in lines(&self.text()) {
            let text = |name: &str| line[name].as_str().expect("a text").to_owned();
            *counts.entry((text("share"), text("event"))).or_default() += 1;
        }
        counts
    }

    /// The events of the share, in their order.
    fn events(&self, share: &Share) -> Vec<Value> {
        let name = pseudonym(share);
        lines(&self.text()).into_iter().filter(|line| line["share"] == name).collect()
    }

    fn names(&self, share: &Share) -> Vec<String> {
        let name = |line: &Value| line["event"].as_str().expect("a text").to_owned();
        self.events(share).iter().map(name).collect()
    }
}

/// As docs/audit.md says that it is made.
fn pseudonym(share: &Share) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &[0; 32]);
    let mac = ring::hmac::sign(&key, &[b"share\0".as_slice(), &[share.seed; 16]].concat());
    base64url::encode(&mac.as_ref()[..16])
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("the file is there")
}

fn lines(text: &str) -> Vec<Value> {
    let line = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
    text.lines().map(line).collect()
}

fn claim(client: &Client, share: &Share, seed: u8, proof: Option<&str>) -> u16 {
    let mut request = json!({ "claim": claim_token(seed) });
    if let Some(proof) = proof {
        request["proof"] = json!(proof);
    }
    client.post(&share.path("/claims"), &share.access(), &request).status
}

/// A share of three parts.
fn large(seed: u8) -> Share {
    let size = waxseal_core::layout::BodySize::of_plaintext(2_200_000).expect("a possible length");
    Share { size: size.get(), ..Share::new(seed) }
}

/// Lets so many do the same at once.
fn race(call: impl Fn() -> u16 + Sync, status: u16) {
    thread::scope(|scope| {
        let racers: Vec<_> = (0..RACERS).map(|_| scope.spawn(&call)).collect();
        for racer in racers {
            assert_eq!(racer.join().expect("none panics"), status);
        }
    });
    assert_eq!(call(), status, "once more");
}

#[test]
fn however_often_and_at_once_a_call_is_sent_it_is_told_once() {
    Told::on_each_engine(&[], |told| {
        let client = told.client();
        let (small, large, taken) = (Share::new(1), large(2), Share::new(3));
        for share in [&small, &large, &taken] {
            let creation = share.creation();
            race(|| client.post("/api/shares", "", &creation).status, 201);
        }
        for (n, part) in (0..).zip(large.parts()) {
            assert_eq!(client.put_part(&large, n, &part).status, 204);
        }
        let call = |method, share: &Share, path: &str, token: &str| {
            client.call(method, &share.path(path), token).status
        };
        race(|| call("POST", &large, "/publish", &large.owner()), 200);
        race(|| claim(client, &small, 7, None), 200);
        race(|| call("POST", &small, "/ack", &claim_token(7)), 204);
        race(|| call("DELETE", &large, "", &large.owner()), 200);
        let path = format!("/api/operator/shares/{}", taken.id());
        race(|| client.call("DELETE", &path, OPERATOR).status, 204);

        let (request, given) = (Share::new(4), Share::new(5));
        let (mut asked, mut offered) = (request.creation(), given.creation());
        asked["request"] = json!(true);
        offered["answers"] = json!({ "request": request.id(), "access": request.access() });
        for creation in [&asked, &offered] {
            race(|| client.post("/api/shares", "", creation).status, 201);
        }
        let sealed = SealedSecret::from_bytes([7; 80]).to_base64url();
        let answer = json!({ "share": given.id(), "sealed": sealed });
        let path = request.path("/answer");
        race(|| client.post(&path, &request.access(), &answer).status, 200);

        let of = |share: &Share, events: &[&str]| {
            let name = pseudonym(share);
            events.iter().map(|event| ((name.clone(), event.to_string()), 1)).collect::<Vec<_>>()
        };
        let expected = [
            of(&small, &["created", "published", "opened", "acknowledged"]),
            of(&large, &["created", "published", "revoked"]),
            of(&request, &["created", "published", "answered"]),
            of(&given, &["created", "published"]),
            of(&taken, &["created", "published", "taken_down"]),
        ];
        assert_eq!(told.counts(), expected.concat().into_iter().collect());
    });
}

#[test]
fn every_fate_is_told_in_its_order_with_what_belongs_to_it() {
    Told::on_each_engine(&[], |told| {
        let client = told.client();
        let guessed = Share { passphrase: true, views: None, ..Share::new(1) };
        client.create(&guessed);
        assert_eq!(claim(client, &guessed, 1, None), 403, "nothing is counted");
        assert_eq!(claim(client, &guessed, 1, Some(&guessed.proof())), 200);
        for _ in 0..11 {
            let status = claim(client, &guessed, 2, Some(&Share::new(9).proof()));
            assert!(status == 403 || status == 410);
        }
        assert_eq!(client.call("DELETE", &guessed.path(""), &guessed.owner()).status, 200);
        let failed = ["passphrase_failed"; 10];
        let names = [&["created", "published", "opened"][..], &failed, &["burned"]].concat();
        assert_eq!(told.names(&guessed), names, "what is burned is not revoked");
        let events = told.events(&guessed);
        assert_eq!(events[0]["size"], 1096);
        assert_eq!(
            (&events[0]["expires_in"], &events[0]["passphrase"]),
            (&json!(86400), &json!(true))
        );
        assert_eq!((events[0].get("views"), events[2].get("views_left")), (None, None));
        let left: Vec<_> = events.iter().filter_map(|event| event["tries_left"].as_u64()).collect();
        assert_eq!(left, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
        let landing = client.call("GET", &guessed.path("/status"), &guessed.owner()).json();
        assert_eq!(events[1]["expires_at"], landing["expires_at"]);

        let twice = Share { views: Some(2), ..Share::new(2) };
        client.create(&twice);
        let other = Share { expires_in: 3600, ..twice.clone() };
        client.post("/api/shares", "", &other.creation()).problem(409, "conflict");
        for seed in [1, 2] {
            assert_eq!(claim(client, &twice, seed, None), 200);
        }
        assert_eq!(claim(client, &twice, 3, None), 410);
        let left = told.events(&twice);
        assert_eq!((&left[2]["views_left"], &left[3]["views_left"]), (&json!(1), &json!(0)));
        assert_eq!(client.call("DELETE", &twice.path(""), &twice.owner()).status, 200);
        let names = ["created", "published", "opened", "opened", "revoked"];
        assert_eq!(told.names(&twice), names, "two claims ended, and nothing else was told");
        for line in lines(&told.text()) {
            assert_eq!(line["from"].as_str().map(str::len), Some(22));
            assert!(line["time"].as_str().is_some_and(|time| time.ends_with('Z')));
        }
    });
}

#[test]
fn an_application_names_who_created() {
    let application = Application::new();
    let keys = format!("--identity-grant-keys={}", application.file().display());
    let flags = ["--identity-mode=grant", "--identity-grant-audience=https://share.example.org"];
    for (addresses, sub, told_as) in [
        ("hashed", "user-17", Some("user-17")),
        ("hashed", "ann@example.org", None),
        ("clear", "ann@example.org", Some("ann@example.org")),
    ] {
        let addresses = format!("--audit-addresses={addresses}");
        let told = Told::start(None, &[&flags[..], &[&keys, &addresses]].concat());
        let share = Share::new(1);
        let grant = application.grant(json!({ "sub": sub }));
        for _ in 0..2 {
            let reply = told.client().post("/api/shares", &grant, &share.creation());
            assert_eq!(reply.status, 201);
        }
        assert_eq!(told.names(&share), ["created", "published"]);
        let name = told.events(&share)[0]["sub"].clone();
        match told_as {
            Some(told_as) => assert_eq!(name, told_as),
            None => assert_eq!(name.as_str().map(str::len), Some(22)),
        }
        let from = told.events(&share)[0]["from"].clone();
        assert_eq!(from == "127.0.0.1", addresses.ends_with("clear"));
    }
}

#[test]
fn a_file_has_nothing_that_opens_or_names_a_share() {
    Told::on_each_engine(&[], |told| {
        let client = told.client();
        let share = Share { passphrase: true, ..Share::new(0x5d) };
        client.create(&share);
        claim(client, &share, 7, Some(&Share::new(9).proof()));
        assert_eq!(claim(client, &share, 7, Some(&share.proof())), 200);
        assert_eq!(client.call("POST", &share.path("/ack"), &claim_token(7)).status, 204);
        client.call("DELETE", &share.path(""), &share.owner());
        let path = format!("/api/operator/shares/{}", share.id());
        client.call("DELETE", &path, OPERATOR);
        let text = told.text();
        assert_eq!(told.names(&share).len(), 6, "{text}");
        let creation = share.creation();
        let hash = |name: &str| creation[name].as_str().expect("a text").to_owned();
        let mut secrets = vec![share.id(), share.access(), share.owner(), share.proof()];
        secrets.extend([claim_token(7), KEY.to_owned(), OPERATOR.to_owned()]);
        secrets.extend(["access_hash", "owner_hash", "passphrase_hash"].map(hash));
        for secret in secrets {
            let bytes = base64url::decode(&secret).expect("base64url");
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let percent: String = bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
            let standard = secret.replace('-', "+").replace('_', "/");
            let shifted = base64url::encode(&[&[0], &bytes[..]].concat())[2..].to_owned();
            let latin: String = bytes.iter().copied().map(char::from).collect();
            let numbers = json!(bytes).to_string();
            for form in [secret.clone(), hex, percent, standard, shifted, latin, numbers] {
                // The end of a text depends on what follows.
                let form = &form[..form.char_indices().nth(20).map_or(form.len(), |(at, _)| at)];
                let in_it = text.to_lowercase().contains(&form.to_lowercase());
                assert!(!in_it, "{form} of {secret} is in {text}");
            }
        }
        assert!(!text.contains("127.0.0.1"));
    });
}

#[test]
fn a_full_disk_fails_no_request_and_is_said_once_with_how_much_was_lost() {
    let told = Told::to("/dev/full", None, &[]);
    for seed in 0..20 {
        told.client().create(&Share::new(seed));
        assert_eq!(claim(told.client(), &Share::new(seed), 1, None), 200);
    }
    let (_, logs) = told.server.stop();
    let said: Vec<_> = lines(&logs)
        .into_iter()
        .filter(|line| line["message"] == "audit events cannot be written")
        .collect();
    assert_eq!(said.len(), 1, "{logs}");
    assert_eq!((&said[0]["level"], &said[0]["lost"]), (&json!("ERROR"), &json!(2)));
}

#[test]
fn a_file_is_private_and_goes_on_under_its_name_after_sighup() {
    let told = Told::start(None, &[]);
    let (first, second) = (Share::new(1), Share::new(2));
    told.client().create(&first);
    let mode = fs::metadata(&told.file).expect("the file is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let moved = told.file.with_extension("1");
    fs::rename(&told.file, &moved).expect("the folder is ours");
    told.server.signal("HUP");
    let deadline = Instant::now() + Duration::from_secs(20);
    while !told.file.exists() {
        assert!(Instant::now() < deadline, "there is no new file");
        thread::yield_now();
    }
    told.client().create(&second);
    assert_eq!(told.names(&second), ["created", "published"]);
    assert_eq!(told.events(&first).len(), 0);
    assert_eq!(lines(&read(&moved)).len(), 2);
    // It is added to, whoever wrote it.
    let before = told.text();
    drop(told.server);
    let store = format!("--store=sqlite:{}", told.file.with_file_name("waxseal.db").display());
    let again = Process::start(&[&store, &format!("--audit={}", told.file.display())]);
    again.client.create(&Share::new(3));
    let after = read(&told.file);
    assert!(after.starts_with(&before) && lines(&after).len() == 4);
}

#[test]
fn standard_output_has_events_after_the_address_and_a_closed_one_fails_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = format!("--store=sqlite:{}", folder.path().join("waxseal.db").display());
    let server = Process::start(&[&store, "--audit=stdout"]);
    server.client.create(&Share::new(1));
    assert_eq!(claim(&server.client, &Share::new(1), 1, None), 200);
    let (output, _) = server.stop();
    let names: Vec<_> = lines(&output).iter().map(|line| line["event"].clone()).collect();
    assert_eq!(names, ["created", "published", "opened"]);

    let mut deaf = Process::start(&[&store, "--audit=stdout"]);
    deaf.stdout = None;
    deaf.client.create(&Share::new(2));
    assert_eq!(claim(&deaf.client, &Share::new(2), 1, None), 200);
    let (_, logs) = deaf.stop();
    assert!(logs.contains("audit events cannot be written"), "{logs}");
}

#[test]
fn of_what_a_slow_reader_is_told_nothing_is_lost() {
    let redis = RedisServer::start(&[]);
    let store = format!("--store={}", redis.url());
    let mut server = Process::start(&[&store, "--audit=stdout", "--workers=1"]);
    let mut stdout = server.stdout.take().expect("it is open");
    let client = &server.client;
    // A pipe holds 64 KiB, which is less than these.
    let shares = (1..=150).map(|seed| Share { views: None, ..Share::new(seed) });
    let told = 150 * 4;
    let lines_read = thread::scope(|scope| {
        let talking = scope.spawn(|| {
            for share in shares {
                client.create(&share);
                assert_eq!(claim(client, &share, 1, None), 200);
                assert_eq!(claim(client, &share, 2, None), 200);
            }
        });
        let deadline = Instant::now() + Duration::from_secs(60);
        while ioctl_fionread(stdout.get_ref()).expect("it is a pipe") < 60 * 1024 {
            assert!(Instant::now() < deadline, "the pipe never fills");
            thread::yield_now();
        }
        // What changes nothing is answered meanwhile, by the one thread there is.
        assert_eq!(client.get("/api/policy").status, 200);
        let read = stdout.by_ref().lines().take(told).map(|line| line.expect("it is text"));
        let read: Vec<String> = read.collect();
        talking.join().expect("it does not panic");
        read
    });
    assert_eq!(lines(&lines_read.join("\n")).len(), told);
}
