//! Redis goes and comes back.

use super::{connect, upload};
use crate::{
    redis_server::RedisServer,
    sample::{Sample, token},
};
use redis::cmd;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use waxseal_server::store::{Reason, Store, StoreError};

/// What a request may take when Redis is not there.
const QUICK: Duration = Duration::from_secs(4);

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
            assert_refused!(store.ready().await, away if away.reason == Reason::Unreachable);
            assert!(started.elapsed() < QUICK);
        }
        assert!(server.run());
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
    assert!(server.run());
    store.landing(sample.new.id, sample.new.access).await.expect("it is live");
}

#[tokio::test]
async fn a_server_that_is_not_there_yet_is_waited_for() {
    let mut server = RedisServer::start(&[]);
    server.kill();
    let store = connect(&server.url()).await.expect("time may mend it");
    assert_refused!(store.ready().await, away if away.reason == Reason::Unreachable);
    assert!(server.run());
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
    assert_refused!(store.ready().await, away if away.reason == Reason::Unreachable);
    assert!(started.elapsed() < 2 * QUICK);
}
