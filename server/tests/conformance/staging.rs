//! Shares of several parts, until they are live.

use crate::{
    bench::Engine,
    sample::{Sample, token},
};
use std::time::Duration;
use tokio::task::JoinSet;
use waxseal_core::{layout::PART, wire::ShareState};
use waxseal_server::store::{Admission, Receipt, StoreError};

const MINUTE: Duration = Duration::from_secs(60);

/// Three parts, the last one small.
fn large() -> Sample {
    Sample::with_plaintext(2 * 1024 * 1024 + 20_000).viewed(Some(1))
}

pub(crate) async fn parts_come_in_any_order_at_once_and_again(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let sample = large();
    let staged = Receipt {
        state: ShareState::Staged,
        expires_at: None,
        pending_until: None,
        size: sample.new.size,
    };
    assert_eq!(bench.create(&sample).await, staged);
    assert_eq!(bench.create(&sample).await, staged);
    let listed = store.parts(sample.new.id, sample.new.owner).await.expect("known");
    assert_eq!(listed, (sample.new.size, vec![]));

    let other = large();
    let put = |n, part| store.put_part(sample.new.id, sample.new.owner, n, part);
    put(2, other.part(2)).await.expect("it fits");
    put(0, other.part(0)).await.expect("it fits");
    let listed = store.parts(sample.new.id, sample.new.owner).await.expect("known");
    assert_eq!(listed.1, [0, 2]);

    let mut puts = JoinSet::new();
    for n in [2, 1, 0, 1] {
        let (store, new, part) = (bench.store(), sample.new.clone(), sample.part(n));
        puts.spawn(async move { store.put_part(new.id, new.owner, n, part).await });
    }
    puts.join_all().await.into_iter().collect::<Result<(), _>>().expect("they fit");
    let listed = store.parts(sample.new.id, sample.new.owner).await.expect("known");
    assert_eq!(listed.1, [0, 1, 2]);
    assert!(!bench.holds(&other));

    store.publish(sample.new.id, sample.new.owner, Admission::Live).await.expect("all are there");
    let claim = token();
    let answer = bench.claim(&sample, claim).await.expect("it is live");
    assert_eq!(answer.head, sample.part(0));
    for n in 1..3 {
        let part = store.part(sample.new.id, claim, n).await.expect("the lease lasts");
        assert_eq!(part.whole().await.expect("it is read"), sample.part(n));
    }
}

pub(crate) async fn wrong_parts_are_refused(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let sample = large();
    bench.create(&sample).await;
    for (n, part) in [
        (0, sample.part(1)),
        (1, sample.part(0)),
        (1, sample.part(2)),
        (2, sample.part(1)),
        (2, sample.part(2).slice(1..)),
        (3, sample.part(2)),
        (u64::MAX, sample.part(2)),
        (0, sample.part(0).slice(..10)),
        (0, bytes::Bytes::new()),
    ] {
        let put = store.put_part(sample.new.id, sample.new.owner, n, part).await;
        assert_refused!(put, StoreError::WrongPart);
    }
    let listed = store.parts(sample.new.id, sample.new.owner).await.expect("known");
    assert!(listed.1.is_empty());
}

pub(crate) async fn nothing_is_published_with_parts_missing(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let sample = large();
    bench.create(&sample).await;
    for n in [2, 0] {
        let publication = store.publish(sample.new.id, sample.new.owner, Admission::Live).await;
        assert_refused!(publication, StoreError::PartsMissing);
        let part = sample.part(n);
        store.put_part(sample.new.id, sample.new.owner, n, part).await.expect("it fits");
    }
    let publication = store.publish(sample.new.id, sample.new.owner, Admission::Live).await;
    assert_refused!(publication, StoreError::PartsMissing);
    let status = store.status(sample.new.id, sample.new.owner).await.expect("known");
    assert_eq!((status.state, status.expires_at), (ShareState::Staged, None));
}

pub(crate) async fn publishing_again_answers_the_same(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let sample = large();
    bench.advance(MINUTE);
    let receipt = bench.upload(&sample).await;
    let expires_at = Some(bench.now().after(sample.new.expires_in.duration()));
    assert_eq!(receipt.expires_at, expires_at);
    assert_eq!(receipt.state, ShareState::Live);
    bench.advance(MINUTE);
    let again =
        store.publish(sample.new.id, sample.new.owner, Admission::Live).await.expect("known");
    assert_eq!(*again, receipt);
    assert_eq!(bench.create(&sample).await, receipt);

    bench.claim(&sample, token()).await.expect("it is live");
    let again =
        store.publish(sample.new.id, sample.new.owner, Admission::Live).await.expect("known");
    assert_eq!(*again, Receipt { state: ShareState::Opened, ..receipt });
}

pub(crate) async fn a_published_share_takes_no_parts(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let sample = large();
    bench.upload(&sample).await;
    let put = || store.put_part(sample.new.id, sample.new.owner, 1, sample.part(1));
    assert_refused!(put().await, StoreError::Conflict);
    let listed = store.parts(sample.new.id, sample.new.owner).await.expect("known");
    assert_eq!(listed.1, [0, 1, 2]);
    store.revoke(sample.new.id, sample.new.owner).await.expect("the owner may");
    assert_refused!(put().await, StoreError::Conflict);
    assert_refused!(
        store.parts(sample.new.id, sample.new.owner).await,
        StoreError::Over { state: ShareState::Revoked, .. }
    );
}

pub(crate) async fn a_staged_share_lasts_an_hour_from_the_last_request(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let sample = large();
    bench.create(&sample).await;
    for n in [0, 1] {
        bench.advance(59 * MINUTE);
        let part = sample.part(n);
        store.put_part(sample.new.id, sample.new.owner, n, part).await.expect("it fits");
        bench.advance(59 * MINUTE);
        store.parts(sample.new.id, sample.new.owner).await.expect("known");
    }
    bench.advance(60 * MINUTE);
    assert_refused!(store.parts(sample.new.id, sample.new.owner).await, StoreError::Unknown);
    let put = store.put_part(sample.new.id, sample.new.owner, 2, sample.part(2)).await;
    assert_refused!(put, StoreError::Unknown);
    bench.create(&sample).await;
    let listed = store.parts(sample.new.id, sample.new.owner).await.expect("known");
    assert!(listed.1.is_empty());
}

pub(crate) async fn what_is_left_of_an_upload_goes_with_the_share(engine: Engine) {
    let bench = engine.start().await;
    let sample = large();
    bench.create(&sample).await;
    for n in [0, 1, 2] {
        let put = bench.store().put_part(sample.new.id, sample.new.owner, n, sample.part(n)).await;
        put.expect("it fits");
    }
    assert!(bench.holds(&sample));
    bench.advance(60 * MINUTE);
    bench.loses_unasked(&sample);
    let publication = bench.store().publish(sample.new.id, sample.new.owner, Admission::Live).await;
    assert_refused!(publication, StoreError::Unknown);
}

pub(crate) async fn staged_parts_last_a_day(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let sample = large();
    bench.create(&sample).await;
    let put = |n| store.put_part(sample.new.id, sample.new.owner, n, sample.part(n));
    put(0).await.expect("it fits");
    bench.advance(30 * MINUTE);
    put(1).await.expect("it fits");
    put(2).await.expect("it fits");
    for _ in 0..46 {
        bench.advance(30 * MINUTE);
        store.parts(sample.new.id, sample.new.owner).await.expect("known");
    }
    bench.advance(30 * MINUTE);
    let publication = store.publish(sample.new.id, sample.new.owner, Admission::Live).await;
    assert_refused!(publication, StoreError::PartsMissing);
    let listed = store.parts(sample.new.id, sample.new.owner).await.expect("known");
    assert_eq!(listed.1, [1, 2]);
    put(0).await.expect("it fits");
    store.publish(sample.new.id, sample.new.owner, Admission::Live).await.expect("all are there");
}

pub(crate) async fn a_staged_share_cannot_be_opened(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let sample = large();
    bench.create(&sample).await;
    let landing = store.landing(sample.new.id, sample.new.access).await;
    assert_refused!(landing, StoreError::Unknown);
    assert_refused!(bench.claim(&sample, token()).await, StoreError::Unknown);
}

pub(crate) async fn a_staged_share_can_be_revoked(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let sample = large();
    bench.create(&sample).await;
    store.put_part(sample.new.id, sample.new.owner, 1, sample.part(1)).await.expect("it fits");
    let status = store.revoke(sample.new.id, sample.new.owner).await.expect("the owner may");
    assert_eq!((status.state, status.revoked_at), (ShareState::Revoked, Some(bench.now())));
    assert!(!bench.holds(&sample));
    let receipt =
        store.publish(sample.new.id, sample.new.owner, Admission::Live).await.expect("known");
    assert_eq!((receipt.state, receipt.expires_at), (ShareState::Revoked, None));
    assert_eq!(bench.create(&sample).await, *receipt);
    assert_refused!(
        bench.claim(&sample, token()).await,
        StoreError::Over { state: ShareState::Revoked, .. }
    );
}

pub(crate) async fn part_numbers_and_lengths_follow_the_size(engine: Engine) {
    let bench = engine.start().await;
    // The last chunk a part of its own; a full last part but one byte; exactly one byte more.
    for (plaintext, parts) in [(1_048_576, 2), (2_097_151, 2), (2_097_152, 3)] {
        let sample = Sample::with_plaintext(plaintext).viewed(Some(1));
        assert_eq!(sample.new.size.parts(), parts);
        assert!(sample.new.size.get() > PART as u64);
        assert_eq!(bench.upload(&sample).await.state, ShareState::Live, "{plaintext}");
    }
}
