//! How much one network may do.

use crate::bench::Engine;
use std::{net::IpAddr, sync::Arc, time::Duration};
use waxseal_server::{
    network::Network,
    store::{Charge, Rate, StoreError, Whose},
};

const HOUR: Duration = Duration::from_secs(60 * 60);

fn network(address: &str) -> Whose {
    Network::from(address.parse::<IpAddr>().expect(address)).into()
}

fn charge(rate: Rate, amount: u64, an_hour: u64) -> Charge {
    Charge::new(rate, amount, an_hour).expect("it is limited")
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
