//! How much a network may do, counted in Redis.

use super::{assert_near, deployment};
use crate::{
    bench::Hands,
    redis_server::RedisServer,
    sample::{Sample, token},
};
use redis::cmd;
use std::{net::IpAddr, sync::Arc, time::Duration};
use waxseal_server::{
    network::Network,
    store::{
        Admission, Charge, Quota, Rate, Retention, Store, StoreError, Toll, redis::RedisStore,
    },
};

#[tokio::test]
async fn servers_on_the_same_redis_count_together_and_keep_no_address() {
    let server = RedisServer::start(&[]);
    let clock = Hands::new();
    let connect = async || {
        let (retention, quota) = (Retention::default(), Quota::default());
        let clock = Arc::clone(&clock);
        let server = deployment(&server.url());
        RedisStore::connect(&server, retention, quota, clock).await.expect("it is safe")
    };
    let (one, other) = (connect().await, connect().await);
    let address = "192.0.2.123";
    let network = Network::from(address.parse::<IpAddr>().expect(address));
    let of_four = |rate| Charge::new(rate, 1, 4).expect("it is limited");
    for store in [&one, &other, &one, &other] {
        store
            .charge(network.into(), &[of_four(Rate::Creations), of_four(Rate::Bytes)])
            .await
            .expect("there are four");
    }
    for store in [&one, &other] {
        let fifth = store.charge(network.into(), &[of_four(Rate::Bytes)]).await;
        assert_refused!(fifth, StoreError::TooMany { wait } if wait == Duration::from_secs(900));
    }
    one.charge(network.into(), &[of_four(Rate::Openings)]).await.expect("the first of these");

    let mut connection = server.connection();
    let keys: Vec<String> = cmd("KEYS").arg("*").query(&mut connection).expect("it answers");
    assert_eq!(keys.len(), 3, "{keys:?}");
    for key in &keys {
        assert!(key.starts_with("waxseal:rate:{") && !key.contains(address), "{key}");
        let left = cmd("PTTL").arg(key).query(&mut connection).expect("it answers");
        let hours = if key.ends_with(":openings") { 0.25 } else { 1.0 };
        assert_near(left, (hours * 3_600_000.0) as u64, key);
        let value: String = cmd("GET").arg(key).query(&mut connection).expect("it answers");
        assert!(value.bytes().all(|byte| byte.is_ascii_digit()), "{value}");
    }
}

/// With an account of what is stored, and without.
#[tokio::test]
async fn a_server_counts_alone_while_redis_cannot() {
    let stored = Some(u64::MAX >> 12);
    for quota in [Quota::default(), Quota { stored, ..Quota::default() }] {
        counts_alone_while_redis_cannot(quota).await;
    }
}

async fn counts_alone_while_redis_cannot(quota: Quota) {
    let mut server = RedisServer::start(&[]);
    let deployment = deployment(&server.url());
    let store = RedisStore::connect(&deployment, Retention::default(), quota, Hands::new())
        .await
        .expect("it is safe");
    let sample = Sample::one_time().viewed(None);
    let toll = |rate, address: &str| {
        let network = Network::from(address.parse::<IpAddr>().expect(address));
        let charges = vec![Charge::new(rate, 1, 2).expect("it is limited")];
        Toll { whose: network.into(), charges }
    };
    let claim = async |address| {
        let new = &sample.new;
        store.claim_charged(toll(Rate::Openings, address), new.id, new.access, token(), None).await
    };
    let create = async |new, address| {
        store.create_charged(toll(Rate::Creations, address), new, Admission::Live).await
    };
    create(sample.new.clone(), "192.0.2.1").await.expect("it is new");

    let () = cmd("CONFIG")
        .arg(&["SET", "maxmemory", "1"])
        .query(&mut server.connection())
        .expect("allowed");
    for _ in 0..2 {
        claim("192.0.2.2").await.expect("what is there can be opened");
        let new = Sample::one_time().new;
        assert_refused!(create(new, "192.0.2.2").await, StoreError::Full(_));
    }
    assert_refused!(claim("192.0.2.2").await, StoreError::TooMany { .. });
    let new = Sample::one_time().new;
    assert_refused!(create(new, "192.0.2.2").await, StoreError::TooMany { .. });

    server.kill();
    for _ in 0..2 {
        assert_refused!(claim("192.0.2.3").await, StoreError::Unavailable(_));
        let new = Sample::one_time().new;
        assert_refused!(create(new, "192.0.2.3").await, StoreError::Unavailable(_));
    }
    assert_refused!(claim("192.0.2.3").await, StoreError::TooMany { .. });
    let new = Sample::one_time().new;
    assert_refused!(create(new, "192.0.2.3").await, StoreError::TooMany { .. });

    assert!(server.run());
    store.ready().await.expect("it is back");
    for address in ["192.0.2.2", "192.0.2.3"] {
        claim(address).await.expect("Redis has not heard of these");
    }
}
