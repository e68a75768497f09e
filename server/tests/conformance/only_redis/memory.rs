//! Redis' memory is full.

use super::{connect, deployment};
use crate::{
    bench::Hands,
    confirming::question,
    redis_server::RedisServer,
    sample::{Sample, token},
};
use redis::cmd;
use waxseal_core::wire::ShareState;
use waxseal_server::store::{
    Admission, Full, Quota, Retention, Store, StoreError, redis::RedisStore,
};

/// With an account of what is stored, and without.
#[tokio::test]
async fn full_memory_refuses_only_what_takes_room() {
    let stored = Some(u64::MAX >> 12);
    for quota in [Quota::default(), Quota { stored, ..Quota::default() }] {
        refuses_only_what_takes_room(quota).await;
    }
}

async fn refuses_only_what_takes_room(quota: Quota) {
    let server = RedisServer::start(&[]);
    let deployment = deployment(&server.url());
    let store = RedisStore::connect(&deployment, Retention::default(), quota, Hands::new())
        .await
        .expect("it is safe");
    let [opened, twice, revoked, failed, burned] =
        [(); 5].map(|()| Sample::one_time().with_passphrase());
    let twice = twice.viewed(Some(2));
    let [staged, complete] = [(); 2].map(|()| Sample::with_plaintext(1_100_000));
    for sample in [&opened, &twice, &revoked, &failed, &burned, &staged, &complete] {
        store.create(sample.new.clone(), Admission::Live).await.expect("it is new");
    }
    for n in [0, 1] {
        let part = complete.part(n);
        store.put_part(complete.new.id, complete.new.owner, n, part).await.expect("it fits");
    }
    let [confirmed, denied, missed] = [(); 3].map(|()| Sample::one_time());
    for sample in [&confirmed, &denied, &missed] {
        store.create(sample.new.clone(), Admission::Pending).await.expect("it is new");
    }
    let mut set = cmd("CONFIG");
    let () =
        set.arg("SET").arg("maxmemory").arg(1).query(&mut server.connection()).expect("allowed");
    // As after a restart: not even the scripts are known.
    let () = cmd("SCRIPT").arg("FLUSH").query(&mut server.connection()).expect("allowed");

    assert_refused!(
        store.create(Sample::one_time().new, Admission::Live).await,
        StoreError::Full(Full::Engine)
    );
    let new = Sample::with_plaintext(1_100_000).new;
    assert_refused!(store.create(new, Admission::Live).await, StoreError::Full(Full::Engine));
    let put = store.put_part(staged.new.id, staged.new.owner, 0, staged.part(0)).await;
    assert_refused!(put, StoreError::Full(Full::Engine));

    store.ready().await.expect("it is safe");
    store.create(opened.new.clone(), Admission::Live).await.expect("it is there already");
    for sample in [&opened, &twice] {
        let Sample { new, proof, .. } = sample;
        let claim = token();
        for _ in 0..2 {
            let answer = store.claim(new.id, new.access, claim, *proof).await;
            assert_eq!(answer.expect("a view is left").head, sample.body);
        }
        store.renew(new.id, claim).await.expect("the lease lasts");
        store.part(new.id, claim, 0).await.expect("the lease lasts");
        store.acknowledge(new.id, claim).await.expect("it was answered");
    }
    for (sample, tries) in [(&failed, 1), (&burned, 10)] {
        for n in 1..=tries {
            let wrong = store.claim(sample.new.id, sample.new.access, token(), Some(token())).await;
            assert_refused!(wrong, StoreError::WrongPassphrase { tries_left } if tries_left == 10 - n);
        }
    }
    let status = store.revoke(revoked.new.id, revoked.new.owner).await.expect("the owner may");
    assert_eq!(status.state, ShareState::Revoked);
    store.parts(staged.new.id, staged.new.owner).await.expect("known");
    let receipt = store
        .publish(complete.new.id, complete.new.owner, Admission::Live)
        .await
        .expect("all are there");
    assert_eq!(receipt.state, ShareState::Live);
    let claim = store.claim(complete.new.id, complete.new.access, token(), None).await;
    assert_eq!(claim.expect("it is live").head, complete.part(0));
    for sample in [&confirmed, &denied, &missed] {
        let ask = question();
        store.ask(sample.new.id, sample.new.owner, ask).await.expect("it is pending");
        let answer = if sample.new == denied.new {
            store.deny(sample.new.id, ask.token).await
        } else if sample.new == missed.new {
            let wrong = 7.try_into().expect("two digits");
            store.confirm(sample.new.id, ask.token, wrong).await
        } else {
            store.confirm(sample.new.id, ask.token, ask.number).await
        };
        match answer {
            Ok(receipt) => assert_ne!(receipt.state, ShareState::Pending),
            wrong => assert_refused!(wrong, StoreError::WrongNumber { tries_left: 2 }),
        }
    }
    let claim = store.claim(confirmed.new.id, confirmed.new.access, token(), None).await;
    assert_eq!(claim.expect("it is live").head, confirmed.body);
    assert_eq!(field(&server, "evicted_keys"), 0);
}

/// As it happens: shares come until there is no room.
#[tokio::test]
async fn memory_that_filled_up_is_had_again_when_shares_are_over() {
    const ROOM: u64 = 4_000_000;
    let server = RedisServer::start(&[]);
    let store = connect(&server.url()).await.expect("it is safe");
    let limit = field(&server, "used_memory") + ROOM;
    let mut set = cmd("CONFIG");
    let () = set
        .arg("SET")
        .arg("maxmemory")
        .arg(limit)
        .query(&mut server.connection())
        .expect("allowed");
    let mut shares = Vec::new();
    loop {
        let share = Sample::with_plaintext(100_000).viewed(Some(1));
        match store.create(share.new.clone(), Admission::Live).await {
            Ok(_) => shares.push(share),
            full => break assert_refused!(full, StoreError::Full(Full::Engine)),
        }
    }
    assert!(shares.len() > 10, "only {} fit", shares.len());
    for (n, Sample { new, body, .. }) in shares.iter().enumerate() {
        if n % 2 == 0 {
            let claim = token();
            for _ in 0..2 {
                let answer = store.claim(new.id, new.access, claim, None).await;
                assert_eq!(answer.expect("a view is left").head, body);
            }
            store.acknowledge(new.id, claim).await.expect("it was answered");
        } else {
            store.revoke(new.id, new.owner).await.expect("the owner may");
        }
    }
    for _ in 0..shares.len() / 2 {
        let share = Sample::with_plaintext(100_000).viewed(Some(1));
        store.create(share.new, Admission::Live).await.expect("there is room again");
    }
    assert_eq!(field(&server, "evicted_keys"), 0);
}

fn field(server: &RedisServer, name: &str) -> u64 {
    let info: String = cmd("INFO").query(&mut server.connection()).expect("it answers");
    let value = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    value.and_then(|value| value.parse().ok()).expect("INFO has it")
}
