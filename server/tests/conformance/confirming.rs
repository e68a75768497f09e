//! Pending shares: what confirms them.

use crate::{
    bench::{Bench, Engine},
    sample::{Sample, token},
};
use std::{sync::Arc, time::Duration};
use waxseal_core::{confirmation::ConfirmationNumber, wire::ShareState};
use waxseal_server::store::{AddressHash, Admission, Ask, Receipt, StoreError};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const PENDING: Duration = Duration::from_secs(10 * 60);
pub(crate) const ADDRESS: AddressHash = AddressHash::from_bytes([5; 32]);

/// Three parts, the last one small.
pub(crate) fn large() -> Sample {
    Sample::with_plaintext(2_200_000).viewed(Some(1))
}

pub(crate) fn question() -> Ask {
    Ask { token: token(), number: number(42), session_of: None }
}

fn number(number: u8) -> ConfirmationNumber {
    number.try_into().expect("less than a hundred")
}

impl Bench {
    /// Creates a share, in several parts if it has them, that waits for a confirmation.
    pub(crate) async fn submit(&self, sample: &Sample) -> Receipt {
        let (store, new) = (self.store(), &sample.new);
        let receipt =
            store.create(new.clone(), Admission::Pending).await.expect("it is new").answer;
        if new.head.is_some() {
            return receipt;
        }
        for n in 0..new.size.parts() {
            store.put_part(new.id, new.owner, n, sample.part(n)).await.expect("it fits");
        }
        let done = store.publish(new.id, new.owner, Admission::Pending).await;
        done.expect("all parts are there").answer
    }

    /// The same, and what to confirm it with.
    pub(crate) async fn submit_asked(&self, sample: &Sample) -> Ask {
        self.submit(sample).await;
        let ask = question();
        self.store().ask(sample.new.id, sample.new.owner, ask).await.expect("it is pending");
        ask
    }

    pub(crate) async fn confirm(&self, sample: &Sample, ask: Ask) -> Result<Receipt, StoreError> {
        let done = self.store().confirm(sample.new.id, ask.token, ask.number).await;
        done.map(|done| done.answer)
    }

    /// Confirms with a number that is wrong.
    pub(crate) async fn miss(&self, sample: &Sample, ask: Ask) -> Result<Receipt, StoreError> {
        self.confirm(sample, Ask { number: number(ask.number.get() ^ 1), ..ask }).await
    }

    pub(crate) async fn state(&self, sample: &Sample) -> ShareState {
        self.store().status(sample.new.id, sample.new.owner).await.expect("known").state
    }

    /// Nobody who holds the link is told that there is anything.
    pub(crate) async fn is_unknown(&self, sample: &Sample) {
        let landing = self.store().landing(sample.new.id, sample.new.access).await;
        assert_refused!(landing, StoreError::Unknown);
        assert_refused!(self.claim(sample, token()).await, StoreError::Unknown);
    }
}

pub(crate) async fn a_confirmation_starts_the_expiry(engine: Engine) {
    let bench = engine.start().await;
    for sample in [Sample::one_time(), large()] {
        let ask = bench.submit_asked(&sample).await;
        bench.advance(PENDING - Duration::from_millis(1));
        let receipt = bench.confirm(&sample, ask).await.expect("there is time");
        let expires_at = bench.now().after(DAY);
        let live = Receipt {
            state: ShareState::Live,
            expires_at: Some(expires_at),
            pending_until: None,
            size: sample.new.size,
        };
        assert_eq!(receipt, live);
        let store = bench.store();
        let landing = store.landing(sample.new.id, sample.new.access).await.expect("it is live");
        assert_eq!(landing.expires_at, expires_at);
        bench.advance(DAY - MINUTE);
        let claim = token();
        assert_eq!(bench.claim(&sample, claim).await.expect("it is live").head, sample.part(0));
        for n in 1..sample.new.size.parts() {
            let part = store.part(sample.new.id, claim, n).await.expect("the lease lasts");
            assert_eq!(part.whole().await.expect("it is read"), sample.part(n));
        }
        store.acknowledge(sample.new.id, claim).await.expect("it was answered");
        assert!(!bench.holds(&sample));
        bench.advance(MINUTE + 7 * DAY - SECOND);
        assert_eq!(bench.state(&sample).await, ShareState::Opened);
        bench.advance(SECOND);
        let status = store.status(sample.new.id, sample.new.owner).await;
        assert_refused!(status, StoreError::Unknown);
    }
}

pub(crate) async fn only_the_token_that_was_set_last_confirms(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let sample = Sample::one_time();
    let new = &sample.new;
    bench.submit(&sample).await;
    let never = question();
    assert_refused!(bench.confirm(&sample, never).await, StoreError::Unknown);
    assert_refused!(store.deny(new.id, never.token).await, StoreError::Unknown);
    assert_refused!(store.ask(new.id, token(), never).await, StoreError::Unknown);
    assert_refused!(bench.confirm(&sample, never).await, StoreError::Unknown);

    let first = question();
    let until = store.ask(new.id, new.owner, first).await.expect("it is pending");
    bench.advance(MINUTE);
    let second = Ask { number: number(7), ..question() };
    let again = store.ask(new.id, new.owner, second).await.expect("it is pending");
    assert_eq!(again, until, "the share has no more time than before");
    for void in [first, never, Ask { token: first.token, ..second }] {
        assert_refused!(bench.confirm(&sample, void).await, StoreError::Unknown);
        assert_refused!(store.deny(new.id, void.token).await, StoreError::Unknown);
    }
    let other = Sample::one_time();
    bench.submit_asked(&other).await;
    assert_refused!(bench.confirm(&other, second).await, StoreError::Unknown);
    assert_eq!(bench.state(&sample).await, ShareState::Pending);
    assert_refused!(
        bench.confirm(&sample, Ask { number: first.number, ..second }).await,
        StoreError::WrongNumber { tries_left: 2 },
    );
    bench.confirm(&sample, second).await.expect("it is the last that was set");
}

pub(crate) async fn a_token_confirms_once_and_again_tells_the_same(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let sample = Sample::one_time();
    let ask = bench.submit_asked(&sample).await;
    let receipt = bench.confirm(&sample, ask).await.expect("it is pending");
    bench.advance(MINUTE);
    assert_eq!(bench.confirm(&sample, ask).await.expect("it is the same"), receipt);
    // It is used up for all else.
    assert_refused!(bench.miss(&sample, ask).await, StoreError::Unknown);
    assert_refused!(store.deny(sample.new.id, ask.token).await, StoreError::Unknown);
    let asked = store.ask(sample.new.id, sample.new.owner, question()).await;
    assert_refused!(asked, StoreError::Conflict);
    assert_eq!(bench.state(&sample).await, ShareState::Live);
    bench.claim(&sample, token()).await.expect("a view is left");
    let opened = Receipt { state: ShareState::Opened, ..receipt };
    assert_eq!(bench.confirm(&sample, ask).await.expect("it is the same"), opened);
}

pub(crate) async fn the_third_wrong_number_ends_a_share_whatever_is_mailed_between(engine: Engine) {
    let bench = engine.start().await;
    for sample in [Sample::one_time(), large()] {
        let mut ask = bench.submit_asked(&sample).await;
        for left in [2, 1] {
            assert_refused!(
                bench.miss(&sample, ask).await,
                StoreError::WrongNumber { tries_left } if tries_left == left
            );
            ask = question();
            bench.store().ask(sample.new.id, sample.new.owner, ask).await.expect("it is pending");
        }
        let at = bench.now();
        assert_refused!(
            bench.miss(&sample, ask).await,
            StoreError::LastNumber { at: when } if when == at
        );
        assert!(!bench.holds(&sample));
        bench.advance(SECOND);
        assert_refused!(
            bench.confirm(&sample, ask).await,
            StoreError::Over { state: ShareState::Burned, at: when } if when == at
        );
        let denied = bench.store().deny(sample.new.id, ask.token).await.expect("its last token");
        assert_eq!(denied.state, ShareState::Burned);
        let status = bench.store().status(sample.new.id, sample.new.owner).await.expect("known");
        assert_eq!((status.state, status.failed_passphrases), (ShareState::Burned, 0));
        bench.is_unknown(&sample).await;
    }
}

pub(crate) async fn whoever_denies_takes_the_share_back(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    for sample in [Sample::one_time(), large()] {
        let ask = bench.submit_asked(&sample).await;
        let receipt = store.deny(sample.new.id, ask.token).await.expect("it is pending").answer;
        assert_eq!((receipt.state, receipt.expires_at), (ShareState::Revoked, None));
        assert_eq!(receipt.pending_until, None);
        assert!(!bench.holds(&sample));
        bench.advance(SECOND);
        assert_eq!(*store.deny(sample.new.id, ask.token).await.expect("the same"), receipt);
        assert_refused!(
            bench.confirm(&sample, ask).await,
            StoreError::Over { state: ShareState::Revoked, .. }
        );
        bench.is_unknown(&sample).await;
        let again = store.create(sample.new.clone(), Admission::Pending).await;
        assert_eq!(*again.expect("it is the same"), receipt);
    }
}

pub(crate) async fn nothing_but_a_pending_share_is_confirmed(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let (live, staged) = (Sample::one_time(), large());
    bench.create(&live).await;
    store.create(staged.new.clone(), Admission::Pending).await.expect("it is new");
    for sample in [&live, &staged] {
        let ask = question();
        let asked = store.ask(sample.new.id, sample.new.owner, ask).await;
        assert_refused!(asked, StoreError::Conflict);
        assert_refused!(bench.confirm(sample, ask).await, StoreError::Unknown);
        assert_refused!(store.deny(sample.new.id, ask.token).await, StoreError::Unknown);
    }
    let early = store.publish(staged.new.id, staged.new.owner, Admission::Pending).await;
    assert_refused!(early, StoreError::PartsMissing);
    assert_eq!(bench.state(&staged).await, ShareState::Staged);
}

pub(crate) async fn of_64_racing_confirmations_and_denials_one_decides(engine: Engine) {
    let bench = engine.start().await;
    let mut decided = [0; 2];
    for round in 0..20 {
        let sample = Sample::one_time();
        let ask = bench.submit_asked(&sample).await;
        let racers: Vec<_> = (0..64)
            .map(|n| {
                let (store, id) = (bench.store(), sample.new.id);
                tokio::spawn(async move {
                    if (n + round) % 2 == 0 {
                        (true, store.confirm(id, ask.token, ask.number).await)
                    } else {
                        (false, store.deny(id, ask.token).await)
                    }
                })
            })
            .collect();
        let state = {
            let mut states = Vec::new();
            for racer in racers {
                match racer.await.expect("no call panics") {
                    (_, Ok(receipt)) => states.push(receipt.state),
                    (true, Err(StoreError::Over { state, .. })) => states.push(state),
                    // The other way's answer, when it was confirmed.
                    (false, Err(StoreError::Unknown)) => states.push(ShareState::Live),
                    (_, Err(error)) => panic!("{error}"),
                }
            }
            assert_eq!(states.len(), 64);
            assert!(states.iter().all(|state| *state == states[0]), "{states:?}");
            states[0]
        };
        assert_eq!(bench.state(&sample).await, state);
        let opened = bench.claim(&sample, token()).await.is_ok();
        assert_eq!(opened, state == ShareState::Live);
        assert_eq!(bench.holds(&sample), opened);
        decided[usize::from(opened)] += 1;
    }
    assert_eq!(decided.iter().sum::<u32>(), 20);
}

pub(crate) async fn of_64_racing_wrong_numbers_exactly_three_are_counted(engine: Engine) {
    let bench = engine.start().await;
    let sample = Sample::one_time();
    let ask = bench.submit_asked(&sample).await;
    let racers: Vec<_> = (0..64)
        .map(|n| {
            let (store, id) = (bench.store(), sample.new.id);
            let wrong = number(if n < 42 { n } else { n + 1 });
            tokio::spawn(async move { store.confirm(id, ask.token, wrong).await })
        })
        .collect();
    let mut left = Vec::new();
    for racer in racers {
        match racer.await.expect("no call panics") {
            Err(StoreError::WrongNumber { tries_left }) => left.push(tries_left),
            Err(StoreError::LastNumber { .. }) => left.push(0),
            Err(StoreError::Over { state: ShareState::Burned, .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    left.sort_unstable();
    assert_eq!(left, [0, 1, 2]);
    assert!(!bench.holds(&sample));
    bench.is_unknown(&sample).await;
}

pub(crate) async fn a_confirmation_begins_one_session_if_one_was_asked_for(engine: Engine) {
    let bench = engine.start().await;
    let store = bench.store();
    let (first, second) = (token(), token());
    for asks in [None, Some(ADDRESS)] {
        let sample = Sample::one_time();
        let new = &sample.new;
        bench.submit(&sample).await;
        let begin = async |session| store.begin_session(new.id, new.owner, session, HOUR).await;
        let [before, ask] = [Some(ADDRESS), asks].map(|of| Ask { session_of: of, ..question() });
        store.ask(new.id, new.owner, before).await.expect("it is pending");
        store.ask(new.id, new.owner, ask).await.expect("it is pending");
        assert_eq!(begin(first).await.expect("known"), None, "nothing is confirmed");
        bench.confirm(&sample, ask).await.expect("it is pending");
        let other = store.begin_session(new.id, token(), first, HOUR).await;
        assert_refused!(other, StoreError::Unknown);
        bench.advance(MINUTE);
        let lasts = asks.map(|_| HOUR - MINUTE);
        assert_eq!(begin(first).await.expect("known"), lasts);
        assert_eq!(begin(second).await.expect("known"), None, "it has begun");
        assert_eq!(store.session(first).await.expect("it answers"), asks);
        assert_eq!(store.session(second).await.expect("it answers"), None);
    }
    bench.advance(HOUR - MINUTE - Duration::from_millis(1));
    assert_eq!(store.session(first).await.expect("it answers"), Some(ADDRESS));
    bench.advance(Duration::from_millis(1));
    assert_eq!(store.session(first).await.expect("it answers"), None);

    let late = Sample::one_time();
    bench.submit(&late).await;
    let ask = Ask { session_of: Some(ADDRESS), ..question() };
    store.ask(late.new.id, late.new.owner, ask).await.expect("it is pending");
    bench.confirm(&late, ask).await.expect("it is pending");
    bench.advance(HOUR);
    let begun = store.begin_session(late.new.id, late.new.owner, first, HOUR).await;
    assert_eq!(begun.expect("known"), None, "it would be over");
    assert_eq!(store.session(first).await.expect("it answers"), None);
}

/// Rates of owners' addresses, beside those of networks.
pub(crate) async fn mails_are_counted_by_network_and_by_address(engine: Engine) {
    use waxseal_server::{
        network::Network,
        store::{Charge, Rate, Whose},
    };
    let bench = engine.start().await;
    let store = Arc::clone(&bench.store());
    let charge = [Charge::new(Rate::Mails, 1, 2).expect("it is limited")];
    let network = Network::from(std::net::IpAddr::from([5, 5, 5, 5]));
    let all: [Whose; 3] = [ADDRESS.into(), AddressHash::from_bytes([6; 32]).into(), network.into()];
    for whose in all {
        for _ in 0..2 {
            store.charge(whose, &charge).await.expect("there are two");
        }
        let third = store.charge(whose, &charge).await;
        assert_refused!(third, StoreError::TooMany { wait } if wait == HOUR / 2);
    }
}
