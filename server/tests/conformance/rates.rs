//! How much one network may do.

use crate::{
    bench::Engine,
    sample::{Sample, token},
};
use std::{net::IpAddr, sync::Arc, time::Duration};
use waxseal_server::{
    network::Network,
    store::{Admission, Charge, Rate, StoreError, Toll, Whose},
};

const HOUR: Duration = Duration::from_secs(60 * 60);

fn network(address: &str) -> Whose {
    Network::from(address.parse::<IpAddr>().expect(address)).into()
}

fn charge(rate: Rate, amount: u64, an_hour: u64) -> Charge {
    Charge::new(rate, amount, an_hour).expect("it is limited")
}

/// One of each of these, of which there are so many an hour.
fn toll(address: &str, rates: &[Rate], an_hour: u64) -> Toll {
    let charges = rates.iter().map(|rate| charge(*rate, 1, an_hour)).collect();
    Toll { whose: network(address), charges }
}

pub(crate) async fn of_many_at_once_as_many_pass_as_are_allowed(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let ask = |n: u8| {
        let store = Arc::clone(&store);
        // All of one customer.
        let address = format!("2001:db8:1:2::{n:x}");
        tokio::spawn(async move {
            store.charge(network(&address), &[charge(Rate::Openings, 1, 10)]).await.is_ok()
        })
    };
    let mut passed = 0;
    for asked in (0..64).map(ask).collect::<Vec<_>>() {
        passed += u32::from(asked.await.expect("no call panics"));
    }
    assert_eq!(passed, 10);
    let other = store.charge(network("2001:db8:1:3::1"), &[charge(Rate::Openings, 1, 10)]).await;
    other.expect("another network has its own");
    let kind = store.charge(network("2001:db8:1:2::1"), &[charge(Rate::Creations, 1, 10)]).await;
    kind.expect("another kind has its own");
}

pub(crate) async fn what_was_used_comes_back_evenly(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let ask = async |amount| {
        let charges = [charge(Rate::Bytes, amount, 60)];
        match store.charge(network("192.0.2.1"), &charges).await {
            Ok(()) => None,
            Err(StoreError::TooMany { wait }) => Some(wait.as_secs()),
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(ask(60).await, None, "all at once");
    assert_eq!(ask(1).await, Some(60), "one comes back each minute");
    assert_eq!(ask(10).await, Some(600));
    bench.clock.advance(Duration::from_secs(599));
    assert_eq!(ask(10).await, Some(1));
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(ask(10).await, None);
    assert_eq!(ask(1).await, Some(60));
    bench.clock.advance(HOUR);
    assert_eq!(ask(1_000_000).await, None, "more than there can be takes all there is");
    assert_eq!(ask(1).await, Some(60));
}

pub(crate) async fn what_is_refused_counts_for_nothing(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let one = |rate, an_hour| charge(rate, 1, an_hour);
    let who = network("::ffff:192.0.2.1");
    store.charge(who, &[one(Rate::Bytes, 1)]).await.expect("the first fits");
    for _ in 0..5 {
        let both = [one(Rate::Creations, 2), one(Rate::Bytes, 1)];
        assert_refused!(store.charge(who, &both).await, StoreError::TooMany { .. });
    }
    let both = [one(Rate::Creations, 2), one(Rate::Openings, 1)];
    store.charge(network("192.0.2.1"), &both).await.expect("no creation was counted");
    store.charge(who, &[one(Rate::Creations, 2)]).await.expect("the second fits");
    assert_refused!(
        store.charge(who, &[one(Rate::Creations, 2)]).await,
        StoreError::TooMany { .. }
    );
}

pub(crate) async fn of_many_claims_at_once_as_many_open_as_are_allowed(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let sample = Sample::one_time().viewed(Some(64));
    bench.create(&sample).await;
    let ask = |_| {
        let (store, new) = (Arc::clone(&store), sample.new.clone());
        let toll = toll("192.0.2.1", &[Rate::Openings], 10);
        tokio::spawn(
            async move { store.claim_charged(toll, new.id, new.access, token(), None).await },
        )
    };
    let mut opened = 0;
    for asked in (0..64).map(ask).collect::<Vec<_>>() {
        match asked.await.expect("no call panics") {
            Ok(answer) => {
                assert_eq!(answer.answer.head, sample.body);
                opened += 1;
            }
            Err(StoreError::TooMany { wait }) => assert_eq!(wait, HOUR / 10),
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(opened, 10);
    let landing = store.landing(sample.new.id, sample.new.access).await.expect("it is live");
    assert_eq!(landing.views_left, Some(54), "the others spent nothing");
    // What is counted with a claim is what is counted otherwise.
    let again = store.charge(network("192.0.2.1"), &[charge(Rate::Openings, 1, 10)]).await;
    assert_refused!(again, StoreError::TooMany { .. });
}

pub(crate) async fn a_wrong_claim_counts_and_one_too_many_does_nothing(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let sample = Sample::one_time().with_passphrase();
    bench.create(&sample).await;
    let claim = async |access, proof| {
        let toll = toll("192.0.2.1", &[Rate::Openings], 3);
        store.claim_charged(toll, sample.new.id, access, token(), proof).await
    };
    let access = sample.new.access;
    assert_refused!(claim(token(), sample.proof).await, StoreError::Unknown);
    assert_refused!(claim(access, None).await, StoreError::PassphraseRequired);
    let wrong = claim(access, Some(token())).await;
    assert_refused!(wrong, StoreError::WrongPassphrase { tries_left: 9 });
    for proof in [Some(token()), sample.proof] {
        assert_refused!(claim(access, proof).await, StoreError::TooMany { .. });
    }
    bench.clock.advance(HOUR / 3);
    let opened = claim(access, sample.proof).await.expect("one has come back");
    assert_eq!(opened.answer.head, sample.body);
    let status = store.status(sample.new.id, sample.new.owner).await.expect("it is known");
    assert_eq!(status.failed_passphrases, 1);
}

pub(crate) async fn a_creation_counts_whatever_becomes_of_it(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let create = async |new| {
        // That it has a head is as good as any number of bytes here.
        let toll = toll("192.0.2.1", &[Rate::Creations, Rate::Bytes], 4);
        store.create_charged(toll, new, Admission::Live).await
    };
    let sample = Sample::one_time();
    assert!(create(sample.new.clone()).await.expect("it is new").now);
    assert!(!create(sample.new.clone()).await.expect("it is the same").now);
    let other = Sample::one_time();
    let mut taken = other.new.clone();
    taken.id = sample.new.id;
    assert_refused!(create(taken).await, StoreError::Conflict);
    let mut headless = other.new.clone();
    headless.head = Some(headless.head.expect("it is small").slice(1..));
    assert_refused!(create(headless).await, StoreError::WrongPart);
    assert_refused!(create(other.new.clone()).await, StoreError::TooMany { wait } if wait == HOUR / 4);
    assert_refused!(bench.claim(&other, token()).await, StoreError::Unknown);
    bench.clock.advance(HOUR / 4);
    create(other.new.clone()).await.expect("one has come back");
    for sample in [&sample, &other] {
        let opened = bench.claim(sample, token()).await.expect("it is live");
        assert_eq!(opened.head, sample.body);
    }
}
