//! How much a network may do, counted in Redis.

use super::{assert_near, deployment};
use crate::{bench::Hands, redis_server::RedisServer};
use redis::cmd;
use std::{net::IpAddr, sync::Arc, time::Duration};
use waxseal_server::{
    network::Network,
    store::{Charge, Quota, Rate, Retention, Store, StoreError, redis::RedisStore},
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
