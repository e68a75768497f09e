//! Calls that are sent again: which of them did it.

use crate::{
    bench::{Bench, Engine},
    confirming::{large, question},
    sample::{Sample, token},
};
use futures_util::future::join_all;
use std::time::Duration;
use waxseal_core::wire::ShareState;
use waxseal_server::store::{Admission, Ask, Done, Store, StoreError};

/// The same calls at once.
const RACERS: usize = 64;

/// How many of so many same calls at once did it, and whether one behind them did.
macro_rules! race {
    ($bench:expr, |$store:ident| $call:expr) => {{
        let call = async || {
            let $store = $bench.store();
            did($call.await.expect("all are answered"))
        };
        let answers = join_all((0..RACERS).map(|_| call())).await;
        (answers.into_iter().filter(|did| *did).count(), call().await)
    }};
}

fn did<T>(done: Done<T>) -> bool {
    done.now
}

pub(crate) async fn of_64_same_calls_at_once_one_did_it(engine: Engine) {
    let bench = engine.start().await;
    let (small, large, denied, deleted) =
        (Sample::one_time().viewed(Some(2)), large(), Sample::one_time(), Sample::one_time());
    let once = (1, false);
    for sample in [&small, &large] {
        let created = race!(bench, |store| store.create(sample.new.clone(), Admission::Pending));
        assert_eq!(created, once);
    }
    let new = &large.new;
    for n in 0..new.size.parts() {
        bench.store().put_part(new.id, new.owner, n, large.part(n)).await.expect("it fits");
    }
    let (id, owner, access) = (new.id, new.owner, new.access);
    assert_eq!(race!(bench, |store| store.publish(id, owner, Admission::Live)), once);
    let claim = token();
    assert_eq!(race!(bench, |store| store.claim(id, access, claim, None)), once);
    assert_eq!(race!(bench, |store| store.acknowledge(id, claim)), once);
    assert_eq!(race!(bench, |store| store.revoke(id, owner)), once);

    let (id, access) = (small.new.id, small.new.access);
    let ask = bench.ask(&small).await;
    assert_eq!(race!(bench, |store| store.confirm(id, ask.token, ask.number)), once);
    for _ in 0..2 {
        let claim = token();
        assert_eq!(race!(bench, |store| store.claim(id, access, claim, None)), once);
    }
    let (id, ask) = (denied.new.id, bench.submit_asked(&denied).await);
    assert_eq!(race!(bench, |store| store.deny(id, ask.token)), once);
    bench.create(&deleted).await;
    let id = deleted.new.id;
    assert_eq!(race!(bench, |store| store.take_down(id)), once);
}

pub(crate) async fn whoever_finds_a_share_over_did_nothing(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let [burned, opened, expired] = [(); 3].map(|()| Sample::one_time().with_passphrase());
    for sample in [&burned, &opened, &expired] {
        bench.create(sample).await;
    }
    for _ in 0..10 {
        let wrong = store.claim(burned.new.id, burned.new.access, token(), Some(token())).await;
        assert_refused!(wrong, StoreError::WrongPassphrase { .. });
    }
    let (denied, late) = (Sample::one_time(), Sample::one_time());
    let (denial, too_late) = (bench.submit_asked(&denied).await, bench.submit_asked(&late).await);
    assert!(did(store.deny(denied.new.id, denial.token).await.expect("it is pending")));
    let claim = token();
    bench.claim(&opened, claim).await.expect("a view is left");
    assert!(take_back(&*store, &opened).await, "there was a claim to end");
    assert!(!did(store.acknowledge(opened.new.id, claim).await.expect("it was answered")));

    bench.advance(expired.new.expires_in.duration());
    for sample in [&burned, &opened, &denied, &late, &expired] {
        assert!(!take_back(&*store, sample).await);
        assert!(!did(store.take_down(sample.new.id).await.expect("it is known")));
    }
    let denied = store.deny(late.new.id, too_late.token).await.expect("it was asked for");
    assert_eq!((denied.state, denied.now), (ShareState::Expired, false));
}

pub(crate) async fn a_lapsed_claim_has_nothing_to_acknowledge(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let sample = Sample::one_time().viewed(None);
    bench.create(&sample).await;
    let new = &sample.new;
    let claim = token();
    for _ in 0..2 {
        let again = async || store.claim(new.id, new.access, claim, None).await.expect("it opens");
        assert!(did(again().await), "without an end of views a lapsed claim is a new one");
        assert!(!did(again().await));
        bench.advance(Duration::from_secs(15 * 60));
        assert!(!did(store.acknowledge(new.id, claim).await.expect("it was answered")));
    }
}

pub(crate) async fn what_was_acknowledged_stays_so_by_whatever_clock(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let sample = Sample::one_time();
    bench.create(&sample).await;
    let claim = token();
    bench.claim(&sample, claim).await.expect("a view is left");
    let acknowledge =
        async || did(store.acknowledge(sample.new.id, claim).await.expect("it was answered"));
    assert!(acknowledge().await);
    // Another server's may be behind.
    bench.set_back(Duration::from_secs(1));
    assert!(!acknowledge().await);
}

async fn take_back(store: &dyn Store, sample: &Sample) -> bool {
    did(store.revoke(sample.new.id, sample.new.owner).await.expect("the owner may"))
}

impl Bench {
    /// Asks the owner of a pending share.
    async fn ask(&self, sample: &Sample) -> Ask {
        let ask = question();
        self.store().ask(sample.new.id, sample.new.owner, ask).await.expect("it is pending");
        ask
    }
}
