//! The least rights, as the documentation has them: enough, and no more.

use super::{connect_to, deployment};
use crate::{
    bench::{Hands, PATIENCE},
    confirming::question,
    redis_cluster::{Cluster, listening},
    redis_server::RedisServer,
    sample::{Sample, token},
};
use redis::{Connection, cmd};
use std::{
    net::IpAddr,
    path::PathBuf,
    time::{Duration, Instant},
};
use waxseal_core::{token::SealedSecret, wire::ShareState};
use waxseal_server::network::Network;
use waxseal_server::store::{
    AddressHash, Admission, Ask, Charge, NewShare, Quota, Rate, Retention, Store, StoreError,
    redis::{Deployment, RedisStore},
};

/// More claims than are remembered.
const MANY: usize = 102;

/// The user's rules, and what is to be added with replicas and on a Cluster.
fn documented() -> [Vec<String>; 3] {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/redis.md");
    let document = std::fs::read_to_string(path).expect("it is part of the project");
    let section = document.split("## The least rights").nth(1).expect("there is one");
    let blocks = section.split("```").skip(1).step_by(2);
    let words = |block: &str| block.split_whitespace().map(str::to_owned).collect();
    let [line, replicas, cluster]: [Vec<String>; 3] =
        blocks.map(words).collect::<Vec<_>>().try_into().expect("three blocks");
    let rules = line.strip_prefix(&["ACL", "SETUSER", "waxseal"].map(str::to_owned)[..]);
    [rules.expect("it makes the user").to_vec(), replicas, cluster]
}

fn set_user(admin: &mut Connection, rules: &[String]) {
    let mut set = cmd("ACL");
    let () = set.arg("SETUSER").arg("waxseal").arg(rules).query(admin).expect("an administrator");
}

/// Leaves the server to that user.
fn turn_default_off(admin: &mut Connection) {
    let () = cmd("ACL").arg("SETUSER").arg("default").arg("off").query(admin).expect("allowed");
}

fn of_user(server: &RedisServer) -> Deployment {
    deployment(&format!("{}?user=waxseal&pass=PASSWORD", server.url()))
}

/// Everything that happens to shares, with a quota, on an empty server that knows no script.
async fn everything(admin: &mut Connection, deployment: &Deployment) -> Result<(), StoreError> {
    let () = cmd("FLUSHALL").query(admin).expect("an administrator");
    let () = cmd("SCRIPT").arg("FLUSH").query(admin).expect("an administrator");
    round_trip(deployment).await
}

async fn round_trip(deployment: &Deployment) -> Result<(), StoreError> {
    let clock = Hands::new();
    let quota = Quota { stored: Some(u64::MAX >> 12), staged: Some(u64::MAX >> 12), free_disk: 0 };
    let store = RedisStore::connect(deployment, Retention::default(), quota, clock.clone()).await?;
    store.ready().await?;
    store.usage().await?;
    let somebody = Network::from(IpAddr::from([192, 0, 2, 1])).into();
    store.charge(somebody, &[Charge::new(Rate::Openings, 1, 10).expect("it is limited")]).await?;

    let sample = Sample::one_time().with_passphrase();
    let (new, claim) = (&sample.new, token());
    store.create(new.clone(), Admission::Live).await?;
    store.create(new.clone(), Admission::Live).await?;
    store.landing(new.id, new.access).await?;
    let wrong = store.claim(new.id, new.access, token(), Some(token())).await;
    let Err(StoreError::WrongPassphrase { .. }) = wrong else { return wrong.map(drop) };
    for _ in 0..2 {
        store.claim(new.id, new.access, claim, sample.proof).await?;
    }
    store.renew(new.id, claim).await?;
    store.part(new.id, claim, 0).await?;
    store.acknowledge(new.id, claim).await?;
    assert_eq!(store.status(new.id, new.owner).await?.state, ShareState::Opened);

    let large = Sample::with_plaintext(1_100_000);
    store.create(large.new.clone(), Admission::Live).await?;
    for n in [1, 0, 1] {
        store.put_part(large.new.id, large.new.owner, n, large.part(n)).await?;
    }
    store.parts(large.new.id, large.new.owner).await?;
    store.publish(large.new.id, large.new.owner, Admission::Live).await?;
    for _ in 0..MANY {
        let claim = token();
        store.claim(large.new.id, large.new.access, claim, None).await?;
        store.acknowledge(large.new.id, claim).await?;
    }
    store.claim(large.new.id, large.new.access, token(), None).await?;
    store.revoke(large.new.id, large.new.owner).await?;
    store.take_down(new.id).await?;
    store.statuses(vec![(new.id, new.owner), (large.new.id, large.new.owner)]).await?;

    let waiting = Sample::one_time();
    let new = &waiting.new;
    store.create(new.clone(), Admission::Pending).await?;
    let ask = Ask { session_of: Some(AddressHash::from_bytes([5; 32])), ..question() };
    store.ask(new.id, new.owner, ask).await?;
    store.confirm(new.id, ask.token, ask.number).await?;
    let session = token();
    store.begin_session(new.id, new.owner, session, Duration::from_secs(60)).await?;
    assert!(store.session(session).await?.is_some());
    let denied = Sample::one_time();
    store.create(denied.new.clone(), Admission::Pending).await?;
    store.ask(denied.new.id, denied.new.owner, ask).await?;
    store.deny(denied.new.id, ask.token).await?;

    let request = NewShare { request: true, ..Sample::one_time().new };
    store.create(request.clone(), Admission::Live).await?;
    store.landing(request.id, request.access).await?;
    let reply = NewShare { answers: Some(request.id), ..Sample::one_time().new };
    store.offer(request.id, request.access, reply.id).await?;
    store.create(reply.clone(), Admission::Live).await?;
    let sealed = SealedSecret::from_bytes([6; 80]);
    store.answer(request.id, request.access, reply.id, sealed).await?;

    // What is over takes no room, and its id can be had again.
    let short = NewShare { expires_in: 60.try_into().expect("a minute"), ..Sample::one_time().new };
    store.create(short.clone(), Admission::Live).await?;
    clock.advance(Duration::from_secs(30 * 24 * 60 * 60));
    store.create(short, Admission::Live).await.map(drop)
}

#[tokio::test]
async fn the_documented_rights_are_enough_and_each_of_them_is_needed() {
    let server = RedisServer::start(&[]);
    let mut admin = server.connection();
    let [rules, ..] = documented();
    set_user(&mut admin, &rules);
    turn_default_off(&mut admin);
    let refused = connect_to(&deployment(&server.url())).await.map(drop);
    assert_refused!(refused, StoreError::Unavailable(_));
    everything(&mut admin, &of_user(&server)).await.expect("the rights are enough");

    let dangerous = ["@admin", "@dangerous", "allkeys", "~*", "allcommands", "+@all"];
    for rule in &rules {
        assert!(!dangerous.iter().any(|part| rule.contains(part)), "{rule}");
        if rule.starts_with('+') {
            let less: Vec<_> = rules.iter().filter(|other| *other != rule).cloned().collect();
            set_user(&mut admin, &less);
            let refused = everything(&mut admin, &of_user(&server)).await;
            assert!(refused.is_err(), "{rule} is not needed");
        }
    }
}

#[tokio::test]
async fn waiting_for_replicas_needs_one_right_more() {
    let (server, port) = listening(&["--repl-diskless-sync-delay", "0"]);
    let _replica = RedisServer::start(&["--replicaof", "127.0.0.1", &port.to_string()]);
    let mut admin = server.connection();
    let [rules, more, _] = documented();
    set_user(&mut admin, &rules);
    let deployment = of_user(&server).with_replicas(1);
    let refused = everything(&mut admin, &deployment).await;
    assert_refused!(refused, StoreError::Unavailable(_) | StoreError::Fault(_));
    set_user(&mut admin, &[rules, more].concat());
    let deadline = Instant::now() + PATIENCE;
    // The replica may not be there yet.
    while let Err(error) = everything(&mut admin, &deployment).await {
        assert_refused!(Err::<(), _>(error), StoreError::Unavailable(_));
        assert!(Instant::now() < deadline, "the replica does not come");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_needs_the_documented_rights_and_each_of_them() {
    let cluster = Cluster::start(false);
    let mut admins: Vec<_> = (0..3).map(|n| cluster.node(n).connection()).collect();
    let [rules, _, more] = documented();
    let all = [rules.clone(), more.clone()].concat();
    let address = cluster.url().replace("://", "://waxseal:PASSWORD@");
    let deployment = deployment(&address);
    let mut with = |rules: &[String]| admins.iter_mut().for_each(|admin| set_user(admin, rules));
    with(&all);
    round_trip(&deployment).await.expect("the rights are enough");
    for rule in more {
        with(&all.iter().filter(|other| **other != rule).cloned().collect::<Vec<_>>());
        assert!(round_trip(&deployment).await.is_err(), "{rule} is not needed");
    }
}
