//! Redis' memory is full.

use super::connect;
use crate::{
    redis_server::RedisServer,
    sample::{Sample, token},
};
use redis::cmd;
use waxseal_core::wire::ShareState;
use waxseal_server::store::{Full, Store, StoreError};

#[tokio::test]
async fn full_memory_refuses_only_what_takes_room() {
    let server = RedisServer::start(&[]);
    let store = connect(&server.url()).await.expect("it is safe");
    let [opened, twice, revoked, failed, burned] =
        [(); 5].map(|()| Sample::one_time().with_passphrase());
    let twice = twice.viewed(Some(2));
    let [staged, complete] = [(); 2].map(|()| Sample::with_plaintext(1_100_000));
    for sample in [&opened, &twice, &revoked, &failed, &burned, &staged, &complete] {
        store.create(sample.new.clone()).await.expect("it is new");
    }
    for n in [0, 1] {
        let part = complete.part(n);
        store.put_part(complete.new.id, complete.new.owner, n, part).await.expect("it fits");
    }
    let mut set = cmd("CONFIG");
    let () =
        set.arg("SET").arg("maxmemory").arg(1).query(&mut server.connection()).expect("allowed");
    // As after a restart: not even the scripts are known.
    let () = cmd("SCRIPT").arg("FLUSH").query(&mut server.connection()).expect("allowed");

    assert_refused!(store.create(Sample::one_time().new).await, StoreError::Full(Full::Engine));
    let new = Sample::with_plaintext(1_100_000).new;
    assert_refused!(store.create(new).await, StoreError::Full(Full::Engine));
    let put = store.put_part(staged.new.id, staged.new.owner, 0, staged.part(0)).await;
    assert_refused!(put, StoreError::Full(Full::Engine));

    store.ready().await.expect("it is safe");
    store.create(opened.new.clone()).await.expect("it is there already");
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
    let receipt = store.publish(complete.new.id, complete.new.owner).await.expect("all are there");
    assert_eq!(receipt.state, ShareState::Live);
    let claim = store.claim(complete.new.id, complete.new.access, token(), None).await;
    assert_eq!(claim.expect("it is live").head, complete.part(0));
}
