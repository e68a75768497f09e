//! What all shares may take together, and that room comes back.

use crate::{
    bench::{Bench, Engine, PATIENCE},
    sample::{Sample, token},
};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use waxseal_core::token::ShareId;
use waxseal_server::store::{Admission, Full, NewShare, Quota, Retention, StoreError, Usage};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const LEASE: Duration = Duration::from_secs(15 * 60);

/// Two parts.
fn large() -> Sample {
    Sample::with_plaintext(1_100_000).viewed(Some(1))
}

fn bytes(samples: &[&Sample]) -> Option<u64> {
    Some(samples.iter().map(|sample| sample.new.size.get()).sum())
}

async fn start(engine: Engine, stored: Option<u64>, staged: Option<u64>) -> Bench {
    let quota = Quota { stored, staged, ..Quota::default() };
    engine.start_within(Retention::default(), quota).await
}

async fn put(bench: &Bench, sample: &Sample, n: u64) -> Result<(), StoreError> {
    bench.store().put_part(sample.new.id, sample.new.owner, n, sample.part(n)).await
}

/// Creates a share as soon as there is room, which takes no request but the embedded engine's sweeper.
async fn create_in_the_end(bench: &Bench, sample: &Sample) {
    let deadline = Instant::now() + PATIENCE;
    while let Err(error) = bench.store().create(sample.new.clone(), Admission::Live).await {
        assert!(matches!(error, StoreError::Full(Full::Stored)), "{error:?}");
        assert!(Instant::now() < deadline, "no room comes back");
        tokio::task::yield_now().await;
    }
}

pub(crate) async fn what_exceeds_the_total_is_refused(engine: Engine) {
    let [one, two, three] = [(); 3].map(|()| Sample::one_time());
    let bench = start(engine, bytes(&[&one, &two]), None).await;
    bench.create(&one).await;
    bench.create(&two).await;
    for _ in 0..2 {
        let refused = bench.store().create(three.new.clone(), Admission::Live).await;
        assert_refused!(refused, StoreError::Full(Full::Stored));
        assert_refused!(
            bench.store().status(three.new.id, three.new.owner).await,
            StoreError::Unknown
        );
    }
    // What is there is not refused, nor is what it needs.
    bench.create(&one).await;
    let claim = token();
    assert_eq!(bench.claim(&one, claim).await.expect("a view is left").head, one.body);
    bench.store().renew(one.new.id, claim).await.expect("the lease lasts");
    assert_refused!(
        bench.store().create(three.new.clone(), Admission::Live).await,
        StoreError::Full(Full::Stored)
    );
    bench.store().acknowledge(one.new.id, claim).await.expect("it was answered");
    bench.create(&three).await;
    bench.store().revoke(two.new.id, two.new.owner).await.expect("the owner may");
}

pub(crate) async fn of_many_at_once_as_many_fit_as_there_is_room_for(engine: Engine) {
    let samples: Vec<Sample> = (0..40).map(|_| Sample::one_time()).collect();
    let bench = start(engine, bytes(&samples[..5].iter().collect::<Vec<_>>()), None).await;
    let mut creations = JoinSet::new();
    for sample in &samples {
        let (store, new) = (bench.store(), sample.new.clone());
        creations.spawn(async move { store.create(new, Admission::Live).await });
    }
    let mut taken = 0;
    for answer in creations.join_all().await {
        match answer {
            Ok(_) => taken += 1,
            refused => assert_refused!(refused, StoreError::Full(Full::Stored)),
        }
    }
    assert_eq!(taken, 5);
}

pub(crate) async fn room_comes_back_however_content_goes(engine: Engine) {
    let (sample, other) = (large().with_passphrase(), large());
    let small = Sample::one_time();
    let bench = start(engine, bytes(&[&sample]), bytes(&[&sample])).await;
    let store = bench.store();
    for way in 0..10 {
        let Sample { new, proof, .. } = &sample;
        let new = NewShare { id: ShareId::from_bytes([way; 16]), ..new.clone() };
        let sample = Sample { new, proof: *proof, body: sample.body.clone() };
        let (id, owner, claim) = (sample.new.id, sample.new.owner, token());
        let mut ask = None;
        if way < 5 {
            bench.upload(&sample).await;
        } else if way > 6 {
            ask = Some(bench.submit_asked(&sample).await);
        } else {
            bench.create(&sample).await;
            put(&bench, &sample, 0).await.expect("there is room");
            put(&bench, &sample, 1).await.expect("there is room");
        }
        let refused = store.create(small.new.clone(), Admission::Live).await;
        assert_refused!(refused, StoreError::Full(Full::Stored));
        match way {
            // Acknowledged.
            0 => {
                bench.claim(&sample, claim).await.expect("a view is left");
                store.acknowledge(id, claim).await.expect("it was answered");
            }
            // Lapsed, and asked for again.
            1 => {
                bench.claim(&sample, claim).await.expect("a view is left");
                bench.advance(LEASE);
                assert_refused!(store.renew(id, claim).await, StoreError::ClaimOver);
            }
            // Lapsed, and not asked for again: gone with the longest lease at the latest.
            2 => {
                bench.claim(&sample, claim).await.expect("a view is left");
                bench.advance(24 * HOUR);
            }
            // Burned.
            3 => {
                for _ in 0..10 {
                    let wrong = store.claim(id, sample.new.access, token(), Some(token())).await;
                    assert_refused!(wrong, StoreError::WrongPassphrase { .. });
                }
            }
            // Expired.
            4 => bench.advance(sample.new.expires_in.duration()),
            // Given up before it was published, with a word or without.
            5 => drop(store.revoke(id, owner).await.expect("the owner may")),
            6 => bench.advance(HOUR + MINUTE),
            // Not confirmed: denied, guessed at, and forgotten.
            7 => {
                let token = ask.expect("it was asked for").token;
                store.deny(id, token).await.expect("it is pending");
            }
            8 => {
                for _ in 0..3 {
                    let ask = ask.expect("it was asked for");
                    assert!(bench.miss(&sample, ask).await.is_err());
                }
            }
            _ => bench.advance(10 * MINUTE),
        }
        create_in_the_end(&bench, &small).await;
        store.revoke(small.new.id, small.new.owner).await.expect("the owner may");
        // Exactly as much as there was, so nothing was given back twice.
        let other = NewShare { id: ShareId::from_bytes([way | 64; 16]), ..other.new.clone() };
        let other = Sample { new: other, body: sample.body.clone(), proof: None };
        bench.upload(&other).await;
        let fresh = Sample::one_time();
        assert_refused!(
            store.create(fresh.new, Admission::Live).await,
            StoreError::Full(Full::Stored)
        );
        store.revoke(other.new.id, other.new.owner).await.expect("the owner may");
        bench.advance(8 * 24 * HOUR);
    }
}

pub(crate) async fn unfinished_uploads_have_a_limit_of_their_own(engine: Engine) {
    let (first, second) = (large(), large());
    let bench = start(engine, None, bytes(&[&first])).await;
    bench.create(&first).await;
    bench.create(&second).await;
    put(&bench, &first, 0).await.expect("there is room");
    put(&bench, &first, 1).await.expect("there is room");
    assert_refused!(put(&bench, &second, 1).await, StoreError::Full(Full::Staged));
    put(&bench, &first, 0).await.expect("it takes the place of another");
    bench.create(&Sample::one_time()).await;
    let listed = bench.store().parts(second.new.id, second.new.owner).await.expect("known");
    assert!(listed.1.is_empty());

    bench
        .store()
        .publish(first.new.id, first.new.owner, Admission::Live)
        .await
        .expect("all are there");
    bench.upload(&second).await;
    for sample in [&first, &second] {
        assert_eq!(bench.claim(sample, token()).await.expect("live").head, sample.part(0));
    }
}

pub(crate) async fn an_upload_that_goes_on_keeps_its_room(engine: Engine) {
    let (first, second) = (large(), large());
    let bench = start(engine, None, bytes(&[&first])).await;
    bench.create(&first).await;
    put(&bench, &first, 0).await.expect("there is room");
    put(&bench, &first, 1).await.expect("there is room");
    // Longer than it would last without a request.
    for _ in 0..3 {
        bench.advance(50 * MINUTE);
        bench.store().parts(first.new.id, first.new.owner).await.expect("known");
    }
    bench.create(&second).await;
    assert_refused!(put(&bench, &second, 1).await, StoreError::Full(Full::Staged));
}

pub(crate) async fn announcing_a_size_takes_no_room(engine: Engine) {
    let sample = large();
    let bench = start(engine, bytes(&[&sample]), bytes(&[&sample])).await;
    for _ in 0..5 {
        bench.create(&large()).await;
    }
    bench.upload(&sample).await;
}

pub(crate) async fn what_can_never_fit_is_refused_before_it_is_uploaded(engine: Engine) {
    let (sample, small) = (large(), Sample::one_time());
    let less = |sample: &Sample| Some(sample.new.size.get() - 1);
    let bench = start(engine, less(&sample), None).await;
    let refused = bench.store().create(sample.new.clone(), Admission::Live).await;
    assert_refused!(refused, StoreError::Full(Full::Stored));
    let bench = start(engine, None, less(&small)).await;
    let refused = bench.store().create(sample.new.clone(), Admission::Live).await;
    assert_refused!(refused, StoreError::Full(Full::Staged));
    bench.create(&small).await;
}

pub(crate) async fn what_stores_nothing_takes_no_room(engine: Engine) {
    let (sample, small) = (large(), Sample::one_time());
    let bench = start(engine, bytes(&[&sample, &small]), bytes(&[&sample])).await;
    let store = bench.store();
    bench.create(&small).await;
    bench.create(&sample).await;
    for _ in 0..3 {
        bench.create(&small).await;
        let other = NewShare { owner: token(), ..small.new.clone() };
        assert_refused!(store.create(other, Admission::Live).await, StoreError::Conflict);
        let put = store.put_part(sample.new.id, sample.new.owner, 0, sample.part(1)).await;
        assert_refused!(put, StoreError::WrongPart);
        let put = store.put_part(sample.new.id, token(), 0, sample.part(0)).await;
        assert_refused!(put, StoreError::Unknown);
        let put = store.put_part(small.new.id, small.new.owner, 0, sample.part(0)).await;
        assert_refused!(put, StoreError::Conflict);
    }
    for n in [0, 1, 0, 1] {
        put(&bench, &sample, n).await.expect("there is room");
    }
    store.publish(sample.new.id, sample.new.owner, Admission::Live).await.expect("all are there");
    assert_refused!(put(&bench, &sample, 0).await, StoreError::Conflict);
}

pub(crate) async fn what_is_full_is_full_after_reopening(engine: Engine) {
    let (live, staged, late) = (Sample::one_time(), large(), large());
    let mut bench = start(engine, bytes(&[&live, &staged, &late]), bytes(&[&staged])).await;
    bench.create(&live).await;
    for sample in [&staged, &late] {
        bench.create(sample).await;
    }
    for n in [0, 1] {
        put(&bench, &staged, n).await.expect("there is room");
    }
    bench.reopen().await;
    assert_refused!(put(&bench, &late, 0).await, StoreError::Full(Full::Staged));
    bench
        .store()
        .publish(staged.new.id, staged.new.owner, Admission::Live)
        .await
        .expect("all are there");
    bench.upload(&late).await;
    let refused = bench.store().create(Sample::one_time().new, Admission::Live).await;
    assert_refused!(refused, StoreError::Full(Full::Stored));
    bench.store().revoke(live.new.id, live.new.owner).await.expect("the owner may");
    bench.create(&Sample::one_time()).await;
}

pub(crate) async fn what_is_stored_can_be_asked_for(engine: Engine) {
    let (one, large) = (Sample::one_time(), large());
    let most = bytes(&[&one, &large, &large]);
    let bench = start(engine, most, most).await;
    let is = async |stored: &[&Sample], staged: u64| {
        let stored = bytes(stored).expect("a sum");
        let usage = bench.store().usage().await.expect("the store answers");
        assert_eq!(usage, Some(Usage { stored: stored + staged, staged }));
    };
    is(&[], 0).await;
    bench.create(&one).await;
    bench.create(&large).await;
    is(&[&one], 0).await;
    put(&bench, &large, 0).await.expect("there is room");
    is(&[&one], large.part(0).len() as u64).await;
    put(&bench, &large, 1).await.expect("there is room");
    let (id, owner) = (large.new.id, large.new.owner);
    bench.store().publish(id, owner, Admission::Live).await.expect("all is there");
    is(&[&one, &large], 0).await;
    bench.store().revoke(id, owner).await.expect("the owner may");
    is(&[&one], 0).await;
    let claim = token();
    bench.claim(&one, claim).await.expect("a view is left");
    bench.store().acknowledge(one.new.id, claim).await.expect("it was answered");
    is(&[], 0).await;
}
