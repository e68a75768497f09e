//! Requests: read as often as one likes, answered once.

use crate::{
    bench::{Bench, Engine},
    sample::{Sample, token},
};
use std::time::Duration;
use tokio::task::JoinSet;
use waxseal_core::{
    time::Timestamp,
    token::{SealedSecret, ShareId},
    wire::{Answer, OFFERS, ShareState},
};
use waxseal_server::store::{Admission, Done, NewShare, Retention, StoreError};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MILLISECOND: Duration = Duration::from_millis(1);

fn request() -> Sample {
    let mut sample = Sample::one_time();
    sample.new.request = true;
    sample
}

/// A share of one part, or of more, for an answer.
fn reply_of(request: &Sample, plaintext: u64) -> Sample {
    let mut sample = Sample::with_plaintext(plaintext).viewed(Some(1));
    sample.new.answers = Some(request.new.id);
    sample
}

fn reply(request: &Sample) -> Sample {
    reply_of(request, 1024)
}

const fn sealed(byte: u8) -> SealedSecret {
    SealedSecret::from_bytes([byte; 80])
}

impl Bench {
    async fn offer(&self, request: &Sample, share: ShareId) -> Result<(), StoreError> {
        self.store().offer(request.new.id, request.new.access, share).await
    }

    /// Offers a share, makes it live, and answers with it.
    async fn give(&self, request: &Sample, with: &Sample) -> Result<Done<Timestamp>, StoreError> {
        self.offer(request, with.new.id).await?;
        self.create(with).await;
        self.answer(request, with, 1).await
    }

    async fn answer(
        &self,
        request: &Sample,
        with: &Sample,
        byte: u8,
    ) -> Result<Done<Timestamp>, StoreError> {
        let NewShare { id, access, .. } = request.new;
        self.store().answer(id, access, with.new.id, sealed(byte)).await
    }

    async fn answer_of(&self, request: &Sample) -> (ShareState, Option<Answer>) {
        let status = self.store().status(request.new.id, request.new.owner).await;
        let status = status.expect("its owner may know");
        (status.state, status.answer.map(|answer| *answer))
    }
}

pub(crate) async fn a_request_is_read_as_often_as_one_likes_and_never_opened(engine: Engine) {
    let bench = engine.start().await;
    let request = request();
    assert_eq!(bench.create(&request).await.state, ShareState::Live);
    for _ in 0..3 {
        let view = bench.store().landing(request.new.id, request.new.access).await;
        assert_eq!(view.expect("it waits").note, Some(request.body.clone()));
        assert_refused!(bench.claim(&request, token()).await, StoreError::Conflict);
    }
    assert_eq!(bench.answer_of(&request).await, (ShareState::Live, None));
    let share = Sample::one_time();
    bench.create(&share).await;
    let view = bench.store().landing(share.new.id, share.new.access).await;
    assert_eq!(view.expect("it is live").note, None, "what is no request is opened, not read");
}

pub(crate) async fn the_first_answer_stays_and_is_told_again(engine: Engine) {
    let mut bench = engine.start().await;
    let request = request();
    bench.create(&request).await;
    let (first, second) = (reply(&request), reply(&request));
    bench.offer(&request, second.new.id).await.expect("there is room for it");
    bench.create(&second).await;
    let given = bench.give(&request, &first).await.expect("it waits");
    let at = bench.now();
    assert_eq!(given, Done::now(at));
    assert!(!bench.holds(&request), "nobody needs the note any more");
    bench.advance(Duration::from_secs(1));

    bench.reopen().await;
    let told = bench.answer(&request, &first, 1).await;
    assert_eq!(told.expect("it is the same"), Done::before(at));
    for (with, byte) in [(&first, 2), (&second, 1), (&second, 2)] {
        assert_refused!(
            bench.answer(&request, with, byte).await,
            StoreError::Over { state: ShareState::Answered, at: when } if when == at
        );
    }
    let landing = bench.store().landing(request.new.id, request.new.access).await;
    assert_refused!(landing, StoreError::Over { state: ShareState::Answered, .. });
    assert_refused!(
        bench.offer(&request, reply(&request).new.id).await,
        StoreError::Over { state: ShareState::Answered, .. }
    );
    let expires_at = at.after(DAY);
    let answer = Answer { share: first.new.id, sealed: sealed(1), at, expires_at };
    assert_eq!(bench.answer_of(&request).await, (ShareState::Answered, Some(answer)));
    let opened = bench.claim(&first, token()).await.expect("it is live");
    assert_eq!(opened.head, first.part(0));
}

pub(crate) async fn of_64_racing_answers_exactly_one_is_given(engine: Engine) {
    let bench = engine.start().await;
    let request = request();
    bench.create(&request).await;
    let mut replies = Vec::new();
    for _ in 0..4 {
        let reply = reply(&request);
        bench.offer(&request, reply.new.id).await.expect("there is room for it");
        bench.create(&reply).await;
        replies.push(reply.new.id);
    }
    let mut racers = JoinSet::new();
    for n in 0..64_u8 {
        let (store, share) = (bench.store(), replies[usize::from(n % 4)]);
        let NewShare { id, access, .. } = request.new;
        racers.spawn(async move { (n, store.answer(id, access, share, sealed(n)).await) });
    }
    let mut given = Vec::new();
    while let Some(raced) = racers.join_next().await {
        match raced.expect("nothing panics") {
            (n, Ok(_)) => given.push(n),
            (_, outcome) => {
                assert_refused!(outcome, StoreError::Over { state: ShareState::Answered, .. });
            }
        }
    }
    let [n] = given[..] else { panic!("{given:?} were given") };
    let (_, answer) = bench.answer_of(&request).await;
    let answer = answer.expect("there is one");
    assert_eq!((answer.share, answer.sealed), (replies[usize::from(n % 4)], sealed(n)));
}

pub(crate) async fn of_many_shares_offered_at_once_ten_are_admitted(engine: Engine) {
    let bench = engine.start().await;
    let request = request();
    bench.create(&request).await;
    let mut racers = JoinSet::new();
    for _ in 0..32 {
        let (store, share) = (bench.store(), reply(&request).new.id);
        let NewShare { id, access, .. } = request.new;
        racers.spawn(async move { (share, store.offer(id, access, share).await) });
    }
    let mut admitted = Vec::new();
    while let Some(raced) = racers.join_next().await {
        match raced.expect("nothing panics") {
            (share, Ok(())) => admitted.push(share),
            (_, outcome) => assert_refused!(outcome, StoreError::Conflict),
        }
    }
    assert_eq!(admitted.len(), OFFERS);
    for share in admitted {
        bench.offer(&request, share).await.expect("it is the same");
    }
}

pub(crate) async fn nothing_but_a_live_share_made_for_it_answers(engine: Engine) {
    let bench = engine.start().await;
    let (request, other) = (request(), request());
    bench.create(&request).await;
    bench.create(&other).await;
    let conflicts = async |with: &Sample| {
        assert_refused!(bench.answer(&request, with, 1).await, StoreError::Conflict);
        assert_eq!(bench.answer_of(&request).await, (ShareState::Live, None));
    };
    conflicts(&reply(&request)).await;
    conflicts(&request).await;
    let plain = Sample::one_time();
    bench.create(&plain).await;
    conflicts(&plain).await;
    let for_another = reply(&other);
    bench.create(&for_another).await;
    conflicts(&for_another).await;
    let staged = reply_of(&request, 1_100_000);
    bench.create(&staged).await;
    conflicts(&staged).await;
    let revoked = reply(&request);
    bench.create(&revoked).await;
    bench.store().revoke(revoked.new.id, revoked.new.owner).await.expect("its owner may");
    conflicts(&revoked).await;
    let opened = reply(&request);
    bench.create(&opened).await;
    bench.claim(&opened, token()).await.expect("it is live");
    conflicts(&opened).await;
    let expired = reply(&request).expiring_in(3600);
    bench.create(&expired).await;
    bench.advance(Duration::from_secs(3600));
    conflicts(&expired).await;

    let large = reply_of(&request, 1_100_000);
    bench.upload(&large).await;
    bench.answer(&request, &large, 1).await.expect("it is live and was made for it");
}

pub(crate) async fn what_answers_is_live_without_its_makers_confirmation(engine: Engine) {
    let bench = engine.start().await;
    let request = request();
    bench.create(&request).await;
    let store = bench.store();
    let small = reply(&request);
    let receipt = store.create(small.new.clone(), Admission::Pending).await.expect("it is new");
    assert_eq!(receipt.state, ShareState::Live);
    let large = reply_of(&request, 1_100_000);
    store.create(large.new.clone(), Admission::Pending).await.expect("it is new");
    for n in 0..large.new.size.parts() {
        let part = large.part(n);
        store.put_part(large.new.id, large.new.owner, n, part).await.expect("it fits");
    }
    let receipt = store.publish(large.new.id, large.new.owner, Admission::Pending).await;
    assert_eq!(receipt.expect("all parts are there").state, ShareState::Live);
}

pub(crate) async fn a_request_that_was_not_confirmed_or_is_over_admits_nothing(engine: Engine) {
    let bench = engine.start().await;
    let pending = request();
    bench.store().create(pending.new.clone(), Admission::Pending).await.expect("it is new");
    let (withdrawn, expired, taken) = (request(), request(), request());
    for request in [&withdrawn, &expired, &taken] {
        bench.create(request).await;
    }
    let reply_to = async |request: &Sample| {
        let reply = reply(request);
        bench.offer(request, reply.new.id).await.expect("it waits");
        bench.create(&reply).await;
        reply
    };
    let (to_withdrawn, to_expired) = (reply_to(&withdrawn).await, reply_to(&expired).await);
    bench.store().revoke(withdrawn.new.id, withdrawn.new.owner).await.expect("its owner may");
    bench.store().take_down(taken.new.id).await.expect("it is known");
    assert!(!bench.holds(&withdrawn) && !bench.holds(&taken));
    bench.advance(DAY - MILLISECOND);
    bench.advance(MILLISECOND);
    bench.loses_unasked(&expired);

    let share = reply(&pending);
    assert_refused!(bench.offer(&pending, share.new.id).await, StoreError::Unknown);
    assert_refused!(bench.answer(&pending, &share, 1).await, StoreError::Unknown);
    for (request, with, ended) in [
        (&withdrawn, &to_withdrawn, ShareState::Revoked),
        (&taken, &to_withdrawn, ShareState::Revoked),
        (&expired, &to_expired, ShareState::Expired),
    ] {
        let over =
            |error: &StoreError| matches!(error, StoreError::Over { state, .. } if *state == ended);
        assert_refused!(bench.offer(request, with.new.id).await, error if over(&error));
        assert_refused!(bench.answer(request, with, 1).await, error if over(&error));
        assert_eq!(bench.answer_of(request).await, (ended, None));
    }
}

pub(crate) async fn an_unknown_request_a_wrong_token_and_a_share_are_alike(engine: Engine) {
    let bench = engine.start().await;
    let (request, share) = (request(), Sample::one_time());
    bench.create(&request).await;
    bench.create(&share).await;
    let mut wrong = request.clone();
    wrong.new.access = token();
    for unknown in [&self::request(), &wrong, &share] {
        let with = reply(unknown);
        assert_refused!(bench.offer(unknown, with.new.id).await, StoreError::Unknown);
        assert_refused!(bench.answer(unknown, &with, 1).await, StoreError::Unknown);
    }
}

pub(crate) async fn an_answer_is_known_as_long_as_its_share(engine: Engine) {
    let retention = Retention { record: Duration::ZERO, ..Retention::default() };
    let bench = engine.start_with(retention).await;
    let request = request().expiring_in(3600);
    bench.create(&request).await;
    let reply = reply(&request);
    bench.give(&request, &reply).await.expect("it waits");
    bench.advance(DAY - MILLISECOND);
    let (state, answer) = bench.answer_of(&request).await;
    assert_eq!(
        (state, answer.map(|answer| answer.share)),
        (ShareState::Answered, Some(reply.new.id))
    );
    bench.advance(MILLISECOND);
    let status = bench.store().status(request.new.id, request.new.owner).await;
    assert_refused!(status, StoreError::Unknown);
}

pub(crate) async fn an_answered_request_stays_so_when_withdrawn(engine: Engine) {
    let bench = engine.start().await;
    let request = request();
    bench.create(&request).await;
    let reply = reply(&request);
    let at = bench.give(&request, &reply).await.expect("it waits").answer;
    let status = bench.store().revoke(request.new.id, request.new.owner).await;
    let status = status.expect("its owner may");
    assert_eq!((status.state, status.revoked_at), (ShareState::Answered, Some(bench.now())));
    let again = bench.answer(&request, &reply, 1).await;
    assert_eq!(again.expect("it is the same"), Done::before(at));
    bench.claim(&reply, token()).await.expect("the answer is there");
}
