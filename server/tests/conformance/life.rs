//! Creation, expiry, and what is known afterwards.

use crate::{
    bench::Engine,
    sample::{Sample, token},
};
use std::time::Duration;
use waxseal_core::{layout::BodySize, wire::ShareState};
use waxseal_server::store::{Admission, NewShare, Receipt, Retention, StoreError};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) async fn the_same_creation_again_writes_nothing(engine: Engine) {
    let bench = engine.start().await;
    let sample = Sample::one_time().with_passphrase();
    let created_at = bench.now();
    let expires_at = Some(created_at.after(DAY));
    let receipt =
        Receipt { state: ShareState::Live, expires_at, pending_until: None, size: sample.new.size };
    for _ in 0..2 {
        assert_eq!(bench.create(&sample).await, receipt);
        bench.advance(SECOND);
    }
    let status = bench.store().status(sample.new.id, sample.new.owner).await.expect("known");
    assert_eq!((status.created_at, status.expires_at), (created_at, expires_at));
}

pub(crate) async fn any_other_creation_under_a_known_id_conflicts(engine: Engine) {
    let bench = engine.start().await;
    let sample = Sample::one_time().with_passphrase();
    bench.create(&sample).await;
    let other = Sample::with_plaintext(2048);
    let same = || sample.new.clone();
    let others = [
        NewShare { access: token(), ..same() },
        NewShare { owner: token(), ..same() },
        NewShare { passphrase: Some(token()), ..same() },
        NewShare { passphrase: None, ..same() },
        NewShare { expires_in: 3600.try_into().expect("an hour"), ..same() },
        NewShare { views: Some(2.try_into().expect("two")), ..same() },
        NewShare { views: None, ..same() },
        NewShare { head: Some(Sample::one_time().body), ..same() },
        NewShare { size: other.new.size, head: other.new.head, ..same() },
        NewShare { size: large(), head: None, ..same() },
    ];
    for new in others {
        assert_refused!(bench.store().create(new, Admission::Live).await, StoreError::Conflict);
    }
    let answer = bench.claim(&sample, token()).await.expect("nothing has changed");
    assert_eq!(answer.head, sample.body);
}

fn large() -> BodySize {
    BodySize::of_plaintext(2_000_000).expect("a possible length")
}

pub(crate) async fn a_creation_again_finds_how_the_share_ended(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let [opened, revoked, burned, expired] = [(); 4].map(|()| Sample::one_time().with_passphrase());
    for sample in [&opened, &revoked, &burned, &expired] {
        bench.create(sample).await;
    }
    bench.claim(&opened, token()).await.expect("the proof is right");
    store.revoke(revoked.new.id, revoked.new.owner).await.expect("the owner may");
    for _ in 0..10 {
        let claim = store.claim(burned.new.id, burned.new.access, token(), Some(token())).await;
        assert_refused!(claim, StoreError::WrongPassphrase { .. });
    }
    bench.advance(DAY);
    for (sample, state) in [
        (&opened, ShareState::Opened),
        (&revoked, ShareState::Revoked),
        (&burned, ShareState::Burned),
        (&expired, ShareState::Expired),
    ] {
        let receipt = bench.create(sample).await;
        assert_eq!(receipt.state, state);
        assert_eq!(receipt.expires_at, Some(bench.now()));
        bench.loses_unasked(sample);
        let other = NewShare { owner: token(), ..sample.new.clone() };
        assert_refused!(store.create(other, Admission::Live).await, StoreError::Conflict);
    }
}

pub(crate) async fn a_head_that_does_not_fit_is_refused(engine: Engine) {
    let bench = engine.start().await;
    let sample = Sample::one_time();
    let same = || sample.new.clone();
    for new in [
        NewShare { head: None, ..same() },
        NewShare { head: Some(sample.body.slice(1..)), ..same() },
        NewShare { size: large(), ..same() },
    ] {
        assert_refused!(bench.store().create(new, Admission::Live).await, StoreError::WrongPart);
    }
}

pub(crate) async fn an_expired_share_is_over_and_its_content_gone(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let sample = Sample::one_time();
    let expires_at = bench.create(&sample).await.expires_at.expect("it is published");
    bench.advance(DAY - Duration::from_millis(1));
    store.landing(sample.new.id, sample.new.access).await.expect("it is live");
    bench.advance(Duration::from_millis(1));
    let landing = store.landing(sample.new.id, sample.new.access).await;
    assert_refused!(
        landing,
        StoreError::Over { state: ShareState::Expired, at } if at == expires_at
    );
    assert_refused!(
        bench.claim(&sample, token()).await,
        StoreError::Over { state: ShareState::Expired, at } if at == expires_at
    );
    let status = store.status(sample.new.id, sample.new.owner).await.expect("known");
    assert_eq!((status.state, status.views_left), (ShareState::Expired, Some(1)));
    bench.loses_unasked(&sample);
}

pub(crate) async fn the_record_outlasts_the_expiry_by_a_week(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let sample = Sample::one_time();
    bench.create(&sample).await;
    bench.claim(&sample, token()).await.expect("a view is left");
    bench.advance(8 * DAY - Duration::from_millis(1));
    let status = store.status(sample.new.id, sample.new.owner).await.expect("known");
    assert_eq!(status.state, ShareState::Opened);
    bench.advance(Duration::from_millis(1));
    assert_refused!(store.status(sample.new.id, sample.new.owner).await, StoreError::Unknown);
    assert_refused!(store.landing(sample.new.id, sample.new.access).await, StoreError::Unknown);
    assert_refused!(bench.claim(&sample, token()).await, StoreError::Unknown);
    let receipt = bench.create(&sample).await;
    assert_eq!(receipt.expires_at, Some(bench.now().after(DAY)));
    bench.claim(&sample, token()).await.expect("it is a new share");
}

pub(crate) async fn without_retention_nothing_outlasts_the_expiry(engine: Engine) {
    let retention = Retention { record: Duration::ZERO, ..Retention::default() };
    let bench = engine.start_with(retention).await;
    let store = bench.store();
    let sample = Sample::one_time();
    bench.create(&sample).await;
    bench.claim(&sample, token()).await.expect("a view is left");
    bench.advance(DAY - SECOND);
    let status = store.status(sample.new.id, sample.new.owner).await.expect("known");
    assert_eq!(status.state, ShareState::Opened);
    bench.advance(SECOND);
    assert_refused!(store.status(sample.new.id, sample.new.owner).await, StoreError::Unknown);
    assert_refused!(store.landing(sample.new.id, sample.new.access).await, StoreError::Unknown);
}

pub(crate) async fn reopening_keeps_everything(engine: Engine) {
    let mut bench = engine.start().await;
    let live = Sample::one_time().viewed(Some(3)).with_passphrase();
    let opened = Sample::one_time();
    let large = Sample::with_plaintext(1_100_000).viewed(Some(1));
    let staged = Sample::with_plaintext(1_100_000);
    bench.create(&live).await;
    bench.create(&opened).await;
    bench.upload(&large).await;
    bench.create(&staged).await;
    let store = bench.store();
    store.put_part(staged.new.id, staged.new.owner, 1, staged.part(1)).await.expect("it fits");
    let claim = token();
    let answer = bench.claim(&opened, claim).await.expect("a view is left");
    bench.claim(&live, token()).await.expect("a view is left");
    let wrong = store.claim(live.new.id, live.new.access, token(), Some(token())).await;
    assert_refused!(wrong, StoreError::WrongPassphrase { tries_left: 9 });
    let status = store.status(live.new.id, live.new.owner).await.expect("known");
    drop(store);

    bench.reopen().await;
    let store = bench.store();
    let after = store.status(live.new.id, live.new.owner).await.expect("known");
    assert_eq!(after, status);
    assert_eq!(bench.claim(&opened, claim).await.expect("the lease lasts"), answer);
    assert_refused!(
        bench.claim(&opened, token()).await,
        StoreError::Over { state: ShareState::Opened, .. }
    );
    let listed = store.parts(staged.new.id, staged.new.owner).await.expect("known");
    assert_eq!(listed.1, [1]);
    let claim = token();
    assert_eq!(bench.claim(&large, claim).await.expect("it is live").head, large.part(0));
    let part = store.part(large.new.id, claim, 1).await.expect("the lease lasts");
    assert_eq!(part.whole().await.expect("it is read"), large.part(1));
}
