//! Spending views.

use crate::{
    bench::{Bench, Engine},
    sample::{Sample, token},
};
use std::{sync::Arc, time::Duration};
use tokio::{sync::Barrier, task::JoinSet};
use waxseal_core::{token::ShareId, wire::ShareState};
use waxseal_server::store::{Admission, Opened, StoreError};

const SECOND: Duration = Duration::from_secs(1);

/// One-time shares in `of_many_one_time_shares_every_one_opens_exactly_once`, and racers for each.
const SHARES: usize = 1000;
const RACERS: usize = 16;

/// Lets `racers` claimers of the same share loose at once.
async fn race(bench: &Bench, sample: &Sample, racers: usize) -> Vec<Result<Opened, StoreError>> {
    let start = Arc::new(Barrier::new(racers));
    let mut claims = JoinSet::new();
    for _ in 0..racers {
        let (store, start, sample) = (bench.store(), Arc::clone(&start), sample.clone());
        claims.spawn(async move {
            start.wait().await;
            let new = &sample.new;
            let done = store.claim(new.id, new.access, token(), sample.proof).await;
            done.map(|done| done.answer)
        });
    }
    claims.join_all().await
}

/// Counts the openings; everyone else must have been told that it was opened now.
fn opened(bench: &Bench, sample: &Sample, answers: Vec<Result<Opened, StoreError>>) -> usize {
    let mut opened = 0;
    for answer in answers {
        match answer {
            Ok(answer) => {
                assert_eq!(answer.head, sample.part(0));
                opened += 1;
            }
            Err(StoreError::Over { state: ShareState::Opened, at }) => assert_eq!(at, bench.now()),
            Err(other) => panic!("{other:?}"),
        }
    }
    opened
}

pub(crate) async fn of_64_racing_claimers_exactly_one_opens(engine: Engine) {
    let bench = engine.start().await;
    let sample = Sample::one_time();
    bench.create(&sample).await;
    let answers = race(&bench, &sample, 64).await;
    assert_eq!(opened(&bench, &sample, answers), 1);
}

pub(crate) async fn of_64_racers_for_five_views_exactly_five_open(engine: Engine) {
    let bench = engine.start().await;
    let sample = Sample::one_time().viewed(Some(5));
    bench.create(&sample).await;
    let answers = race(&bench, &sample, 64).await;
    let mut left: Vec<_> = answers.iter().flatten().map(|answer| answer.views_left).collect();
    left.sort_unstable();
    assert_eq!(left, [0, 1, 2, 3, 4].map(Some));
    assert_eq!(opened(&bench, &sample, answers), 5);
}

pub(crate) async fn of_many_one_time_shares_every_one_opens_exactly_once(engine: Engine) {
    let bench = engine.start().await;
    let samples: Vec<Sample> = (0..SHARES).map(|_| Sample::one_time()).collect();
    for batch in samples.chunks(50) {
        let mut creations = JoinSet::new();
        for sample in batch {
            let (store, new) = (bench.store(), sample.new.clone());
            creations
                .spawn(async move { store.create(new, Admission::Live).await.expect("it is new") });
        }
        creations.join_all().await;
        let races = batch.iter().map(|sample| race(&bench, sample, RACERS));
        let answers = futures_util::future::join_all(races).await;
        for (sample, answers) in batch.iter().zip(answers) {
            assert_eq!(opened(&bench, sample, answers), 1);
        }
    }
}

pub(crate) async fn a_lost_reply_is_given_again_and_spends_nothing(engine: Engine) {
    let bench = engine.start().await;
    for views in [Some(1), Some(2), None] {
        let sample = Sample::one_time().viewed(views);
        bench.create(&sample).await;
        let claim = token();
        let first = bench.claim(&sample, claim).await.expect("a view is left");
        bench.advance(SECOND);
        let again = bench.claim(&sample, claim).await.expect("the lease lasts");
        assert_eq!(again.lease_until, first.lease_until.after(SECOND));
        assert_eq!(Opened { lease_until: first.lease_until, ..again }, first);
        let status = bench.store().status(sample.new.id, sample.new.owner).await.expect("known");
        assert_eq!(status.opened_at.len(), 1);
        assert_eq!(status.views_left, views.map(|views| views - 1));
    }
}

pub(crate) async fn the_head_is_the_seal_and_part_0(engine: Engine) {
    let bench = engine.start().await;
    for plaintext in [1024, 70_000, 1_048_575, 1_048_576, 3_000_000] {
        let sample = Sample::with_plaintext(plaintext).viewed(Some(1));
        if sample.new.head.is_some() {
            bench.create(&sample).await;
        } else {
            bench.upload(&sample).await;
        }
        let claim = token();
        let answer = bench.claim(&sample, claim).await.expect("it is live");
        assert_eq!(answer.head, sample.part(0), "{plaintext}");
        assert_eq!(answer.size, sample.new.size);
        assert_eq!(answer.expires_at, bench.now().after(sample.new.expires_in.duration()));
        let store = bench.store();
        let part_0 = store.part(sample.new.id, claim, 0).await.expect("the lease lasts");
        assert_eq!(part_0.whole().await.expect("it is read"), sample.part_0());
        for n in 1..sample.new.size.parts() {
            let part = store.part(sample.new.id, claim, n).await.expect("the lease lasts");
            assert_eq!(part.whole().await.expect("it is read"), sample.part(n));
        }
        let past = sample.new.size.parts();
        assert_refused!(store.part(sample.new.id, claim, past).await, StoreError::WrongPart);
        assert_refused!(store.part(sample.new.id, claim, u64::MAX).await, StoreError::WrongPart);
    }
}

pub(crate) async fn an_unlimited_share_opens_again_and_again(engine: Engine) {
    let bench = engine.start().await;
    let sample = Sample::one_time().viewed(None);
    bench.create(&sample).await;
    let mut opened_at = Vec::new();
    for _ in 0..103 {
        bench.advance(SECOND);
        opened_at.push(bench.now());
        let answer = bench.claim(&sample, token()).await.expect("views do not end");
        assert_eq!(answer.views_left, None);
    }
    let status = bench.store().status(sample.new.id, sample.new.owner).await.expect("known");
    assert_eq!(status.state, ShareState::Live);
    assert_eq!(status.opened_at, opened_at[3..]);
}

pub(crate) async fn a_landing_spends_nothing(engine: Engine) {
    let bench = engine.start().await;
    let sample = Sample::one_time().with_passphrase();
    let receipt = bench.create(&sample).await;
    for _ in 0..3 {
        let landing = bench.store().landing(sample.new.id, sample.new.access).await;
        let landing = landing.expect("it is live");
        assert_eq!(Some(landing.expires_at), receipt.expires_at);
        assert_eq!(landing.views_left, Some(1));
        assert_eq!(landing.size, sample.new.size);
        assert_eq!(landing.tries_left, Some(10));
    }
    bench.claim(&sample, token()).await.expect("the view is left");
    let open = Sample::one_time().viewed(None);
    bench.create(&open).await;
    let landing = bench.store().landing(open.new.id, open.new.access).await.expect("it is live");
    assert_eq!((landing.views_left, landing.tries_left), (None, None));
}

pub(crate) async fn unknown_ids_and_wrong_tokens_are_alike(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let sample = Sample::one_time().viewed(Some(2)).with_passphrase();
    let staged = Sample::with_plaintext(2_000_000);
    bench.create(&sample).await;
    bench.create(&staged).await;
    bench.claim(&sample, token()).await.expect("it is live");
    let nobody = ShareId::from_bytes([7; 16]);
    for id in [sample.new.id, staged.new.id, nobody] {
        assert_refused!(store.landing(id, token()).await, StoreError::Unknown);
        let claimed = store.claim(id, token(), token(), None).await;
        assert_refused!(claimed, StoreError::Unknown);
        let claimed = store.claim(id, token(), token(), Some(token())).await;
        assert_refused!(claimed, StoreError::Unknown);
        assert_refused!(store.part(id, token(), 0).await, StoreError::Unknown);
        assert_refused!(store.part(id, token(), 99).await, StoreError::Unknown);
        assert_refused!(store.renew(id, token()).await, StoreError::Unknown);
        assert_refused!(store.acknowledge(id, token()).await, StoreError::Unknown);
        assert_refused!(store.status(id, token()).await, StoreError::Unknown);
        assert_refused!(store.revoke(id, token()).await, StoreError::Unknown);
        assert_refused!(store.parts(id, token()).await, StoreError::Unknown);
        assert_refused!(store.publish(id, token(), Admission::Live).await, StoreError::Unknown);
        let put = store.put_part(id, token(), 0, staged.part(0)).await;
        assert_refused!(put, StoreError::Unknown);
    }
    let status = store.status(sample.new.id, sample.new.owner).await.expect("known");
    assert_eq!((status.views_left, status.failed_passphrases), (Some(1), 0));
}

pub(crate) async fn a_revocation_and_a_claim_racing_agree(engine: Engine) {
    let bench = engine.start().await;
    for _ in 0..50 {
        let sample = Sample::one_time();
        bench.create(&sample).await;
        let (store, new) = (bench.store(), sample.new.clone());
        let revocation = tokio::spawn(async move { store.revoke(new.id, new.owner).await });
        let answers = race(&bench, &sample, 8).await;
        let status = revocation.await.expect("it ends").expect("the owner may");
        let heads = answers.iter().flatten().count();
        assert_eq!(status.revoked_at, Some(bench.now()));
        assert_eq!(status.opened_at.len(), heads);
        match status.state {
            ShareState::Opened => assert_eq!((heads, status.views_left), (1, Some(0))),
            ShareState::Revoked => assert_eq!((heads, status.views_left), (0, Some(1))),
            other => panic!("{other:?}"),
        }
        for answer in answers.into_iter().filter_map(Result::err) {
            assert_refused!(Err::<(), _>(answer), StoreError::Over { state, .. } if state == status.state);
        }
        assert!(!bench.holds(&sample));
    }
}
