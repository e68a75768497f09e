//! On a Redis Cluster.

use super::{connect, connect_to, deployment, upload};
use crate::{
    bench::PATIENCE,
    redis_cluster::{Cluster, listening},
    sample::{Sample, token},
};
use redis::cmd;
use std::time::Instant;
use waxseal_core::wire::ShareState;
use waxseal_server::store::{Reason, Store, StoreError, redis::RedisStore};

/// As many statuses as one request asks for.
const MANY: usize = 200;

/// A share that one master has.
async fn share_on(cluster: &Cluster, master: usize, store: &RedisStore) -> Sample {
    loop {
        let sample = Sample::one_time();
        if cluster.master_of(slot(cluster, &sample)) == master {
            upload(store, &sample).await;
            return sample;
        }
    }
}

fn slot(cluster: &Cluster, sample: &Sample) -> usize {
    let key = format!("waxseal:{{{}}}:record", sample.new.id.to_base64url());
    cluster.ask(0, cmd("CLUSTER").arg("KEYSLOT").arg(key))
}

async fn claim(store: &RedisStore, sample: &Sample) -> Result<(), StoreError> {
    let answer = store.claim(sample.new.id, sample.new.access, token(), None).await?;
    assert_eq!(answer.head, sample.body);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statuses_come_from_all_masters_in_the_order_asked() {
    let cluster = Cluster::start(false);
    let store = connect(&cluster.url()).await.expect("it is safe");
    let samples: Vec<Sample> = (0..MANY).map(|_| Sample::one_time()).collect();
    for (n, sample) in samples.iter().enumerate() {
        upload(&store, sample).await;
        if n % 3 == 0 {
            claim(&store, sample).await.expect("a view is left");
        }
    }
    for n in 0..3 {
        assert_ne!(cluster.ask::<u64>(n, &mut cmd("DBSIZE")), 0, "node {n} has none of them");
    }
    let asked = samples.iter().map(|sample| (sample.new.id, sample.new.owner)).collect();
    let answers = store.statuses(asked).await.expect("all masters answer");
    for (n, (answer, sample)) in answers.into_iter().zip(samples).enumerate() {
        let status = answer.expect("the owner may know");
        let state = if n % 3 == 0 { ShareState::Opened } else { ShareState::Live };
        assert_eq!((status.id, status.state), (sample.new.id, state));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_restarted_is_examined_and_knows_the_scripts_again() {
    let mut cluster = Cluster::start(false);
    let store = connect(&cluster.url()).await.expect("it is safe");
    let [first, second] = [1, 2].map(async |n| share_on(&cluster, n, &store).await);
    let (first, second) = (first.await, second.await);
    cluster.node_mut(2).kill();
    assert_refused!(claim(&store, &second).await, StoreError::Unavailable(_));
    assert!(cluster.node_mut(2).run());
    cluster.wait_until_whole();
    let deadline = Instant::now() + PATIENCE;
    while let Err(error) = claim(&store, &second).await {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        assert!(Instant::now() < deadline, "it does not come back: {error:?}");
    }

    let unsafe_now = share_on(&cluster, 2, &store).await;
    for (name, value) in [("maxmemory", "100mb"), ("maxmemory-policy", "allkeys-lru")] {
        let () = cluster.ask(2, cmd("CONFIG").arg("SET").arg(name).arg(value));
    }
    let _: u64 = cluster.ask(2, cmd("CLIENT").arg("KILL").arg("TYPE").arg("normal"));
    let deadline = Instant::now() + PATIENCE;
    loop {
        match claim(&store, &unsafe_now).await {
            Err(StoreError::Unavailable(text)) if text.contains("maxmemory-policy") => break,
            Err(StoreError::Unavailable(text)) => {
                assert!(Instant::now() < deadline, "it does not come back: {text}");
            }
            other => panic!("an unsafe server was used: {other:?}"),
        }
    }
    // The whole is what is looked at when a connection is made: there is no other Cluster.
    for _ in 0..2 {
        let refused = claim(&store, &first).await;
        assert_refused!(refused, StoreError::Unavailable(text) if text.contains("maxmemory-policy"));
    }
    let () = cluster.ask(2, cmd("CONFIG").arg("SET").arg("maxmemory-policy").arg("noeviction"));
    for sample in [&first, &unsafe_now] {
        claim(&store, sample).await.expect("nothing was spent");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_master_is_examined() {
    let cluster = Cluster::start(false);
    let store = connect(&cluster.url()).await.expect("it is safe");
    let configure = |n, name: &str, value: &str| {
        let () = cluster.ask(n, cmd("CONFIG").arg("SET").arg(name).arg(value));
    };
    for n in 0..3 {
        configure(n, "maxmemory", "100mb");
        configure(n, "maxmemory-policy", "volatile-ttl");
        let refused = connect(&cluster.url()).await.map(drop);
        assert_refused!(
            refused, StoreError::Unavailable(text) if text.contains("maxmemory-policy")
        );
        let reason = Reason::Unsafe(Some("maxmemory-policy"));
        assert_refused!(store.ready().await, unready if unready.reason == reason);
        configure(n, "maxmemory-policy", "noeviction");
        store.ready().await.expect("it is safe again");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_lets_us_in_no_more_is_named_as_that() {
    let cluster = Cluster::start(false);
    let store = connect(&cluster.url()).await.expect("it is safe");
    let set_user = |rule: &str| {
        let () = cluster.ask(1, cmd("ACL").arg("SETUSER").arg("default").arg(rule));
    };
    set_user("-info");
    assert_refused!(store.ready().await, away if away.reason == Reason::Denied);
    // Asked anew, and connected to anew.
    assert_refused!(store.ready().await, away if away.reason == Reason::Denied);
    set_user("+info");
    store.ready().await.expect("it is allowed again");
}

#[tokio::test]
async fn an_address_of_the_other_kind_is_refused() {
    let cluster = Cluster::start(false);
    let (_single, port) = listening(&[]);
    let address = format!("redis://127.0.0.1:{}", cluster.port(0));
    let refused = connect(&address).await.map(drop);
    assert_refused!(refused, StoreError::Unavailable(text) if text.contains("redis+cluster://"));
    let address = format!("redis+cluster://127.0.0.1:{port}");
    let store = connect(&address).await.expect("it may become one");
    assert_refused!(
        store.ready().await, unready if unready.cause.contains("cluster support disabled")
    );
}

/// A script that finds one key here and another gone ahead would be stopped in the middle.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_share_that_moves_to_another_node_is_left_alone_meanwhile() {
    let cluster = Cluster::start(false);
    let store = connect(&cluster.url()).await.expect("it is safe");
    let sample = share_on(&cluster, 0, &store).await;
    let slot = slot(&cluster, &sample);
    let set = |n: usize, state: &str, other: usize| {
        let mut set = cmd("CLUSTER");
        set.arg("SETSLOT").arg(slot).arg(state).arg(cluster.id(other));
        let () = cluster.ask(n, &mut set);
    };
    set(1, "IMPORTING", 0);
    set(0, "MIGRATING", 1);
    let keys: Vec<String> = cluster.ask(0, cmd("CLUSTER").arg("GETKEYSINSLOT").arg(slot).arg(100));
    assert_eq!(keys.len(), 3, "record, seal and part: {keys:?}");
    // With none, one, two and three of them gone.
    for key in [None].into_iter().chain(keys.iter().map(Some)) {
        if let Some(key) = key {
            let mut migrate = cmd("MIGRATE");
            migrate.arg("127.0.0.1").arg(cluster.port(1)).arg(key).arg(0).arg(5000);
            let () = cluster.ask(0, &mut migrate);
        }
        let refused = claim(&store, &sample).await;
        assert_refused!(refused, StoreError::Unavailable(text) if text.contains("TryAgain"));
        let refused = store.revoke(sample.new.id, sample.new.owner).await;
        assert_refused!(refused, StoreError::Unavailable(text) if text.contains("TryAgain"));
        let status = store.status(sample.new.id, sample.new.owner).await.expect("it is there");
        assert_eq!((status.state, status.opened_at.len()), (ShareState::Live, 0));
    }
    for n in [1, 0, 2] {
        set(n, "NODE", 1);
    }
    claim(&store, &sample).await.expect("nothing was spent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_takes_the_place_of_its_master_with_all_that_was_answered() {
    let mut cluster = Cluster::start(true);
    let deployment = deployment(&cluster.url()).with_replicas(1);
    let store = connect_to(&deployment).await.expect("it is safe");
    let opened = share_on(&cluster, 0, &store).await;
    let waiting = share_on(&cluster, 0, &store).await;
    let kept = token();
    store.claim(opened.new.id, opened.new.access, kept, None).await.expect("a view is left");
    cluster.node_mut(0).kill();
    let deadline = Instant::now() + PATIENCE;
    // The new master alone is not enough: it has no replica yet.
    let short = |text: &str| text.contains("0 of 1 replicas");
    loop {
        match claim(&store, &waiting).await {
            Err(StoreError::Unavailable(text)) if short(&text) => break,
            Err(StoreError::Unavailable(text)) => {
                assert!(Instant::now() < deadline, "no other takes its place: {text}");
            }
            other => panic!("it was not replicated: {other:?}"),
        }
    }
    assert!(cluster.node_mut(0).run());
    let deadline = Instant::now() + PATIENCE;
    let other = loop {
        match store.claim(opened.new.id, opened.new.access, token(), None).await {
            Err(StoreError::Unavailable(text)) => {
                assert!(Instant::now() < deadline, "the old master is no replica: {text}");
            }
            other => break other,
        }
    };
    assert_refused!(other, StoreError::Over { state: ShareState::Opened, .. });
    let again = store.claim(opened.new.id, opened.new.access, kept, None).await;
    assert_eq!(again.expect("its lease lasts").head, opened.body);
}
