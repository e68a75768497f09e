//! What the owner sees and takes back.

use crate::{
    bench::Engine,
    sample::{Sample, token},
};
use std::time::Duration;
use waxseal_core::{
    token::ShareId,
    wire::{ShareState, Status},
};
use waxseal_server::store::{Admission, StoreError};

const MINUTE: Duration = Duration::from_secs(60);

pub(crate) async fn the_status_tells_the_whole_life(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let sample = Sample::one_time().viewed(Some(2)).with_passphrase();
    let created_at = bench.now();
    let expires_at = bench.create(&sample).await.expires_at;
    let mut expected = Status {
        id: sample.new.id,
        state: ShareState::Live,
        created_at,
        expires_at,
        pending_until: None,
        views: sample.new.views,
        views_left: Some(2),
        opened_at: vec![],
        failed_passphrases: 0,
        revoked_at: None,
        answer: None,
    };
    let status = || store.status(sample.new.id, sample.new.owner);
    assert_eq!(status().await.expect("known"), expected);

    bench.advance(MINUTE);
    let wrong = store.claim(sample.new.id, sample.new.access, token(), Some(token())).await;
    assert_refused!(wrong, StoreError::WrongPassphrase { .. });
    expected.failed_passphrases = 1;
    assert_eq!(status().await.expect("known"), expected);

    for left in [1, 0] {
        bench.advance(MINUTE);
        bench.claim(&sample, token()).await.expect("a view is left");
        expected.views_left = Some(left);
        expected.opened_at.push(bench.now());
    }
    expected.state = ShareState::Opened;
    assert_eq!(status().await.expect("known"), expected);

    bench.advance(2 * sample.new.expires_in.duration());
    assert_eq!(status().await.expect("known"), expected);
}

pub(crate) async fn statuses_come_in_the_order_asked(engine: Engine) {
    let bench = engine.start().await;
    let samples: Vec<Sample> = (0..5).map(|_| Sample::one_time()).collect();
    for sample in &samples {
        bench.create(sample).await;
    }
    let mut asked: Vec<_> = samples.iter().rev().map(|s| (s.new.id, s.new.owner)).collect();
    asked.insert(1, (ShareId::from_bytes([9; 16]), token()));
    asked.insert(3, (samples[0].new.id, token()));
    asked.push(asked[0]);
    let answers = bench.store().statuses(asked.clone()).await.expect("the store answers");
    assert_eq!(answers.len(), asked.len());
    for (n, ((id, _), answer)) in asked.iter().zip(answers).enumerate() {
        let expected = if n == 1 || n == 3 { None } else { Some(*id) };
        assert_eq!(answer.map(|status| status.id), expected);
    }
    assert_eq!(bench.store().statuses(vec![]).await.expect("the store answers"), []);
}

pub(crate) async fn a_revoked_share_is_over_and_its_content_gone(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    for sample in [Sample::one_time(), Sample::with_plaintext(1_100_000)] {
        if sample.new.head.is_some() {
            bench.create(&sample).await;
        } else {
            bench.upload(&sample).await;
        }
        assert!(bench.holds(&sample));
        bench.advance(MINUTE);
        let revoked_at = bench.now();
        let status = store.revoke(sample.new.id, sample.new.owner).await.expect("the owner may");
        assert!(!bench.holds(&sample));
        assert_eq!((status.state, status.revoked_at), (ShareState::Revoked, Some(revoked_at)));

        bench.advance(MINUTE);
        let again = store.revoke(sample.new.id, sample.new.owner).await.expect("the owner may");
        assert_eq!(*again, *status);
        let over = store.landing(sample.new.id, sample.new.access).await;
        assert_refused!(
            over,
            StoreError::Over { state: ShareState::Revoked, at } if at == revoked_at
        );
        assert_refused!(
            bench.claim(&sample, token()).await,
            StoreError::Over { state: ShareState::Revoked, at } if at == revoked_at
        );
    }
}

pub(crate) async fn a_revocation_ends_every_lease(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    for views in [Some(3), None] {
        let sample = Sample::with_plaintext(1_100_000).viewed(views);
        bench.upload(&sample).await;
        let claims = [token(), token()];
        for claim in claims {
            bench.claim(&sample, claim).await.expect("views are left");
            store.part(sample.new.id, claim, 1).await.expect("the lease lasts");
        }
        let status = store.revoke(sample.new.id, sample.new.owner).await.expect("the owner may");
        assert_eq!(status.state, ShareState::Revoked);
        assert!(!bench.holds(&sample));
        for claim in claims {
            assert_refused!(store.part(sample.new.id, claim, 1).await, StoreError::ClaimOver);
            assert_refused!(store.renew(sample.new.id, claim).await, StoreError::ClaimOver);
        }
    }
}

pub(crate) async fn the_operator_takes_any_share_down(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    assert_refused!(store.take_down(Sample::one_time().new.id).await, StoreError::Unknown);
    let waiting = Sample::one_time();
    bench.create(&waiting).await;
    let opened = Sample::with_plaintext(1_100_000).viewed(Some(2));
    bench.upload(&opened).await;
    let claim = token();
    bench.claim(&opened, claim).await.expect("views are left");
    for sample in [&waiting, &opened] {
        for _ in 0..2 {
            store.take_down(sample.new.id).await.expect("again is the same");
        }
        assert!(!bench.holds(sample));
        let status = store.status(sample.new.id, sample.new.owner).await.expect("it is known");
        assert_eq!((status.state, status.revoked_at), (ShareState::Revoked, Some(bench.now())));
        let over = bench.claim(sample, token()).await;
        assert_refused!(over, StoreError::Over { state: ShareState::Revoked, .. });
    }
    assert_refused!(store.part(opened.new.id, claim, 1).await, StoreError::ClaimOver);

    let staged = Sample::with_plaintext(1_100_000);
    store.create(staged.new.clone(), Admission::Live).await.expect("there is room");
    store.take_down(staged.new.id).await.expect("it is known");
    let receipt =
        store.publish(staged.new.id, staged.new.owner, Admission::Live).await.expect("it is known");
    assert_eq!(receipt.state, ShareState::Revoked);
}

pub(crate) async fn an_opened_share_stays_opened_when_revoked(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let sample = Sample::one_time();
    bench.create(&sample).await;
    let (claim, opened_at) = (token(), bench.now());
    bench.claim(&sample, claim).await.expect("a view is left");
    bench.advance(MINUTE);
    let status = store.revoke(sample.new.id, sample.new.owner).await.expect("the owner may");
    assert_eq!((status.state, status.revoked_at), (ShareState::Opened, Some(bench.now())));
    assert!(!bench.holds(&sample));
    assert_refused!(bench.claim(&sample, claim).await, StoreError::ClaimOver);
    assert_refused!(
        bench.claim(&sample, token()).await,
        StoreError::Over { state: ShareState::Opened, at } if at == opened_at
    );
}

pub(crate) async fn an_expired_or_burned_share_stays_so_when_revoked(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let [expired, burned] = [(); 2].map(|()| Sample::one_time().viewed(Some(2)).with_passphrase());
    bench.create(&expired).await;
    bench.create(&burned).await;
    let claim = token();
    bench.claim(&burned, claim).await.expect("the proof is right");
    for _ in 0..10 {
        let wrong = store.claim(burned.new.id, burned.new.access, token(), Some(token())).await;
        assert_refused!(wrong, StoreError::WrongPassphrase { .. });
    }
    let status = store.revoke(burned.new.id, burned.new.owner).await.expect("the owner may");
    assert_eq!((status.state, status.revoked_at), (ShareState::Burned, None));
    assert_refused!(store.renew(burned.new.id, claim).await, StoreError::ClaimOver);
    assert!(!bench.holds(&burned));

    bench.advance(expired.new.expires_in.duration());
    let status = store.revoke(expired.new.id, expired.new.owner).await.expect("the owner may");
    assert_eq!((status.state, status.revoked_at), (ShareState::Expired, None));
    assert!(!bench.holds(&expired));
}
