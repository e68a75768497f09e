//! Pending shares: nobody opens one, and what is not confirmed ends.

use crate::{
    bench::Engine,
    confirming::{ADDRESS, large, question},
    sample::{Sample, token},
};
use std::time::Duration;
use waxseal_core::wire::ShareState;
use waxseal_server::store::{Admission, Ask, Retention, StoreError};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const PENDING: Duration = Duration::from_secs(10 * 60);

pub(crate) async fn a_pending_share_is_unknown_to_whoever_has_its_link(engine: Engine) {
    let bench = engine.start().await;
    for sample in [Sample::one_time(), Sample::one_time().with_passphrase(), large()] {
        let receipt = bench.submit(&sample).await;
        assert_eq!((receipt.state, receipt.expires_at), (ShareState::Pending, None));
        assert_eq!(receipt.pending_until, Some(bench.now().after(PENDING)));
        bench.is_unknown(&sample).await;
        let ask = question();
        let until = bench.store().ask(sample.new.id, sample.new.owner, ask).await.expect("pending");
        assert_eq!(Some(until), receipt.pending_until);
        bench.is_unknown(&sample).await;
        assert_refused!(bench.miss(&sample, ask).await, StoreError::WrongNumber { .. });
        bench.is_unknown(&sample).await;
        assert!(bench.holds(&sample), "and it is there");
    }
}

pub(crate) async fn a_share_that_is_not_confirmed_dies(engine: Engine) {
    let bench = engine.start().await;
    for sample in [Sample::one_time(), large()] {
        let ask = bench.submit_asked(&sample).await;
        bench.advance(PENDING - Duration::from_millis(1));
        assert_eq!(bench.state(&sample).await, ShareState::Pending);
        bench.advance(Duration::from_millis(1));
        let at = bench.now();
        assert_eq!(bench.state(&sample).await, ShareState::Expired);
        bench.is_unknown(&sample).await;
        bench.loses_unasked(&sample);
        for _ in 0..2 {
            assert_refused!(
                bench.confirm(&sample, ask).await,
                StoreError::Over { state: ShareState::Expired, at: when } if when == at
            );
        }
        let again = bench.store().ask(sample.new.id, sample.new.owner, ask).await;
        assert_refused!(again, StoreError::Over { state: ShareState::Expired, .. });
        bench.advance(7 * DAY);
        assert_refused!(bench.confirm(&sample, ask).await, StoreError::Unknown);
    }
}

pub(crate) async fn creating_and_publishing_again_changes_nothing_of_a_pending_share(
    engine: Engine,
) {
    let bench = engine.start().await;
    let store = bench.store();
    for sample in [Sample::one_time(), large()] {
        let new = &sample.new;
        let receipt = bench.submit(&sample).await;
        bench.advance(MINUTE);
        for admission in [Admission::Pending, Admission::Live] {
            let created = store.create(new.clone(), admission).await.expect("it is the same");
            let published = store.publish(new.id, new.owner, admission).await.expect("known");
            assert_eq!([*created, *published], [receipt; 2]);
        }
        let part = store.put_part(new.id, new.owner, 0, sample.part(0)).await;
        assert_refused!(part, StoreError::Conflict);
        bench.is_unknown(&sample).await;
        let ask = question();
        store.ask(new.id, new.owner, ask).await.expect("it is pending");
        let confirmed = bench.confirm(&sample, ask).await.expect("it is pending");
        bench.advance(MINUTE);
        let created = store.create(new.clone(), Admission::Pending).await.expect("the same");
        let published = store.publish(new.id, new.owner, Admission::Pending).await.expect("known");
        assert_eq!([*created, *published], [confirmed; 2]);
    }
}

pub(crate) async fn a_pending_share_can_be_revoked(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    for (n, sample) in [Sample::one_time(), large(), large()].iter().enumerate() {
        let ask = bench.submit_asked(sample).await;
        if n == 2 {
            store.take_down(sample.new.id).await.expect("known");
        } else {
            let status =
                store.revoke(sample.new.id, sample.new.owner).await.expect("the owner may");
            assert_eq!((status.state, status.pending_until), (ShareState::Revoked, None));
            assert_eq!(status.revoked_at, Some(bench.now()));
        }
        assert!(!bench.holds(sample));
        assert_refused!(
            bench.confirm(sample, ask).await,
            StoreError::Over { state: ShareState::Revoked, .. }
        );
        bench.is_unknown(sample).await;
    }
}

pub(crate) async fn reopening_keeps_what_waits(engine: Engine) {
    let mut bench = engine.start().await;
    let (waiting, missed) = (large(), Sample::one_time());
    let ask = bench.submit_asked(&waiting).await;
    let missed_ask = bench.submit_asked(&missed).await;
    assert_refused!(bench.miss(&missed, missed_ask).await, StoreError::WrongNumber { .. });
    let kept = Sample::one_time();
    bench.submit(&kept).await;
    let store = bench.store();
    let session_ask = Ask { session_of: Some(ADDRESS), ..question() };
    store.ask(kept.new.id, kept.new.owner, session_ask).await.expect("it is pending");
    bench.confirm(&kept, session_ask).await.expect("it is pending");
    let session = token();
    let begun = store.begin_session(kept.new.id, kept.new.owner, session, HOUR).await;
    assert_eq!(begun.expect("known"), Some(HOUR));
    drop(store);

    bench.reopen().await;
    assert_eq!(bench.state(&waiting).await, ShareState::Pending);
    bench.is_unknown(&waiting).await;
    assert_refused!(
        bench.miss(&missed, missed_ask).await,
        StoreError::WrongNumber { tries_left: 1 }
    );
    assert_eq!(bench.store().session(session).await.expect("it answers"), Some(ADDRESS));
    bench.confirm(&waiting, ask).await.expect("it is pending");
    let claim = token();
    assert_eq!(bench.claim(&waiting, claim).await.expect("it is live").head, waiting.part(0));
}

pub(crate) async fn without_retention_nothing_outlasts_the_time_to_confirm(engine: Engine) {
    let retention = Retention { record: Duration::ZERO, ..Retention::default() };
    let bench = engine.start_with(retention).await;
    let sample = Sample::one_time();
    let ask = bench.submit_asked(&sample).await;
    bench.advance(PENDING);
    let status = bench.store().status(sample.new.id, sample.new.owner).await;
    assert_refused!(status, StoreError::Unknown);
    assert_refused!(bench.confirm(&sample, ask).await, StoreError::Unknown);
    let receipt = bench.submit(&sample).await;
    assert_eq!(receipt.pending_until, Some(bench.now().after(PENDING)), "it is a new share");
    assert_refused!(bench.confirm(&sample, ask).await, StoreError::Unknown);
}

pub(crate) async fn a_clock_set_back_revives_nothing_that_is_gone(engine: Engine) {
    let bench = engine.start().await;
    let sample = Sample::one_time();
    let ask = bench.submit_asked(&sample).await;
    bench.advance(PENDING);
    bench.loses_unasked(&sample);
    bench.set_back(MINUTE);
    match bench.confirm(&sample, ask).await {
        // Redis goes by its own clock, and has it yet.
        Ok(receipt) => assert_eq!(receipt.state, ShareState::Live),
        Err(StoreError::Over { state: ShareState::Expired, .. }) => bench.is_unknown(&sample).await,
        Err(error) => panic!("{error}"),
    }
}
