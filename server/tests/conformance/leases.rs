//! How long a claim may ask again, and what goes when it may not.

use crate::{
    bench::Engine,
    sample::{Sample, token},
};
use std::time::Duration;
use waxseal_core::{token::TokenHash, wire::ShareState};
use waxseal_server::store::{Admission, Retention, StoreError};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const LEASE: Duration = Duration::from_secs(15 * 60);

pub(crate) async fn a_lapsed_lease_is_over_and_takes_the_content(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let sample = Sample::one_time();
    bench.create(&sample).await;
    let claim = token();
    let opened_at = bench.now();
    let answer = bench.claim(&sample, claim).await.expect("a view is left");
    assert_eq!(answer.lease_until, opened_at.after(LEASE));
    assert!(bench.holds(&sample));

    bench.advance(LEASE);
    assert_refused!(store.part(sample.new.id, claim, 0).await, StoreError::ClaimOver);
    assert_refused!(store.renew(sample.new.id, claim).await, StoreError::ClaimOver);
    assert_refused!(bench.claim(&sample, claim).await, StoreError::ClaimOver);
    assert!(!bench.holds(&sample));
    store.acknowledge(sample.new.id, claim).await.expect("it was answered once");
    assert_refused!(
        bench.claim(&sample, token()).await,
        StoreError::Over { state: ShareState::Opened, at } if at == opened_at
    );
}

pub(crate) async fn whatever_is_asked_in_a_lapsed_lease_takes_the_content(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    for call in ["part", "renew", "claim"] {
        let sample = Sample::one_time();
        bench.create(&sample).await;
        let claim = token();
        bench.claim(&sample, claim).await.expect("a view is left");
        bench.advance(LEASE);
        let over = match call {
            "part" => store.part(sample.new.id, claim, 0).await.map(drop),
            "renew" => store.renew(sample.new.id, claim).await.map(drop),
            _ => bench.claim(&sample, claim).await.map(drop),
        };
        assert_refused!(over, StoreError::ClaimOver);
        assert!(!bench.holds(&sample), "{call}");
    }
}

pub(crate) async fn requests_renew_a_lease_for_a_day_at_most(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let sample = Sample::one_time().expiring_in(432_000);
    bench.create(&sample).await;
    let claim = token();
    let day = bench.now().after(24 * HOUR);
    bench.claim(&sample, claim).await.expect("a view is left");
    for step in 0.. {
        bench.advance(10 * MINUTE);
        if bench.now() >= day {
            break;
        }
        let expected = bench.now().after(LEASE).min(day);
        let until = match step % 3 {
            0 => bench.claim(&sample, claim).await.expect("the lease lasts").lease_until,
            1 => store.renew(sample.new.id, claim).await.expect("the lease lasts"),
            _ => {
                store.part(sample.new.id, claim, 0).await.expect("the lease lasts");
                expected
            }
        };
        assert_eq!(until, expected);
    }
    assert_refused!(bench.claim(&sample, claim).await, StoreError::ClaimOver);
    assert_refused!(store.renew(sample.new.id, claim).await, StoreError::ClaimOver);
    assert!(!bench.holds(&sample));
}

pub(crate) async fn no_lease_outlasts_the_expiry(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let sample = Sample::one_time().expiring_in(3600).viewed(Some(2));
    let expires_at = bench.create(&sample).await.expires_at.expect("it is published");
    bench.advance(50 * MINUTE);
    let claim = token();
    let answer = bench.claim(&sample, claim).await.expect("it is live");
    assert_eq!(answer.lease_until, expires_at);
    bench.advance(9 * MINUTE);
    assert_eq!(store.renew(sample.new.id, claim).await.expect("the lease lasts"), expires_at);
    bench.advance(MINUTE);
    assert_refused!(store.renew(sample.new.id, claim).await, StoreError::ClaimOver);
    assert_refused!(bench.claim(&sample, claim).await, StoreError::ClaimOver);
    assert_refused!(
        bench.claim(&sample, token()).await,
        StoreError::Over { state: ShareState::Expired, at } if at == expires_at
    );
}

pub(crate) async fn the_last_acknowledgement_deletes_the_content(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    for sample in [Sample::one_time(), Sample::with_plaintext(1_100_000).viewed(Some(1))] {
        if sample.new.head.is_some() {
            bench.create(&sample).await;
        } else {
            bench.upload(&sample).await;
        }
        let claim = token();
        bench.claim(&sample, claim).await.expect("a view is left");
        assert!(bench.holds(&sample));
        for _ in 0..2 {
            store.acknowledge(sample.new.id, claim).await.expect("it was answered");
            assert!(!bench.holds(&sample));
        }
        assert_refused!(bench.claim(&sample, claim).await, StoreError::ClaimOver);
        assert_refused!(store.part(sample.new.id, claim, 0).await, StoreError::ClaimOver);
        assert_refused!(store.renew(sample.new.id, claim).await, StoreError::ClaimOver);
    }
}

pub(crate) async fn of_two_live_claims_one_acknowledged_keeps_the_content(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let sample = Sample::one_time().viewed(Some(2));
    bench.create(&sample).await;
    let (one, other) = (token(), token());
    bench.claim(&sample, one).await.expect("two views are left");
    bench.advance(MINUTE);
    bench.claim(&sample, other).await.expect("a view is left");
    store.acknowledge(sample.new.id, one).await.expect("it was answered");
    assert_refused!(store.part(sample.new.id, one, 0).await, StoreError::ClaimOver);
    let part = store.part(sample.new.id, other, 0).await.expect("its lease lasts");
    assert_eq!(part.whole().await.expect("it is read"), sample.part_0());
    let again = bench.claim(&sample, other).await.expect("its lease lasts");
    assert_eq!(again.head, sample.part(0));
    store.acknowledge(sample.new.id, other).await.expect("it was answered");
    assert!(!bench.holds(&sample));
}

pub(crate) async fn a_view_left_keeps_the_content(engine: Engine) {
    let bench = engine.start().await;
    let sample = Sample::one_time().viewed(Some(2));
    bench.create(&sample).await;
    let claim = token();
    bench.claim(&sample, claim).await.expect("two views are left");
    bench.store().acknowledge(sample.new.id, claim).await.expect("it was answered");
    assert_refused!(bench.claim(&sample, claim).await, StoreError::ClaimOver);
    bench.advance(LEASE);
    let answer = bench.claim(&sample, token()).await.expect("a view is left");
    assert_eq!((answer.head, answer.views_left), (sample.part(0), Some(0)));
}

fn without_leases() -> Retention {
    Retention { lease: Duration::ZERO, ..Retention::default() }
}

pub(crate) async fn without_leases_the_first_answer_takes_everything(engine: Engine) {
    let bench = engine.start_with(without_leases()).await;
    let sample = Sample::one_time().viewed(Some(2));
    bench.create(&sample).await;
    let [one, other]: [TokenHash; 2] = [token(), token()];
    let answer = bench.claim(&sample, one).await.expect("two views are left");
    assert_eq!((answer.lease_until, answer.views_left), (bench.now(), Some(1)));
    assert_eq!(answer.head, sample.part(0));
    assert_refused!(bench.claim(&sample, one).await, StoreError::ClaimOver);
    assert_refused!(bench.store().part(sample.new.id, one, 0).await, StoreError::ClaimOver);
    let answer = bench.claim(&sample, other).await.expect("a view is left");
    assert_eq!(answer.head, sample.part(0));
    assert!(!bench.holds(&sample));
    assert_refused!(bench.claim(&sample, other).await, StoreError::ClaimOver);
}

pub(crate) async fn without_leases_only_shares_of_one_part_are_taken(engine: Engine) {
    let bench = engine.start_with(without_leases()).await;
    let sample = Sample::with_plaintext(2_000_000);
    assert_refused!(
        bench.store().create(sample.new, Admission::Live).await,
        StoreError::OnePartOnly
    );
}

pub(crate) async fn a_lapsed_claim_of_an_unlimited_share_is_a_new_view(engine: Engine) {
    let bench = engine.start().await;
    let sample = Sample::one_time().viewed(None);
    bench.create(&sample).await;
    let claim = token();
    bench.claim(&sample, claim).await.expect("views do not end");
    bench.advance(LEASE);
    assert_refused!(bench.store().renew(sample.new.id, claim).await, StoreError::ClaimOver);
    let answer = bench.claim(&sample, claim).await.expect("views do not end");
    assert_eq!(answer.lease_until, bench.now().after(LEASE));
    bench.store().renew(sample.new.id, claim).await.expect("the lease lasts");
    let status = bench.store().status(sample.new.id, sample.new.owner).await.expect("known");
    assert_eq!(status.opened_at.len(), 2);
}

pub(crate) async fn only_the_newest_past_claims_are_remembered(engine: Engine) {
    /// As many as `store/record.rs` has.
    const REMEMBERED: usize = 100;
    let bench = engine.start().await;
    let store = bench.store();
    let sample = Sample::one_time().viewed(None);
    bench.create(&sample).await;
    let claims: Vec<TokenHash> = (0..REMEMBERED).map(|_| token()).collect();
    for claim in &claims {
        bench.advance(MINUTE);
        bench.claim(&sample, *claim).await.expect("views do not end");
    }
    bench.advance(LEASE);
    let live = token();
    bench.claim(&sample, live).await.expect("views do not end");
    store.renew(sample.new.id, live).await.expect("the lease lasts");
    for claim in &claims {
        assert_refused!(store.renew(sample.new.id, *claim).await, StoreError::ClaimOver);
    }
    bench.advance(LEASE);
    bench.claim(&sample, token()).await.expect("views do not end");
    assert_refused!(store.renew(sample.new.id, claims[0]).await, StoreError::Unknown);
    for claim in claims[1..].iter().chain([&live]) {
        assert_refused!(store.renew(sample.new.id, *claim).await, StoreError::ClaimOver);
    }
}

pub(crate) async fn of_too_many_live_claims_the_oldest_make_room(engine: Engine) {
    /// Live ones and remembered ones, as `store/record.rs` has them.
    const KEPT: usize = 1100;
    let bench = engine.start().await;
    let sample = Sample::one_time().viewed(None);
    bench.create(&sample).await;
    let first = token();
    bench.claim(&sample, first).await.expect("views do not end");
    bench.advance(Duration::from_millis(1));
    let others: Vec<TokenHash> = (1..KEPT).map(|_| token()).collect();
    let claims = others.iter().map(|claim| bench.claim(&sample, *claim));
    for answer in futures_util::future::join_all(claims).await {
        answer.expect("views do not end");
    }
    let id = sample.new.id;
    let last = token();
    bench.advance(Duration::from_millis(1));
    bench.claim(&sample, last).await.expect("views do not end");
    let store = bench.store();
    assert_refused!(store.renew(id, first).await, StoreError::Unknown);
    let renewals = others.iter().chain([&last]).map(|claim| store.renew(id, *claim));
    for answer in futures_util::future::join_all(renewals).await {
        answer.expect("only the oldest made room");
    }
}

pub(crate) async fn what_is_over_stays_over_when_the_clock_is_set_back(engine: Engine) {
    let bench = engine.start().await;
    let sample = Sample::one_time().viewed(Some(2));
    bench.create(&sample).await;
    let (acknowledged, cut) = (token(), token());
    bench.advance(MINUTE);
    for claim in [acknowledged, cut] {
        bench.claim(&sample, claim).await.expect("two views");
    }
    let id = sample.new.id;
    bench.store().acknowledge(id, acknowledged).await.expect("claimed");
    bench.set_back(MINUTE);
    assert_refused!(bench.claim(&sample, acknowledged).await, StoreError::ClaimOver);
    bench.advance(MINUTE);
    bench.store().revoke(id, sample.new.owner).await.expect("known");
    bench.set_back(MINUTE);
    assert_refused!(bench.store().renew(id, cut).await, StoreError::ClaimOver);
    assert_refused!(bench.claim(&sample, cut).await, StoreError::ClaimOver);
}
