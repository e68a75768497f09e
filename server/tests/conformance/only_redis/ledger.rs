//! What all shares together take, noted in Redis where a quota is set.

use super::{DAY, assert_near, connect, deployment, keys, upload};
use crate::{
    bench::{Hands, PATIENCE},
    redis_server::RedisServer,
    sample::{Sample, token},
};
use redis::cmd;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use waxseal_server::store::{
    Admission, Full, Quota, Retention, Store, StoreError, redis::RedisStore,
};

const LEDGER: &str = "waxseal:{ledger}:*";
const ENDS: &str = "waxseal:{ledger}:stored:ends";
const BYTES: &str = "waxseal:{ledger}:stored:bytes";

fn ledger(server: &RedisServer) -> Vec<String> {
    cmd("KEYS").arg(LEDGER).query(&mut server.connection()).expect("it answers")
}

async fn connect_within(server: &RedisServer, clock: &Arc<Hands>, stored: u64) -> RedisStore {
    let quota = Quota { stored: Some(stored), ..Quota::default() };
    let clock = Arc::clone(clock);
    RedisStore::connect(&deployment(&server.url()), Retention::default(), quota, clock)
        .await
        .expect("it is safe")
}

#[tokio::test]
async fn servers_on_the_same_redis_keep_one_ledger_which_ends_with_the_shares() {
    let server = RedisServer::start(&[]);
    let clock = Hands::new();
    let sample = Sample::with_plaintext(1_100_000).viewed(Some(1));
    let size = sample.new.size.get();
    let one = connect_within(&server, &clock, size).await;
    let other = connect_within(&server, &clock, size).await;
    upload(&one, &sample).await;
    let refused = other.create(Sample::one_time().new, Admission::Live).await;
    assert_refused!(refused, StoreError::Full(Full::Stored));
    let kept = ledger(&server);
    assert_eq!(kept.len(), 2, "{kept:?}");
    for key in kept {
        let ttl = cmd("PTTL").arg(&key).query(&mut server.connection()).expect("it answers");
        assert_near(ttl, DAY, &key);
    }
    other.revoke(sample.new.id, sample.new.owner).await.expect("the owner may");
    assert!(ledger(&server).is_empty());
    upload(&one, &Sample::one_time()).await;
}

#[tokio::test]
async fn asking_for_the_parts_of_an_upload_gives_no_room_back() {
    let server = RedisServer::start(&[]);
    let sample = Sample::with_plaintext(1_100_000).viewed(Some(1));
    let (id, owner) = (sample.new.id, sample.new.owner);
    let store = connect_within(&server, &Hands::new(), sample.new.size.get()).await;
    store.create(sample.new.clone(), Admission::Live).await.expect("it is new");
    for n in [0, 1] {
        store.put_part(id, owner, n, sample.part(n)).await.expect("it fits");
    }
    store.parts(id, owner).await.expect("known");
    let refused = store.create(Sample::one_time().new, Admission::Live).await;
    assert_refused!(refused, StoreError::Full(Full::Stored));
}

#[tokio::test]
async fn an_opened_share_takes_room_for_a_day_at_most() {
    let server = RedisServer::start(&[]);
    let clock = Hands::new();
    let Sample { new, .. } = Sample::one_time().expiring_in(2_592_000);
    let store = connect_within(&server, &clock, new.size.get()).await;
    store.create(new.clone(), Admission::Live).await.expect("it is new");
    store.claim(new.id, new.access, token(), None).await.expect("a view is left");
    let other = Sample::one_time().new;
    clock.advance(Duration::from_millis(DAY - 1));
    assert_refused!(
        store.create(other.clone(), Admission::Live).await,
        StoreError::Full(Full::Stored)
    );
    clock.advance(Duration::from_millis(1));
    store.create(other, Admission::Live).await.expect("there is room");
}

#[tokio::test]
async fn without_a_quota_there_is_no_ledger() {
    let server = RedisServer::start(&[]);
    let store = connect(&server.url()).await.expect("it is safe");
    upload(&store, &Sample::with_plaintext(1_100_000)).await;
    assert!(ledger(&server).is_empty());
}

/// What a crash leaves that comes after the content went, and before that is noted.
#[tokio::test]
async fn what_the_ledger_was_not_told_counts_until_the_share_would_have_ended() {
    let server = RedisServer::start(&[]);
    let clock = Hands::new();
    let sample = Sample::one_time();
    let store = connect_within(&server, &clock, sample.new.size.get()).await;
    upload(&store, &sample).await;
    for (key, _) in keys(&server, &sample) {
        let key = format!("waxseal:{{{}}}:{key}", sample.new.id.to_base64url());
        let () = cmd("DEL").arg(key).query(&mut server.connection()).expect("allowed");
    }
    let new = Sample::one_time().new;
    clock.advance(Duration::from_millis(DAY - 1));
    assert_refused!(
        store.create(new.clone(), Admission::Live).await,
        StoreError::Full(Full::Stored)
    );
    clock.advance(Duration::from_millis(1));
    store.create(new, Admission::Live).await.expect("there is room");
    let entries: u64 = cmd("ZCARD").arg(ENDS).query(&mut server.connection()).expect("it answers");
    assert_eq!(entries, 1, "what has ended is not kept");
}

#[tokio::test]
async fn room_comes_back_with_each_share_that_ends() {
    let server = RedisServer::start(&[]);
    let clock = Hands::new();
    let brief = Sample::one_time().expiring_in(3600);
    let long = [(); 4].map(|()| Sample::one_time().expiring_in(2_592_000));
    let size = brief.new.size.get();
    let store = connect_within(&server, &clock, 3 * size).await;
    for sample in [&brief, &long[0], &long[1]] {
        upload(&store, sample).await;
    }
    clock.advance(Duration::from_secs(3600));
    upload(&store, &long[2]).await;
    let refused = store.create(long[3].new.clone(), Admission::Live).await;
    assert_refused!(refused, StoreError::Full(Full::Stored));
    store.revoke(long[0].new.id, long[0].new.owner).await.expect("the owner may");
    let entries: u64 = cmd("HLEN").arg(BYTES).query(&mut server.connection()).expect("it answers");
    assert_eq!(entries, 3, "two shares, and their sum");
}

/// One of the two may be gone a moment before the other, by Redis' clock.
#[tokio::test]
async fn what_has_no_end_is_not_counted() {
    let server = RedisServer::start(&[]);
    let sample = Sample::one_time();
    let store = connect_within(&server, &Hands::new(), sample.new.size.get()).await;
    upload(&store, &sample).await;
    let gone: u64 = cmd("DEL").arg(ENDS).query(&mut server.connection()).expect("allowed");
    assert_eq!(gone, 1);
    store.create(Sample::one_time().new, Admission::Live).await.expect("there is room");
}

#[tokio::test]
async fn full_memory_does_not_keep_the_ledger_from_giving_room_back() {
    let server = RedisServer::start(&[]);
    let clock = Hands::new();
    let sample = Sample::with_plaintext(1_100_000).viewed(Some(1));
    let store = connect_within(&server, &clock, sample.new.size.get()).await;
    upload(&store, &sample).await;
    let limit = |bytes: u32| {
        let mut set = cmd("CONFIG");
        set.arg("SET").arg("maxmemory").arg(bytes);
        let () = set.query(&mut server.connection()).expect("allowed");
    };
    limit(1);
    assert_refused!(
        store.create(Sample::one_time().new, Admission::Live).await,
        StoreError::Full(_)
    );
    let claim = token();
    let new = &sample.new;
    store.claim(new.id, new.access, claim, None).await.expect("a view is left");
    store.acknowledge(new.id, claim).await.expect("it was answered");
    assert!(ledger(&server).is_empty());
    limit(0);
    upload(&store, &Sample::with_plaintext(1_100_000)).await;
}

/// A handler is dropped where it waits when its client is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_given_up_halfway_leaves_the_account_right() {
    let server = RedisServer::start(&[]);
    let store = Arc::new(connect_within(&server, &Hands::new(), u64::MAX >> 12).await);
    for polls in 1..6 {
        let [small, large] =
            [Sample::one_time(), Sample::with_plaintext(1_100_000).viewed(Some(1))];
        let (id, owner) = (large.new.id, large.new.owner);
        give_up(store.create(small.new.clone(), Admission::Live), polls).await;
        until_noted(&server, small.new.size.get()).await;
        store.create(large.new.clone(), Admission::Live).await.expect("it is new");
        let part = large.part(1).len() as u64;
        give_up(store.put_part(id, owner, 1, large.part(1)), polls).await;
        until_noted(&server, small.new.size.get() + part).await;
        let refused = store.put_part(id, token(), 0, large.part(0));
        give_up(refused, polls).await;
        until_noted(&server, small.new.size.get() + part).await;
        give_up(store.revoke(small.new.id, small.new.owner), polls).await;
        until_noted(&server, part).await;
        give_up(store.revoke(id, owner), polls).await;
        until_noted(&server, 0).await;
    }
}

/// Polls a call so many times, as answers come, and drops it.
async fn give_up<T>(call: impl Future<Output = T>, polls: usize) {
    let mut call = std::pin::pin!(call);
    let mut polled = 0;
    std::future::poll_fn(|context| {
        polled += 1;
        if call.as_mut().poll(context).is_ready() || polled >= polls {
            return std::task::Poll::Ready(());
        }
        std::task::Poll::Pending
    })
    .await;
}

/// Waits until the ledger has noted so many bytes.
async fn until_noted(server: &RedisServer, bytes: u64) {
    let deadline = Instant::now() + PATIENCE;
    let sum = || {
        let mut get = cmd("HGET");
        get.arg("waxseal:{ledger}:stored:bytes").arg("");
        let sum: Option<u64> = get.query(&mut server.connection()).expect("it answers");
        sum.unwrap_or(0)
    };
    while sum() != bytes {
        assert!(Instant::now() < deadline, "{} are noted instead of {bytes}", sum());
        tokio::task::yield_now().await;
    }
}
