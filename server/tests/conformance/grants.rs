//! Grants of applications, each for one share.

use crate::{
    bench::Engine,
    sample::{Sample, token},
};
use std::{sync::Arc, time::Duration};
use waxseal_server::store::{Clock as _, StoreError};

const MINUTE: Duration = Duration::from_secs(60);

pub(crate) async fn of_64_shares_racing_for_a_grant_one_has_it(engine: Engine) {
    let bench = engine.start().await;
    let (store, grant) = (bench.store(), token());
    let until = bench.clock.now().after(MINUTE);
    let race = |_| {
        let (store, id) = (Arc::clone(&store), Sample::one_time().new.id);
        tokio::spawn(async move { (id, store.take_grant(grant, id, until).await) })
    };
    let (mut winners, mut losers) = (Vec::new(), Vec::new());
    for racer in (0..64).map(race).collect::<Vec<_>>() {
        match racer.await.expect("no call panics") {
            (id, Ok(())) => winners.push(id),
            (id, Err(StoreError::Conflict)) => losers.push(id),
            (_, Err(error)) => panic!("{error}"),
        }
    }
    assert_eq!((winners.len(), losers.len()), (1, 63));
    store.take_grant(grant, winners[0], until).await.expect("the same share may ask again");
    assert_refused!(store.take_grant(grant, losers[0], until).await, StoreError::Conflict);
    store.take_grant(token(), losers[0], until).await.expect("another grant is another");
}
