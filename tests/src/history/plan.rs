//! What the clients of a history do: drawn from its seed, and from what came of what they did before.
//!
//! Invariant: no time comes near the end of a lease or of a share, so that a history need not know more
//! of the time than its clock's minutes.

use super::{
    call::{Answer, Minute, Proof, Request},
    secrets::{CLAIMS, CONTENTS},
    specification::Terms,
};
use crate::dice::Dice;
use std::collections::VecDeque;

/// How many shares a history has.
const SHARES: u64 = 4;

/// How many requests a client makes in a round, beside what an owner does.
pub(super) const REQUESTS: usize = 3;

/// The clock is moved by one of these: within a lease, past it, past an expiry and what is staged. No sum
/// of few of them comes near 15 minutes or an hour.
const JUMPS: [Minute; 3] = [4, 17, 67];

/// How a history goes.
pub(super) struct Plan {
    pub(super) shares: Vec<Kind>,
    pub(super) rounds: Vec<Round>,
}

/// A share, and what people do with it.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    pub(super) terms: Terms,
    /// Its passphrase is guessed at.
    guessed: bool,
    /// Its owner regrets it.
    regretted: bool,
}

/// What all clients do at the same time.
pub(super) struct Round {
    /// By how much the clock is moved, and before which request of the round.
    pub(super) jump: Option<(Minute, usize)>,
}

/// A request to be made.
#[derive(Clone, Copy)]
pub(super) enum Next {
    One {
        share: usize,
        request: Request,
        stranger: bool,
    },
    /// The status of all at once.
    All,
}

/// What a client remembers.
#[derive(Default)]
pub(super) struct Mind {
    /// What is to be done until it is answered.
    duties: VecDeque<Next>,
    /// A claim that is held.
    held: Option<(usize, u8)>,
    lost: Option<Next>,
}

impl Plan {
    pub(super) fn draw(clients: usize, dice: &mut Dice) -> Self {
        // One share in a third of the histories.
        let staged = dice.below(3 * SHARES);
        let shares = (0..SHARES).map(|share| Kind::draw(share == staged, dice)).collect();
        let requests = (clients * REQUESTS) as u64;
        let rounds = (0..3 + dice.below(2)).map(|_| {
            let by = *dice.pick(&JUMPS);
            // Half of them while nothing but what was lost is under way.
            let before = if dice.percent(50) { 0 } else { dice.below(requests) as usize };
            Round { jump: dice.percent(75).then_some((by, before)) }
        });
        Self { rounds: rounds.collect(), shares }
    }
}

impl Kind {
    fn draw(staged: bool, dice: &mut Dice) -> Self {
        let passphrase = dice.percent(33);
        let terms = Terms {
            parts: if staged { 2 } else { 1 },
            views: *dice.pick(&[Some(1), Some(1), Some(1), Some(2), Some(3), None]),
            passphrase,
            expires_in: *dice.pick(&[60, 60, 720]),
        };
        Self { terms, guessed: passphrase && dice.percent(50), regretted: dice.percent(25) }
    }

    /// What somebody may do with it; `None` = look at all.
    fn any(self, dice: &mut Dice) -> Option<Request> {
        let several = self.terms.parts > 1;
        let part = small(dice, self.terms.parts);
        let claim = small(dice, CLAIMS);
        let content = small(dice, CONTENTS);
        let proof = self.proof(dice);
        let create = Request::Create { content: if several { 0 } else { content } };
        let weighed = [
            (Some(create), 5),
            (Some(Request::Put { part, content }), if several { 6 } else { 1 }),
            (Some(Request::Parts), if several { 4 } else { 1 }),
            (Some(Request::Publish), if several { 8 } else { 1 }),
            (Some(Request::Landing), 10),
            (Some(Request::Claim { claim, proof }), if self.guessed { 70 } else { 30 }),
            (Some(Request::Part { claim, part }), 5),
            (Some(Request::Renew { claim }), 5),
            (Some(Request::Acknowledge { claim }), 4),
            (Some(Request::Status { batch: false }), 10),
            (Some(Request::Revoke), if self.regretted { 6 } else { 1 }),
            (None, 3),
        ];
        let mut at = dice.below(weighed.iter().map(|(_, weight)| weight).sum());
        let (request, _) = weighed.into_iter().find(|(_, weight)| {
            let found = at < *weight;
            at = at.saturating_sub(*weight);
            found
        })?;
        request
    }

    fn proof(self, dice: &mut Dice) -> Proof {
        let [none, wrong] = match (self.terms.passphrase, self.guessed) {
            (false, _) => [90, 5],
            (true, false) => [10, 30],
            (true, true) => [5, 85],
        };
        match dice.below(100) {
            at if at < none => Proof::None,
            at if at < none + wrong => Proof::Wrong,
            _ => Proof::Right,
        }
    }
}

impl Mind {
    /// Of who is to create `share`. Two people may think they are.
    pub(super) fn owner(share: usize, kind: Kind, first: bool, dice: &mut Dice) -> Self {
        let one = |request| Next::One { share, request, stranger: false };
        let several = kind.terms.parts > 1;
        let content = if first || several { 0 } else { small(dice, CONTENTS) };
        let mut duties = VecDeque::from([one(Request::Create { content })]);
        if several && first {
            duties.extend((0..2).map(|part| one(Request::Put { part, content })));
            duties.extend(dice.percent(75).then_some(one(Request::Publish)));
        }
        Self { duties, ..Self::default() }
    }

    /// Whether there is something that cannot be left.
    pub(super) fn has_duties(&self) -> bool {
        !self.duties.is_empty()
    }

    /// What it asks for now.
    pub(super) fn next(&mut self, shares: &[Kind], dice: &mut Dice) -> Next {
        if let Some(duty) = self.duties.front() {
            return *duty;
        }
        if let Some(lost) = self.lost.take().filter(|_| dice.percent(70)) {
            return lost;
        }
        if let Some((share, claim)) = self.held.filter(|_| dice.percent(50)) {
            let part = small(dice, shares[share].terms.parts);
            let request = *dice.pick(&[
                Request::Claim { claim, proof: Proof::None },
                Request::Part { claim, part },
                Request::Renew { claim },
                Request::Acknowledge { claim },
            ]);
            return Next::One { share, request, stranger: false };
        }
        let share = dice.below(shares.len() as u64) as usize;
        match shares[share].any(dice) {
            Some(request) => {
                // Whoever creates has the tokens.
                let stranger = !matches!(request, Request::Create { .. }) && dice.percent(4);
                Next::One { share, request, stranger }
            }
            None => Next::All,
        }
    }

    /// What came of it.
    pub(super) fn learn(&mut self, next: Next, answer: Option<&Answer>) {
        match (next, answer) {
            (next, None) => self.lost = Some(next),
            (Next::One { share, request: Request::Claim { claim, .. }, .. }, Some(answer)) => {
                self.held = matches!(answer, Answer::Head { .. }).then_some((share, claim));
            }
            _ => {}
        }
        if answer.is_some() {
            self.duties.pop_front();
        }
    }
}

fn small(dice: &mut Dice, bound: u8) -> u8 {
    dice.below(bound.into()) as u8
}
