//! Counting wrong passphrases.

use crate::{
    bench::{Bench, Engine},
    sample::{Sample, token},
};
use tokio::task::JoinSet;
use waxseal_core::wire::ShareState;
use waxseal_server::store::{Done, Opened, StoreError};

async fn fail(bench: &Bench, sample: &Sample) -> Result<Done<Opened>, StoreError> {
    bench.store().claim(sample.new.id, sample.new.access, token(), Some(token())).await
}

pub(crate) async fn of_64_parallel_wrong_passphrases_exactly_ten_are_counted(engine: Engine) {
    let bench = engine.start().await;
    let sample = Sample::one_time().with_passphrase();
    bench.create(&sample).await;
    let mut attempts = JoinSet::new();
    for _ in 0..64 {
        let (store, new) = (bench.store(), sample.new.clone());
        attempts
            .spawn(async move { store.claim(new.id, new.access, token(), Some(token())).await });
    }
    let mut tries_left = Vec::new();
    for answer in attempts.join_all().await {
        match answer {
            Err(StoreError::WrongPassphrase { tries_left: left }) => tries_left.push(left),
            Err(StoreError::Over { state: ShareState::Burned, at }) => assert_eq!(at, bench.now()),
            other => panic!("{other:?}"),
        }
    }
    tries_left.sort_unstable();
    assert_eq!(tries_left, (0..10).collect::<Vec<u32>>());

    let over = StoreError::Over { state: ShareState::Burned, at: bench.now() }.to_string();
    let right = bench.claim(&sample, token()).await;
    assert_eq!(right.expect_err("the share is burned").to_string(), over);
    let status = bench.store().status(sample.new.id, sample.new.owner).await.expect("known");
    assert_eq!((status.state, status.failed_passphrases), (ShareState::Burned, 10));
    assert_eq!(status.views_left, Some(1));
    assert!(!bench.holds(&sample));
}

pub(crate) async fn the_right_one_after_nine_wrong_ones_opens(engine: Engine) {
    let bench = engine.start().await;
    let sample = Sample::one_time().viewed(Some(2)).with_passphrase();
    bench.create(&sample).await;
    for left in (1..10).rev() {
        assert_refused!(
            fail(&bench, &sample).await,
            StoreError::WrongPassphrase { tries_left } if tries_left == left
        );
        let landing = bench.store().landing(sample.new.id, sample.new.access).await;
        assert_eq!(landing.expect("it is live").tries_left, Some(left));
    }
    let answer = bench.claim(&sample, token()).await.expect("a try is left");
    assert_eq!(answer.head, sample.part(0));
    // A right passphrase gives no tries back.
    assert_refused!(fail(&bench, &sample).await, StoreError::WrongPassphrase { tries_left: 0 });
    assert_refused!(
        fail(&bench, &sample).await,
        StoreError::Over { state: ShareState::Burned, .. }
    );
}

pub(crate) async fn asking_without_a_proof_counts_nothing(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let sample = Sample::one_time().with_passphrase();
    bench.create(&sample).await;
    for _ in 0..12 {
        let answer = store.claim(sample.new.id, sample.new.access, token(), None).await;
        assert_refused!(answer, StoreError::PassphraseRequired);
    }
    let status = store.status(sample.new.id, sample.new.owner).await.expect("known");
    assert_eq!((status.failed_passphrases, status.views_left), (0, Some(1)));
}

pub(crate) async fn a_proof_where_none_is_set_spends_nothing(engine: Engine) {
    let bench = engine.start().await;
    let sample = Sample::one_time();
    bench.create(&sample).await;
    assert_refused!(fail(&bench, &sample).await, StoreError::NoPassphraseSet);
    let status = bench.store().status(sample.new.id, sample.new.owner).await.expect("known");
    assert_eq!((status.failed_passphrases, status.views_left), (0, Some(1)));
    bench.claim(&sample, token()).await.expect("the view is left");
}

pub(crate) async fn a_live_claim_asks_again_without_the_proof(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let sample = Sample::one_time().with_passphrase();
    bench.create(&sample).await;
    let claim = token();
    let first = bench.claim(&sample, claim).await.expect("the proof is right");
    for proof in [None, Some(token())] {
        let again = store.claim(sample.new.id, sample.new.access, claim, proof).await;
        assert_eq!(*again.expect("the lease lasts"), first);
    }
    let status = store.status(sample.new.id, sample.new.owner).await.expect("known");
    assert_eq!(status.failed_passphrases, 0);
}

pub(crate) async fn a_burned_share_keeps_the_leases_of_earlier_claims(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let sample = Sample::one_time().viewed(Some(2)).with_passphrase();
    bench.create(&sample).await;
    let claim = token();
    bench.claim(&sample, claim).await.expect("the proof is right");
    for _ in 0..10 {
        assert_refused!(fail(&bench, &sample).await, StoreError::WrongPassphrase { .. });
    }
    assert_refused!(
        bench.claim(&sample, token()).await,
        StoreError::Over { state: ShareState::Burned, .. }
    );
    let part = store.part(sample.new.id, claim, 0).await.expect("the lease lasts");
    assert_eq!(part.whole().await.expect("it is read"), sample.part_0());
    let again = bench.claim(&sample, claim).await.expect("the lease lasts");
    assert_eq!(again.head, sample.part(0));
    store.acknowledge(sample.new.id, claim).await.expect("it was answered");
    assert!(!bench.holds(&sample));
    let status = store.status(sample.new.id, sample.new.owner).await.expect("known");
    assert_eq!((status.state, status.views_left), (ShareState::Burned, Some(1)));
}
