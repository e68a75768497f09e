//! How long keys live.

use super::{DAY, LEASE, SECOND, assert_near, connect, deployment, keys, upload};
use crate::{
    bench::Hands,
    confirming::question,
    redis_server::RedisServer,
    sample::{Sample, token},
};
use redis::cmd;
use std::time::Duration;
use waxseal_core::wire::ShareState;
use waxseal_server::store::{
    AddressHash, Admission, Ask, Quota, Retention, Store, StoreError, redis::RedisStore,
};

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
async fn pending_content_lives_exactly_until_it_can_no_longer_be_confirmed() {
    const PENDING: u64 = 10 * 60 * SECOND;
    let server = RedisServer::start(&[]);
    let store = connect(&server.url()).await.expect("it is safe");
    for plaintext in [1024, 2_100_000] {
        let sample = Sample::with_plaintext(plaintext).expiring_in(2_592_000);
        let new = &sample.new;
        store.create(new.clone(), Admission::Pending).await.expect("it is new");
        if new.head.is_none() {
            for n in 0..new.size.parts() {
                store.put_part(new.id, new.owner, n, sample.part(n)).await.expect("it fits");
            }
            store.publish(new.id, new.owner, Admission::Pending).await.expect("all are there");
        }
        let all_live = |content: u64| {
            let keys = keys(&server, &sample);
            assert_eq!(keys.len() as u64, new.size.parts() + 2, "{keys:?}");
            for (key, ttl) in keys {
                let kept = if key == "record" { content + 7 * DAY } else { content };
                assert_near(ttl, kept, &key);
            }
        };
        all_live(PENDING);
        let ask = question();
        store.ask(new.id, new.owner, ask).await.expect("it is pending");
        all_live(PENDING);
        store.confirm(new.id, ask.token, ask.number).await.expect("it is pending");
        all_live(2_592_000 * SECOND);
        store.confirm(new.id, ask.token, ask.number).await.expect("it is the same");
        all_live(2_592_000 * SECOND);
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

    // And never longer than the share.
    let short = Sample::with_plaintext(1_100_000).viewed(Some(1)).expiring_in(3600);
    upload(&store, &short).await;
    let new = &short.new;
    store.claim(new.id, new.access, token(), None).await.expect("a view is left");
    for (key, ttl) in keys(&server, &short).into_iter().filter(|(key, _)| key.contains("part")) {
        assert_near(ttl, 3600 * SECOND, &key);
    }
}

#[tokio::test]
async fn an_opening_that_is_not_the_last_leaves_the_content_until_the_expiry() {
    let server = RedisServer::start(&[]);
    let store = connect(&server.url()).await.expect("it is safe");
    for views in [Some(2), None] {
        let sample = Sample::with_plaintext(1_100_000).viewed(views).expiring_in(2_592_000);
        upload(&store, &sample).await;
        let new = &sample.new;
        store.claim(new.id, new.access, token(), None).await.expect("a view is left");
        let content = |key: &str| key == "seal" || key.starts_with("part:");
        let found = keys(&server, &sample).into_iter().filter(|(key, _)| content(key));
        let found: Vec<_> = found.collect();
        assert_eq!(found.len(), 3, "{found:?}");
        for (key, ttl) in found {
            assert_near(ttl, 30 * DAY, &key);
        }
    }
}

/// Redis ends a lease by its own clock, too.
#[tokio::test]
async fn a_request_keeps_the_parked_seal_for_another_lease() {
    let server = RedisServer::start(&[]);
    let store = connect(&server.url()).await.expect("it is safe");
    let sample = Sample::one_time();
    upload(&store, &sample).await;
    let (new, claim) = (&sample.new, token());
    store.claim(new.id, new.access, claim, None).await.expect("a view is left");
    let parked = format!("claim:{}", claim.to_base64url());
    for call in ["part", "renew", "claim"] {
        let mut expire = cmd("PEXPIRE");
        expire.arg(format!("waxseal:{{{}}}:{parked}", new.id.to_base64url())).arg(LEASE / 2);
        let () = expire.query(&mut server.connection()).expect("allowed");
        let answer = match call {
            "part" => store.part(new.id, claim, 0).await.map(drop),
            "renew" => store.renew(new.id, claim).await.map(drop),
            _ => store.claim(new.id, new.access, claim, None).await.map(drop),
        };
        answer.expect("the lease lasts");
        let found = keys(&server, &sample).into_iter().find(|(key, _)| *key == parked);
        let (_, ttl) = found.expect("the lease lasts");
        assert_near(ttl, LEASE, call);
    }
}

/// Redis' clock may be ahead of the server's.
#[tokio::test]
async fn of_content_that_redis_ended_in_part_nothing_goes_live() {
    let server = RedisServer::start(&[]);
    let store = connect(&server.url()).await.expect("it is safe");
    for ended in ["seal", "part:0", "part:1"] {
        for confirmed in [false, true] {
            let sample = Sample::with_plaintext(1_100_000);
            let new = &sample.new;
            let admission = if confirmed { Admission::Pending } else { Admission::Live };
            store.create(new.clone(), admission).await.expect("it is new");
            for n in 0..new.size.parts() {
                store.put_part(new.id, new.owner, n, sample.part(n)).await.expect("it fits");
            }
            let ask = question();
            if confirmed {
                store.publish(new.id, new.owner, admission).await.expect("all are there");
                store.ask(new.id, new.owner, ask).await.expect("it is pending");
            }
            let mut del = cmd("DEL");
            del.arg(format!("waxseal:{{{}}}:{ended}", new.id.to_base64url()));
            let () = del.query(&mut server.connection()).expect("allowed");
            if confirmed {
                let outcome = store.confirm(new.id, ask.token, ask.number).await;
                assert_refused!(outcome, StoreError::Over { state: ShareState::Expired, .. });
            } else {
                let outcome = store.publish(new.id, new.owner, admission).await;
                assert_refused!(outcome, StoreError::PartsMissing);
            }
            let landing = store.landing(new.id, new.access).await;
            assert_refused!(landing, StoreError::Unknown);
        }
    }
}

/// Redis' clock may be ahead of the server's.
#[tokio::test]
async fn content_that_redis_ended_first_is_expired_and_spends_nothing() {
    let server = RedisServer::start(&[]);
    let store = connect(&server.url()).await.expect("it is safe");
    for ended in ["seal", "part:0"] {
        let sample = Sample::one_time();
        upload(&store, &sample).await;
        let new = &sample.new;
        let mut del = cmd("DEL");
        del.arg(format!("waxseal:{{{}}}:{ended}", new.id.to_base64url()));
        let () = del.query(&mut server.connection()).expect("allowed");
        let claimed = store.claim(new.id, new.access, token(), None).await;
        assert_refused!(claimed, StoreError::Over { state: ShareState::Expired, .. });
        let status = store.status(new.id, new.owner).await.expect("known");
        assert_eq!((status.views_left, status.opened_at.len()), (Some(1), 0), "{ended}");
    }
}

#[tokio::test]
async fn a_burned_share_keeps_no_seal_but_those_of_live_claims() {
    let server = RedisServer::start(&[]);
    let store = connect(&server.url()).await.expect("it is safe");
    let sample = Sample::one_time().viewed(Some(2)).with_passphrase();
    upload(&store, &sample).await;
    let (new, claim) = (&sample.new, token());
    store.claim(new.id, new.access, claim, sample.proof).await.expect("the proof is right");
    for _ in 0..10 {
        let wrong = store.claim(new.id, new.access, token(), Some(token())).await;
        assert_refused!(wrong, StoreError::WrongPassphrase { .. });
    }
    let found: Vec<String> = keys(&server, &sample).into_iter().map(|(key, _)| key).collect();
    let parked = format!("claim:{}", claim.to_base64url());
    assert_eq!(found, [parked.as_str(), "claims", "part:0", "record"]);
}

/// As many as `store/record.rs` has.
#[tokio::test]
async fn a_claim_that_made_room_leaves_no_parked_seal() {
    const KEPT: usize = 1100;
    let server = RedisServer::start(&[]);
    let store = connect(&server.url()).await.expect("it is safe");
    let sample = Sample::one_time().viewed(None);
    upload(&store, &sample).await;
    for _ in 0..=KEPT {
        let new = &sample.new;
        store.claim(new.id, new.access, token(), None).await.expect("views do not end");
    }
    let parked = keys(&server, &sample).into_iter().filter(|(key, _)| key.starts_with("claim:"));
    assert_eq!(parked.count(), KEPT);
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
            let is_shares = key.starts_with("waxseal:{") && key[9..].find("}:") == Some(22);
            assert!(is_shares || key.starts_with("waxseal:session:{"), "{key}");
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
    store.create(new.clone(), Admission::Live).await.expect("it is new");
    check("create staged");
    for n in [1, 0, 1] {
        store.put_part(new.id, new.owner, n, sample.part(n)).await.expect("it fits");
        check("put part");
    }
    store.parts(new.id, new.owner).await.expect("known");
    check("parts");
    for _ in 0..2 {
        store.publish(new.id, new.owner, Admission::Live).await.expect("all are there");
        check("publish");
    }
    store.status(new.id, new.owner).await.expect("known");
    let claim = token();
    store.claim(new.id, new.access, claim, None).await.expect("a view is left");
    check("claim");
    store.revoke(new.id, new.owner).await.expect("the owner may");
    check("revoke");

    for way in 0..4 {
        let sample = Sample::one_time();
        let new = &sample.new;
        store.create(new.clone(), Admission::Pending).await.expect("it is new");
        check("create pending");
        let ask = Ask { session_of: Some(AddressHash::from_bytes([5; 32])), ..question() };
        for _ in 0..2 {
            store.ask(new.id, new.owner, ask).await.expect("it is pending");
            check("ask");
        }
        let wrong = 7.try_into().expect("two digits");
        for n in 0..way {
            assert!(store.confirm(new.id, ask.token, wrong).await.is_err());
            check(if n < 2 { "a wrong number" } else { "the last wrong number" });
        }
        if way == 2 {
            store.deny(new.id, ask.token).await.expect("it is pending");
            check("deny");
        } else if way < 2 {
            store.confirm(new.id, ask.token, ask.number).await.expect("it is pending");
            check("confirm");
            let length = Duration::from_secs(60);
            let begun = store.begin_session(new.id, new.owner, token(), length).await;
            assert!(begun.expect("known").is_some());
            check("begin a session");
        }
    }
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
    let assert_renewed = |parts: usize| {
        let found = keys(&server, &sample);
        assert_eq!(found.len(), parts + 3, "{found:?}");
        for (key, ttl) in found {
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
    store.create(new.clone(), Admission::Live).await.expect("it is new");
    put(0).await.expect("it fits");
    assert_renewed(1);
    let_pass(59);
    store.parts(new.id, new.owner).await.expect("known");
    assert_renewed(1);
    put(1).await.expect("it fits");
    let_pass(59);
    put(2).await.expect("it fits");
    assert_renewed(3);
    let_pass(59);
    store.parts(new.id, new.owner).await.expect("known");
    assert_renewed(3);
}

/// However often an upload is asked about.
#[tokio::test]
async fn a_part_lives_a_day_at_most_before_it_is_published() {
    const MINUTE: u64 = 60 * SECOND;
    let (server, clock) = (RedisServer::start(&[]), Hands::new());
    let (retention, quota) = (Retention::default(), Quota::default());
    let deployment = deployment(&server.url());
    let store = RedisStore::connect(&deployment, retention, quota, clock.clone()).await;
    let store = store.expect("it is safe");
    let sample = Sample::with_plaintext(1_100_000).viewed(Some(1));
    let new = &sample.new;
    store.create(new.clone(), Admission::Live).await.expect("it is new");
    store.put_part(new.id, new.owner, 1, sample.part(1)).await.expect("it fits");
    for _ in 0..28 {
        clock.advance(Duration::from_secs(50 * 60));
        store.parts(new.id, new.owner).await.expect("known");
    }
    // Redis' own clock went on, too.
    let mut expire = cmd("PEXPIRE");
    expire.arg(format!("waxseal:{{{}}}:part:1", new.id.to_base64url())).arg(10 * MINUTE);
    let () = expire.query(&mut server.connection()).expect("allowed");
    store.parts(new.id, new.owner).await.expect("known");
    let found = keys(&server, &sample).into_iter().find(|(key, _)| key == "part:1");
    assert_near(found.expect("it is there").1, DAY - 28 * 50 * MINUTE, "part:1");
    let stored = async || store.parts(new.id, new.owner).await.expect("known").1;
    clock.advance(Duration::from_millis(DAY - 28 * 50 * MINUTE - 1));
    assert_eq!(stored().await, [1]);
    clock.advance(Duration::from_millis(1));
    assert!(stored().await.is_empty());
}
