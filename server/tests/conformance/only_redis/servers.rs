//! Several Waxseal servers on one Redis: none has anything that the others lack.

use super::connect;
use crate::{
    redis_cluster::Cluster,
    redis_server::RedisServer,
    sample::{Sample, token},
};
use waxseal_core::wire::ShareState;
use waxseal_server::store::{Admission, Store, StoreError, redis::RedisStore};

/// Each call by another, as behind a balancer that takes turns.
async fn share_by_turns(servers: [RedisStore; 3]) {
    for turn in 0..3 {
        let server = |n: usize| &servers[(turn + n) % 3];
        let sample = Sample::with_plaintext(1_100_000).viewed(Some(1)).with_passphrase();
        let (id, owner, access) = (sample.new.id, sample.new.owner, sample.new.access);
        server(0).create(sample.new.clone(), Admission::Live).await.expect("it is new");
        server(1).put_part(id, owner, 0, sample.part(0)).await.expect("it fits");
        server(2).put_part(id, owner, 1, sample.part(1)).await.expect("it fits");
        assert_eq!(server(0).parts(id, owner).await.expect("known").1, [0, 1]);
        let receipt =
            server(1).publish(id, owner, Admission::Live).await.expect("all parts are there");
        assert_eq!(receipt.state, ShareState::Live);
        assert_eq!(server(2).landing(id, access).await.expect("it is live").tries_left, Some(10));
        for n in 0..3 {
            let wrong = server(n).claim(id, access, token(), Some(token())).await;
            let left = 9 - u32::try_from(n).expect("three");
            assert_refused!(wrong, StoreError::WrongPassphrase { tries_left } if tries_left == left);
        }
        let claim = token();
        for n in [2, 0, 1] {
            let answer = server(n).claim(id, access, claim, sample.proof).await;
            assert_eq!(answer.expect("it is its own").head, sample.part(0));
        }
        let other = server(0).claim(id, access, token(), sample.proof).await;
        assert_refused!(other, StoreError::Over { state: ShareState::Opened, .. });
        server(1).part(id, claim, 1).await.expect("the lease lasts");
        server(2).renew(id, claim).await.expect("the lease lasts");
        server(0).acknowledge(id, claim).await.expect("it was answered");
        assert_refused!(server(1).part(id, claim, 1).await, StoreError::ClaimOver);
        assert_eq!(server(2).status(id, owner).await.expect("known").state, ShareState::Opened);
    }
}

async fn three(url: &str) -> [RedisStore; 3] {
    let server = async || connect(url).await.expect("it is safe");
    [server().await, server().await, server().await]
}

#[tokio::test]
async fn servers_on_one_redis_are_one() {
    let server = RedisServer::start(&[]);
    share_by_turns(three(&server.url()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_on_one_cluster_are_one() {
    let cluster = Cluster::start(false);
    share_by_turns(three(&cluster.url()).await).await;
}
