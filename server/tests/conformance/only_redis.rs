//! What only the engine for Redis does.

mod ledger;

use crate::{
    bench::{Engine, Hands},
    redis_server::RedisServer,
    sample::{Sample, token},
};
use redis::cmd;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use waxseal_core::wire::ShareState;
use waxseal_server::store::{Full, Quota, Retention, Store, StoreError, redis::RedisStore};

const SECOND: u64 = 1000;
const LEASE: u64 = 15 * 60 * SECOND;
const DAY: u64 = 24 * 60 * 60 * SECOND;

/// Between what a test asks and what Redis has counted down since.
const SLACK: u64 = 2 * SECOND;

/// What a request may take when Redis is not there.
const QUICK: Duration = Duration::from_secs(4);

async fn connect(url: &str) -> Result<RedisStore, StoreError> {
    RedisStore::connect(url, Retention::default(), Quota::default(), Hands::new()).await
}

async fn upload(store: &RedisStore, sample: &Sample) {
    store.create(sample.new.clone()).await.expect("it is new");
    if sample.new.head.is_none() {
        for n in 0..sample.new.size.parts() {
            let part = sample.part(n);
            store.put_part(sample.new.id, sample.new.owner, n, part).await.expect("it fits");
        }
        store.publish(sample.new.id, sample.new.owner).await.expect("all parts are there");
    }
}

/// The share's keys without what they have in common, and their times to live.
fn keys(server: &RedisServer, sample: &Sample) -> Vec<(String, i64)> {
    let mut connection = server.connection();
    let prefix = format!("waxseal:{{{}}}:", sample.new.id.to_base64url());
    let all: Vec<String> = cmd("KEYS").arg("*").query(&mut connection).expect("it answers");
    let mut keys: Vec<(String, i64)> = all
        .iter()
        .filter_map(|key| {
            let ttl = cmd("PTTL").arg(key).query(&mut connection).expect("it answers");
            Some((key.strip_prefix(&prefix)?.to_owned(), ttl))
        })
        .collect();
    keys.sort();
    keys
}

fn assert_near(ttl: i64, expected: u64, key: &str) {
    let ttl = u64::try_from(ttl).expect("it has a time to live");
    assert!((expected - SLACK..=expected).contains(&ttl), "{key}: {ttl} instead of {expected}");
}

#[tokio::test]
async fn content_lives_exactly_until_the_expiry() {
    let server = RedisServer::start(&[]);
    let store = connect(&server.url()).await.expect("it is safe");
    for seconds in [3600, 43_200, 86_400, 432_000, 2_592_000] {
        for plaintext in [1024, 2_100_000] {
            let sample = Sample::with_plaintext(plaintext).expiring_in(seconds);
            upload(&store, &sample).await;
            let keys = keys(&server, &sample);
            let expiry = u64::from(seconds) * SECOND;
            assert_eq!(keys.len() as u64, sample.new.size.parts() + 2);
            for (key, ttl) in keys {
                let kept = if key == "record" { expiry + 7 * DAY } else { expiry };
                assert_near(ttl, kept, &key);
            }
        }
    }
}

#[tokio::test]
async fn a_spent_share_lives_as_long_as_its_leases_may() {
    let server = RedisServer::start(&[]);
    let store = connect(&server.url()).await.expect("it is safe");
    let sample = Sample::with_plaintext(1_100_000).viewed(Some(1)).expiring_in(2_592_000);
    upload(&store, &sample).await;
    let claim = token();
    store.claim(sample.new.id, sample.new.access, claim, None).await.expect("a view is left");
    let record = 37 * DAY;
    let parked = format!("claim:{}", claim.to_base64url());
    let expected = [
        (&*parked, LEASE),
        ("claims", record),
        ("part:0", DAY),
        ("part:1", DAY),
        ("record", record),
    ];
    let found = keys(&server, &sample);
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for ((key, ttl), (name, expected)) in found.into_iter().zip(expected) {
        assert_eq!(key, name);
        assert_near(ttl, expected, &key);
    }
}

/// Goes through all that can happen to shares and looks at every key after each step.
#[tokio::test]
async fn every_key_has_a_time_to_live_at_every_step() {
    let server = RedisServer::start(&[]);
    let store = connect(&server.url()).await.expect("it is safe");
    let check = |step: &str| {
        let mut connection = server.connection();
        let keys: Vec<String> = cmd("KEYS").arg("*").query(&mut connection).expect("it answers");
        assert!(!keys.is_empty());
        for key in keys {
            let ttl: i64 = cmd("PTTL").arg(&key).query(&mut connection).expect("it answers");
            assert!(ttl > 0, "{key} has {ttl} after {step}");
            assert!(key.starts_with("waxseal:{") && key[9..].find("}:") == Some(22), "{key}");
        }
    };

    for views in [Some(1), Some(2), None] {
        let sample = Sample::one_time().viewed(views).with_passphrase();
        let new = &sample.new;
        upload(&store, &sample).await;
        check("create");
        upload(&store, &sample).await;
        check("create again");
        store.landing(new.id, new.access).await.expect("it is live");
        check("landing");
        let wrong = store.claim(new.id, new.access, token(), Some(token())).await;
        assert_refused!(wrong, StoreError::WrongPassphrase { .. });
        check("a wrong passphrase");
        let claim = token();
        for _ in 0..2 {
            store.claim(new.id, new.access, claim, sample.proof).await.expect("a view is left");
            check("claim");
        }
        store.renew(new.id, claim).await.expect("the lease lasts");
        check("renew");
        store.part(new.id, claim, 0).await.expect("the lease lasts");
        check("part");
        if views != Some(1) {
            for _ in 0..9 {
                let wrong = store.claim(new.id, new.access, token(), Some(token())).await;
                assert_refused!(wrong, StoreError::WrongPassphrase { .. });
            }
            check("burn");
        }
        store.acknowledge(new.id, claim).await.expect("it was answered");
        check("acknowledge");
        store.revoke(new.id, new.owner).await.expect("the owner may");
        check("revoke");
    }

    let sample = Sample::with_plaintext(1_100_000).viewed(Some(1));
    let new = &sample.new;
    store.create(new.clone()).await.expect("it is new");
    check("create staged");
    for n in [1, 0, 1] {
        store.put_part(new.id, new.owner, n, sample.part(n)).await.expect("it fits");
        check("put part");
    }
    store.parts(new.id, new.owner).await.expect("known");
    check("parts");
    for _ in 0..2 {
        store.publish(new.id, new.owner).await.expect("all are there");
        check("publish");
    }
    store.status(new.id, new.owner).await.expect("known");
    let claim = token();
    store.claim(new.id, new.access, claim, None).await.expect("a view is left");
    check("claim");
    store.revoke(new.id, new.owner).await.expect("the owner may");
    check("revoke");
}

#[tokio::test]
async fn unsafe_servers_are_refused_by_name_of_the_setting() {
    for (arguments, name) in [
        (&["--maxmemory", "100mb", "--maxmemory-policy", "volatile-lru"][..], "maxmemory-policy"),
        (&["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-random"], "maxmemory-policy"),
        (&["--replicaof", "127.0.0.1", "1"], "replicaof"),
        (&["--requirepass", "secret"], "NOAUTH"),
    ] {
        let server = RedisServer::start(arguments);
        let refused = connect(&server.url()).await.map(drop);
        assert_refused!(refused, StoreError::Unavailable(text) if text.contains(name));
    }
}

#[tokio::test]
async fn a_user_who_may_not_see_the_configuration_is_enough() {
    let server = RedisServer::start(&[]);
    let mut connection = server.connection();
    let rules = ["on", ">secret", "~waxseal:*", "+@all", "-config", "-@admin"];
    let () = cmd("ACL")
        .arg("SETUSER")
        .arg("waxseal")
        .arg(&rules)
        .query(&mut connection)
        .expect("it can be made");
    let url = format!("{}?user=waxseal&pass=secret", server.url());
    let store = connect(&url).await.expect("it is safe");
    store.ready().await.expect("it is safe");
    let sample = Sample::one_time();
    upload(&store, &sample).await;
    let answer = store.claim(sample.new.id, sample.new.access, token(), None).await;
    assert_eq!(answer.expect("a view is left").head, sample.body);
    let url = format!("{}?user=waxseal&pass=wrong", server.url());
    assert_refused!(connect(&url).await.map(drop), StoreError::Unavailable(_));
}

#[tokio::test]
async fn a_server_that_becomes_unsafe_is_not_used() {
    let server = RedisServer::start(&[]);
    let store = connect(&server.url()).await.expect("it is safe");
    let sample = Sample::one_time();
    upload(&store, &sample).await;
    let configure = |settings: &[(&str, &str)]| {
        for (name, value) in settings {
            let mut set = cmd("CONFIG");
            let () = set
                .arg("SET")
                .arg(name)
                .arg(value)
                .query(&mut server.connection())
                .expect("allowed");
        }
    };
    configure(&[("maxmemory", "100mb"), ("maxmemory-policy", "allkeys-lru")]);
    for _ in 0..2 {
        assert_refused!(
            store.ready().await,
            StoreError::Unavailable(text) if text.contains("maxmemory-policy")
        );
        let claim = store.claim(sample.new.id, sample.new.access, token(), None).await;
        assert_refused!(claim, StoreError::Unavailable(text) if text.contains("maxmemory-policy"));
    }
    configure(&[("maxmemory-policy", "noeviction")]);
    store.ready().await.expect("it is safe again");
    let claim = store.claim(sample.new.id, sample.new.access, token(), None).await;
    claim.expect("nothing was spent");
}

#[tokio::test]
async fn a_killed_server_is_unavailable_at_once_and_used_again_when_it_is_back() {
    let mut server = RedisServer::start(&[]);
    let store = connect(&server.url()).await.expect("it is safe");
    let sample = Sample::one_time();
    upload(&store, &sample).await;
    for _ in 0..2 {
        server.kill();
        for _ in 0..3 {
            let started = Instant::now();
            let claim = store.claim(sample.new.id, sample.new.access, token(), None).await;
            assert_refused!(claim, StoreError::Unavailable(_));
            assert_refused!(store.ready().await, StoreError::Unavailable(_));
            assert!(started.elapsed() < QUICK);
        }
        server.run();
        store.ready().await.expect("it is back");
        let landing = store.landing(sample.new.id, sample.new.access).await.expect("it is live");
        assert_eq!(landing.views_left, Some(1));
    }
    let claim = store.claim(sample.new.id, sample.new.access, token(), None).await;
    claim.expect("nothing was spent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_between_two_requests_is_not_noticed() {
    let mut server = RedisServer::start(&[]);
    let store = connect(&server.url()).await.expect("it is safe");
    let sample = Sample::one_time();
    upload(&store, &sample).await;
    server.kill();
    server.run();
    store.landing(sample.new.id, sample.new.access).await.expect("it is live");
}

#[tokio::test]
async fn a_server_that_is_not_there_yet_is_waited_for() {
    let mut server = RedisServer::start(&[]);
    server.kill();
    let store = connect(&server.url()).await.expect("time may mend it");
    assert_refused!(store.ready().await, StoreError::Unavailable(_));
    server.run();
    upload(&store, &Sample::one_time()).await;
}

#[tokio::test]
async fn a_server_that_stalls_is_unavailable_within_seconds() {
    let server = RedisServer::start(&[]);
    let store = Arc::new(connect(&server.url()).await.expect("it is safe"));
    let sample = Sample::one_time();
    upload(&store, &sample).await;
    let pause = |millis: u32| {
        let mut pause = cmd("CLIENT");
        let () = pause.arg("PAUSE").arg(millis).query(&mut server.connection()).expect("allowed");
    };
    pause(60_000);
    let started = Instant::now();
    let asks = (0..8).map(|_| store.landing(sample.new.id, sample.new.access));
    for answer in futures_util::future::join_all(asks).await {
        assert_refused!(answer, StoreError::Unavailable(_));
    }
    assert_refused!(store.ready().await, StoreError::Unavailable(_));
    assert!(started.elapsed() < 2 * QUICK);
}

#[tokio::test]
async fn full_memory_refuses_only_what_takes_room() {
    let server = RedisServer::start(&[]);
    let store = connect(&server.url()).await.expect("it is safe");
    let [opened, twice, revoked, failed, burned] =
        [(); 5].map(|()| Sample::one_time().with_passphrase());
    let twice = twice.viewed(Some(2));
    let [staged, complete] = [(); 2].map(|()| Sample::with_plaintext(1_100_000));
    for sample in [&opened, &twice, &revoked, &failed, &burned, &staged, &complete] {
        store.create(sample.new.clone()).await.expect("it is new");
    }
    for n in [0, 1] {
        let part = complete.part(n);
        store.put_part(complete.new.id, complete.new.owner, n, part).await.expect("it fits");
    }
    let mut set = cmd("CONFIG");
    let () =
        set.arg("SET").arg("maxmemory").arg(1).query(&mut server.connection()).expect("allowed");
    // As after a restart: not even the scripts are known.
    let () = cmd("SCRIPT").arg("FLUSH").query(&mut server.connection()).expect("allowed");

    assert_refused!(store.create(Sample::one_time().new).await, StoreError::Full(Full::Engine));
    let new = Sample::with_plaintext(1_100_000).new;
    assert_refused!(store.create(new).await, StoreError::Full(Full::Engine));
    let put = store.put_part(staged.new.id, staged.new.owner, 0, staged.part(0)).await;
    assert_refused!(put, StoreError::Full(Full::Engine));

    store.ready().await.expect("it is safe");
    store.create(opened.new.clone()).await.expect("it is there already");
    for sample in [&opened, &twice] {
        let Sample { new, proof, .. } = sample;
        let claim = token();
        for _ in 0..2 {
            let answer = store.claim(new.id, new.access, claim, *proof).await;
            assert_eq!(answer.expect("a view is left").head, sample.body);
        }
        store.renew(new.id, claim).await.expect("the lease lasts");
        store.part(new.id, claim, 0).await.expect("the lease lasts");
        store.acknowledge(new.id, claim).await.expect("it was answered");
    }
    for (sample, tries) in [(&failed, 1), (&burned, 10)] {
        for n in 1..=tries {
            let wrong = store.claim(sample.new.id, sample.new.access, token(), Some(token())).await;
            assert_refused!(wrong, StoreError::WrongPassphrase { tries_left } if tries_left == 10 - n);
        }
    }
    let status = store.revoke(revoked.new.id, revoked.new.owner).await.expect("the owner may");
    assert_eq!(status.state, ShareState::Revoked);
    store.parts(staged.new.id, staged.new.owner).await.expect("known");
    let receipt = store.publish(complete.new.id, complete.new.owner).await.expect("all are there");
    assert_eq!(receipt.state, ShareState::Live);
    let claim = store.claim(complete.new.id, complete.new.access, token(), None).await;
    assert_eq!(claim.expect("it is live").head, complete.part(0));
}

#[tokio::test]
async fn a_lapsed_claim_leaves_no_parked_seal() {
    let bench = Engine::Redis.start().await;
    let sample = Sample::one_time();
    bench.create(&sample).await;
    let claim = token();
    bench.claim(&sample, claim).await.expect("a view is left");
    bench.advance(Duration::from_millis(LEASE));
    assert_refused!(bench.store().renew(sample.new.id, claim).await, StoreError::ClaimOver);
    assert!(!bench.holds(&sample));
}

#[tokio::test]
async fn the_parts_of_a_staged_share_hardly_outlive_it() {
    const HOUR: u64 = 60 * 60 * SECOND;
    const MINUTE: u64 = 60 * SECOND;
    let server = RedisServer::start(&[]);
    let store = connect(&server.url()).await.expect("it is safe");
    let sample = Sample::with_plaintext(3_100_000).viewed(Some(1));
    let new = &sample.new;
    let put = |n| store.put_part(new.id, new.owner, n, sample.part(n));
    let assert_renewed = || {
        for (key, ttl) in keys(&server, &sample) {
            let content = key.starts_with("part:") || key == "seal";
            assert_near(ttl, if content { HOUR + MINUTE } else { HOUR }, &key);
        }
    };
    let let_pass = |minutes: u64| {
        for (key, ttl) in keys(&server, &sample) {
            let key = format!("waxseal:{{{}}}:{key}", new.id.to_base64url());
            let left = ttl - i64::try_from(minutes * MINUTE).expect("a few minutes");
            let mut expire = cmd("PEXPIRE");
            let () = expire.arg(key).arg(left).query(&mut server.connection()).expect("allowed");
        }
    };
    store.create(new.clone()).await.expect("it is new");
    for n in [0, 1] {
        put(n).await.expect("it fits");
    }
    assert_renewed();
    let_pass(59);
    put(2).await.expect("it fits");
    assert_renewed();
    let_pass(59);
    store.parts(new.id, new.owner).await.expect("known");
    assert_renewed();
}
