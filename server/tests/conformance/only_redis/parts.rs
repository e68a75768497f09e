//! How parts get to Redis.

use super::{connect, keys};
use crate::{
    redis_server::RedisServer,
    sample::{Sample, token},
};
use futures_util::future::join_all;
use redis::cmd;
use waxseal_server::store::{Admission, Store, StoreError};

/// Of one share, over as many connections as there are servers.
#[tokio::test]
async fn parts_that_arrive_at_once_are_not_taken_for_each_other() {
    let server = RedisServer::start(&[]);
    let mut stores = Vec::new();
    for _ in 0..4 {
        stores.push(connect(&server.url()).await.expect("it is safe"));
    }
    let sample = Sample::with_plaintext(16_000_000);
    let (id, access, owner) = (sample.new.id, sample.new.access, sample.new.owner);
    stores[0].create(sample.new.clone(), Admission::Live).await.expect("it is new");
    let parts = 0..sample.new.size.parts();
    let sent = parts.clone().zip(stores.iter().cycle()).map(|(n, store)| {
        let part = sample.part(n);
        async move { store.put_part(id, owner, n, part).await }
    });
    for taken in join_all(sent).await {
        taken.expect("it fits");
    }
    stores[0].publish(id, owner, Admission::Live).await.expect("all parts are there");
    let claim = token();
    stores[0].claim(id, access, claim, None).await.expect("a view is left");
    for n in parts {
        let part = stores[0].part(id, claim, n).await.expect("the lease lasts");
        let sent = if n == 0 { sample.part_0() } else { sample.part(n) };
        assert!(part.whole().await.expect("it is there") == sent, "part {n}");
    }
}

/// A part goes to Redis ahead of the script that takes it, which is asked about after that.
#[tokio::test]
async fn a_part_that_is_not_taken_leaves_nothing_and_a_strangers_does_not_get_there() {
    let server = RedisServer::start(&[]);
    let store = connect(&server.url()).await.expect("it is safe");
    let sample = Sample::with_plaintext(1_100_000);
    let (id, owner) = (sample.new.id, sample.new.owner);
    store.create(sample.new.clone(), Admission::Live).await.expect("it is new");
    let names = || keys(&server, &sample).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let received = || {
        let info: redis::InfoDict =
            cmd("INFO").arg("stats").query(&mut server.connection()).expect("it answers");
        info.get::<usize>("total_net_input_bytes").expect("it counts them")
    };

    let before = received();
    let strangers = store.put_part(id, token(), 1, sample.part(1)).await;
    assert_refused!(strangers, StoreError::Unknown);
    let elsewhere = store.put_part(Sample::one_time().new.id, owner, 0, sample.part(0)).await;
    assert_refused!(elsewhere, StoreError::Unknown);
    assert!(received() - before < 10_000, "less than a part has arrived");

    let wrong = store.put_part(id, owner, 2, sample.part(1)).await;
    assert_refused!(wrong, StoreError::WrongPart);
    assert_eq!(names(), ["record"]);
    for _ in 0..2 {
        store.put_part(id, owner, 1, sample.part(1)).await.expect("it fits");
    }
    assert_eq!(names(), ["part:1", "record", "staged"]);
}
