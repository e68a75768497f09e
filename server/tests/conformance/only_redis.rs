//! What only the engine for Redis does.

mod acl;
mod cluster;
mod ledger;
mod lifetimes;
mod memory;
mod outages;
mod parts;
mod rates;
mod replicas;
mod safety;
mod servers;
mod tls;

use crate::{bench::Hands, redis_server::RedisServer, sample::Sample};
use redis::cmd;
use waxseal_server::store::{
    Admission, Quota, Retention, Store, StoreError,
    redis::{Deployment, RedisStore},
};

const SECOND: u64 = 1000;
const LEASE: u64 = 15 * 60 * SECOND;
const DAY: u64 = 24 * 60 * 60 * SECOND;

/// Between what a test asks and what Redis has counted down since.
const SLACK: u64 = 2 * SECOND;

async fn connect(url: &str) -> Result<RedisStore, StoreError> {
    connect_to(&deployment(url)).await
}

async fn connect_to(deployment: &Deployment) -> Result<RedisStore, StoreError> {
    RedisStore::connect(deployment, Retention::default(), Quota::default(), Hands::new()).await
}

fn deployment(url: &str) -> Deployment {
    url.parse().expect("an address")
}

async fn upload(store: &RedisStore, sample: &Sample) {
    store.create(sample.new.clone(), Admission::Live).await.expect("it is new");
    if sample.new.head.is_none() {
        for n in 0..sample.new.size.parts() {
            let part = sample.part(n);
            store.put_part(sample.new.id, sample.new.owner, n, part).await.expect("it fits");
        }
        store
            .publish(sample.new.id, sample.new.owner, Admission::Live)
            .await
            .expect("all parts are there");
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
