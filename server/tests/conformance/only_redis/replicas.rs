//! Answers that wait for replicas.

use super::{connect_to, deployment, upload};
use crate::{
    bench::PATIENCE,
    confirming::question,
    redis_cluster::listening,
    redis_server::RedisServer,
    sample::{Sample, token},
};
use futures_util::future::join_all;
use redis::cmd;
use std::{process::Command, time::Instant};
use waxseal_core::wire::ShareState;
use waxseal_server::store::{
    Admission, NewShare, Reason, Store, StoreError, Unready,
    redis::{Deployment, RedisStore},
};

/// It waits for no second replica, and sends nothing of its own accord.
const QUIET: [&str; 4] = ["--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "3600"];

/// A master and its replica.
struct Pair {
    master: RedisServer,
    replica: RedisServer,
}

impl Pair {
    fn start() -> Self {
        let (master, port) = listening(&QUIET);
        let replica = RedisServer::start(&["--replicaof", "127.0.0.1", &port.to_string()]);
        let pair = Self { master, replica };
        pair.wait_for_the_replica();
        pair
    }

    fn wait_for_the_replica(&self) {
        let deadline = Instant::now() + PATIENCE;
        while !info(&self.replica).contains("master_link_status:up") {
            assert!(Instant::now() < deadline, "the replica does not get in step");
            std::thread::yield_now();
        }
    }

    fn deployment(&self) -> Deployment {
        deployment(&self.master.url()).with_replicas(1)
    }

    async fn connect(&self) -> RedisStore {
        connect_to(&self.deployment()).await.expect("it is safe")
    }

    fn process(&self) -> String {
        field(&self.replica, "process_id")
    }
}

/// Stops a process without a word, as a partition of the network does, or has it go on.
fn signal(signal: &str, process: &str) {
    let status = Command::new("kill").args([signal, process]).status();
    assert!(status.expect("every system has it").success());
}

fn info(server: &RedisServer) -> String {
    cmd("INFO").query(&mut server.connection()).expect("it answers")
}

fn field(server: &RedisServer, name: &str) -> String {
    let info = info(server);
    let value = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    value.expect("INFO has it").to_owned()
}

fn is_short<T: std::fmt::Debug>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Unavailable(text)) if text.contains("0 of 1 replicas"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_replica_lacks_is_not_answered_and_the_same_claim_gets_it_later() {
    let pair = Pair::start();
    let store = pair.connect().await;
    let sample = Sample::one_time().with_passphrase();
    let new = &sample.new;
    upload(&store, &sample).await;
    let process = pair.process();
    signal("-STOP", &process);
    let claim = token();
    let refused = store.claim(new.id, new.access, claim, sample.proof).await;
    assert!(is_short(&refused), "{refused:?}");
    // What spends nothing is answered.
    assert_refused!(store.landing(new.id, new.access).await, StoreError::Over { .. });
    signal("-CONT", &process);
    let again = until_there(async || store.claim(new.id, new.access, claim, None).await).await;
    assert_eq!(again.expect("it has it").head, sample.body);
    let other = store.claim(new.id, new.access, token(), sample.proof).await;
    assert_refused!(other, StoreError::Over { state: ShareState::Opened, .. });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_that_promises_waits_again_when_it_is_repeated() {
    let pair = Pair::start();
    let store = pair.connect().await;
    let [opened, failed, acknowledged, revoked] =
        [(); 4].map(|()| Sample::one_time().with_passphrase());
    let staged = Sample::with_plaintext(1_100_000);
    let complete = Sample::with_plaintext(1_100_000);
    for sample in [&opened, &failed, &acknowledged, &revoked, &staged, &complete] {
        store.create(sample.new.clone(), Admission::Live).await.expect("it is new");
    }
    for n in [0, 1] {
        let part = complete.part(n);
        store.put_part(complete.new.id, complete.new.owner, n, part).await.expect("it fits");
    }
    let (claim, new, created) = (token(), &acknowledged.new, Sample::one_time());
    store.claim(new.id, new.access, claim, acknowledged.proof).await.expect("a view is left");

    let process = pair.process();
    signal("-STOP", &process);
    let other = token();
    let call = async |n: usize| {
        // Its own connection each time.
        let store = pair.connect().await;
        match n {
            0 => is_short(&store.create(created.new.clone(), Admission::Live).await),
            1 => {
                is_short(&store.put_part(staged.new.id, staged.new.owner, 0, staged.part(0)).await)
            }
            2 => {
                is_short(&store.publish(complete.new.id, complete.new.owner, Admission::Live).await)
            }
            3 => {
                let Sample { new, proof, .. } = &opened;
                is_short(&store.claim(new.id, new.access, other, *proof).await)
            }
            4 => {
                let new = &failed.new;
                is_short(&store.claim(new.id, new.access, token(), Some(token())).await)
            }
            5 => is_short(&store.acknowledge(acknowledged.new.id, claim).await),
            _ => is_short(&store.revoke(revoked.new.id, revoked.new.owner).await),
        }
    };
    for time in ["first", "again"] {
        let short = join_all((0..7).map(&call)).await;
        assert_eq!(short, [true; 7], "{time}");
    }
    signal("-CONT", &process);
    for n in 0..7 {
        let deadline = Instant::now() + PATIENCE;
        while call(n).await {
            assert!(Instant::now() < deadline, "call {n}: the replica does not go on");
        }
    }
}

/// As WAIT is documented, it is about what the connection has written: on one that was made since the
/// first time, it would be about nothing.
#[tokio::test]
async fn every_call_that_promises_writes_also_where_it_finds_all_done() {
    let pair = Pair::start();
    let store = connect_to(&deployment(&pair.master.url())).await.expect("it is safe");
    let (sample, complete) = (Sample::one_time(), Sample::with_plaintext(1_100_000));
    let claim = token();
    upload(&store, &complete).await;
    let [confirmed, denied, over] = [(); 3].map(|()| Sample::one_time());
    let ask = question();
    for Sample { new, .. } in [&confirmed, &denied, &over] {
        store.create(new.clone(), Admission::Pending).await.expect("it is new");
        store.ask(new.id, new.owner, ask).await.expect("it is pending");
    }
    store.revoke(over.new.id, over.new.owner).await.expect("the owner may");
    let (mut request, answer) = (Sample::one_time(), Sample::one_time());
    request.new.request = true;
    store.create(request.new.clone(), Admission::Live).await.expect("it is new");
    let written = || field(&pair.master, "master_repl_offset");
    let call = async |n: usize| {
        let new = &sample.new;
        match n {
            0 => {
                store.create(new.clone(), Admission::Live).await.expect("it is new");
            }
            1 => drop(store.claim(new.id, new.access, claim, None).await.expect("it is its own")),
            2 => drop(store.acknowledge(new.id, claim).await.expect("it was answered")),
            3 => drop(store.revoke(new.id, new.owner).await.expect("the owner may")),
            4 => {
                let id = confirmed.new.id;
                store.confirm(id, ask.token, ask.number).await.expect("it was asked for");
            }
            5 => drop(store.deny(denied.new.id, ask.token).await.expect("it was asked for")),
            6 => {
                let confirmed = store.confirm(over.new.id, ask.token, ask.number).await;
                assert_refused!(confirmed, StoreError::Over { .. });
            }
            7 => {
                let NewShare { id, access, .. } = request.new;
                store.offer(id, access, answer.new.id).await.expect("it waits");
            }
            _ => {
                let new = &complete.new;
                store
                    .publish(new.id, new.owner, Admission::Live)
                    .await
                    .expect("all parts are there");
            }
        }
    };
    for n in 0..9 {
        call(n).await;
        let before = written();
        call(n).await;
        assert_ne!(written(), before, "call {n}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_too_few_replicas_nothing_is_begun() {
    let mut pair = Pair::start();
    let running = pair.connect().await;
    let [noticed, untouched, opened] = [(); 3].map(|()| Sample::one_time());
    for sample in [&noticed, &untouched, &opened] {
        upload(&running, sample).await;
    }
    pair.replica.kill();
    let deadline = Instant::now() + PATIENCE;
    while !info(&pair.master).contains("connected_slaves:0") {
        assert!(Instant::now() < deadline, "the master does not notice");
        std::thread::yield_now();
    }
    // Only now does it look again.
    assert!(is_short(&claim(&running, &noticed).await));
    let starting = pair.connect().await;
    let says = |text: &str| text.contains("redis-replicas is 1, but 0 are connected");
    for store in [&running, &starting] {
        assert_refused!(
            store.ready().await,
            Unready { reason: Reason::Replicas, cause } if says(&cause)
        );
        let refused = claim(store, &untouched).await;
        assert_refused!(refused, StoreError::Unavailable(text) if says(&text));
        let new = &untouched.new;
        assert_eq!(
            store.landing(new.id, new.access).await.expect("it is live").views_left,
            Some(1)
        );
    }
    assert!(pair.replica.run());
    pair.wait_for_the_replica();
    for (store, sample) in [(&running, &untouched), (&starting, &opened)] {
        store.ready().await.expect("there is one");
        let (new, token) = (&sample.new, token());
        let answer = until_there(async || store.claim(new.id, new.access, token, None).await);
        assert_eq!(answer.await.expect("nothing was spent").head, sample.body);
    }
}

/// Asks again while the replica needs longer than it is waited for, as it may on a busy machine.
async fn until_there<T: std::fmt::Debug>(
    mut ask: impl AsyncFnMut() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = ask().await;
        if !is_short(&answer) {
            return answer;
        }
        assert!(Instant::now() < deadline, "the replica does not go on");
    }
}

async fn claim(store: &RedisStore, sample: &Sample) -> Result<(), StoreError> {
    store.claim(sample.new.id, sample.new.access, token(), None).await.map(drop)
}
