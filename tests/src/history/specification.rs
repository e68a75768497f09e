//! What a share does when one thing is done to it at a time: design and documentation of the store in
//! small, without a store.
//!
//! Invariant: it shares no code with the server. Minutes are exact, since no history takes one and the
//! clock is moved by whole ones.

use super::call::{Answer, Call, Minute, Proof, Request, Status};
use crate::linearizability::Specification;
use std::collections::BTreeMap;
use waxseal_core::wire::ShareState;

/// From a claim's last request to the end of its lease.
const LEASE: Minute = 15;
/// From the last request of the owner of a staged share till it is forgotten.
const STAGED: Minute = 60;
/// Wrong passphrases that burn a share.
const TRIES: u32 = 10;

/// What is fixed before a share is created.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// One, created with its content, or two, staged.
    pub(super) parts: u8,
    /// Openings; `None` = any number.
    pub(super) views: Option<u32>,
    /// Whether there is one.
    pub(super) passphrase: bool,
    /// From the publication to the expiry.
    pub(super) expires_in: Minute,
}

/// A share of some terms, and the time at each reading of the clock.
pub(super) struct OneShare<'a> {
    /// The share's.
    pub(super) terms: Terms,
    /// Ascending.
    pub(super) clock: &'a [Minute],
}

/// The time at which something is done. Whoever reads the clock first decides by that; what the store
/// lets go of by itself may be gone since.
#[derive(Clone, Copy)]
struct Now {
    server: Minute,
    /// Not earlier.
    store: Minute,
}

/// All that is known of a share, if it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct State(Option<Share>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Share {
    /// What the creation brought.
    content: u8,
    parts: [Option<u8>; 2],
    created_at: Minute,
    /// While it is staged, and for what was revoked then.
    forgotten_at: Option<Minute>,
    expires_at: Option<Minute>,
    views_left: Option<u32>,
    opened_at: Vec<Minute>,
    failed: u32,
    used_up_at: Option<Minute>,
    burned_at: Option<Minute>,
    revoked_at: Option<Minute>,
    /// When the lease of each claim that was answered ends.
    leases: BTreeMap<u8, Minute>,
}

impl Specification for OneShare<'_> {
    type State = State;
    type Call = Call;

    fn initial(&self) -> State {
        State::default()
    }

    fn step(&self, state: &State, call: &Call) -> Vec<State> {
        let (first, last) = call.clock;
        let readings =
            (first..=last).flat_map(|server| (server..=last).map(move |it| (server, it)));
        let mut after = Vec::new();
        for (server, store) in readings {
            let mut next = state.clone();
            let now = Now { server: self.clock[server], store: self.clock[store] };
            let answer = next.answer(self.terms, call, now);
            if call.answer.as_ref().is_none_or(|given| *given == answer) && !after.contains(&next) {
                after.push(next);
            }
        }
        after
    }

    fn is_read(&self, call: &Call) -> bool {
        call.is_read()
    }

    fn are_alike(&self, one: &Call, other: &Call) -> bool {
        let all = |call: &Call| (call.request, call.stranger, call.clock);
        all(one) == all(other)
    }
}

impl State {
    /// Does what is asked for and answers.
    fn answer(&mut self, terms: Terms, call: &Call, now: Now) -> Answer {
        let forgotten = |at| now.store >= at;
        let known = self.0.as_mut().filter(|share| !share.forgotten_at.is_some_and(forgotten));
        match (known, call.request) {
            (Some(share), Request::Create { content }) => share.created(content, now.server),
            (Some(share), request) if !call.stranger => share.answer(terms, request, now),
            (None, Request::Create { content }) => {
                let share = Share::new(terms, content, now.server);
                let answer = share.receipt(now.server);
                self.0 = Some(share);
                answer
            }
            _ => Answer::Unknown,
        }
    }
}

impl Share {
    fn new(terms: Terms, content: u8, now: Minute) -> Self {
        let staged = terms.parts > 1;
        Self {
            content,
            parts: [(!staged).then_some(content), None],
            created_at: now,
            forgotten_at: staged.then_some(now + STAGED),
            expires_at: (!staged).then_some(now + terms.expires_in),
            views_left: terms.views,
            opened_at: Vec::new(),
            failed: 0,
            used_up_at: None,
            burned_at: None,
            revoked_at: None,
            leases: BTreeMap::new(),
        }
    }

    fn created(&self, content: u8, now: Minute) -> Answer {
        if content == self.content { self.receipt(now) } else { Answer::Conflict }
    }

    fn answer(&mut self, terms: Terms, request: Request, at: Now) -> Answer {
        let now = at.server;
        let state = self.state(now);
        match request {
            Request::Create { content } => self.created(content, now),
            Request::Put { .. } if state != ShareState::Staged => Answer::Conflict,
            Request::Put { part, content } => {
                self.parts[usize::from(part)] = Some(content);
                self.forgotten_at = Some(now + STAGED);
                Answer::Stored
            }
            Request::Parts => self.listed(terms, now),
            Request::Publish => self.publish(terms, now),
            Request::Landing | Request::Claim { .. } if state == ShareState::Staged => {
                Answer::Unknown
            }
            Request::Landing => self.landing(terms, now),
            Request::Claim { claim, proof } => self.claim(terms, claim, proof, at),
            Request::Part { claim, part } => match self.renew(claim, at) {
                Ok(_) => Answer::Part { content: self.part(part) },
                Err(over) => over,
            },
            Request::Renew { claim } => match self.renew(claim, at) {
                Ok(until) => Answer::Lease { until },
                Err(over) => over,
            },
            Request::Acknowledge { claim } => match self.leases.get_mut(&claim) {
                Some(until) => {
                    *until = (*until).min(now);
                    Answer::Acknowledged
                }
                None => Answer::Unknown,
            },
            Request::Status { .. } => self.status(now),
            Request::Revoke => self.revoke(now),
        }
    }

    fn publish(&mut self, terms: Terms, now: Minute) -> Answer {
        if self.state(now) == ShareState::Staged {
            if self.parts.contains(&None) {
                return Answer::Conflict;
            }
            self.expires_at = Some(now + terms.expires_in);
            self.forgotten_at = None;
        }
        self.receipt(now)
    }

    fn listed(&mut self, terms: Terms, now: Minute) -> Answer {
        match self.state(now) {
            ShareState::Live => Answer::Parts((0..u64::from(terms.parts)).collect()),
            ShareState::Staged => {
                self.forgotten_at = Some(now + STAGED);
                let there = (0..).zip(self.parts).filter(|(_, part)| part.is_some());
                Answer::Parts(there.map(|(n, _)| n).collect())
            }
            _ => self.over(now),
        }
    }

    fn landing(&self, terms: Terms, now: Minute) -> Answer {
        match (self.state(now), self.expires_at) {
            (ShareState::Live, Some(expires_at)) => Answer::Landing {
                expires_at,
                views_left: self.views_left,
                tries_left: terms.passphrase.then_some(TRIES - self.failed),
            },
            _ => self.over(now),
        }
    }

    fn claim(&mut self, terms: Terms, claim: u8, proof: Proof, at: Now) -> Answer {
        let now = at.server;
        match self.renew(claim, at) {
            Ok(until) => return self.head(until),
            // Where there is no end of views, a claim that is over is forgotten.
            Err(Answer::ClaimOver) if terms.views.is_some() => return Answer::ClaimOver,
            Err(_) => {}
        }
        if self.state(now) != ShareState::Live {
            return self.over(now);
        }
        match (terms.passphrase, proof) {
            (false, Proof::None) | (true, Proof::Right) => {}
            (false, _) => return Answer::NoPassphraseSet,
            (true, Proof::None) => return Answer::PassphraseRequired,
            (true, Proof::Wrong) => {
                self.failed += 1;
                if self.failed == TRIES {
                    self.burned_at = Some(now);
                }
                return Answer::WrongPassphrase { tries_left: TRIES - self.failed };
            }
        }
        if let Some(expired) = self.expires_at.filter(|end| at.store >= *end) {
            return Answer::ShareOver { state: ShareState::Expired, at: expired };
        }
        self.opened_at.push(now);
        self.views_left = self.views_left.map(|left| left - 1);
        if self.views_left == Some(0) {
            self.used_up_at = Some(now);
        }
        let until = self.lease(now);
        self.leases.insert(claim, until);
        self.head(until)
    }

    /// Until when the lease of a live claim lasts with a request now.
    fn renew(&mut self, claim: u8, now: Now) -> Result<Minute, Answer> {
        let lasts = self.lease(now.server);
        match self.leases.get_mut(&claim) {
            Some(until) if now.store < *until => {
                *until = lasts;
                Ok(lasts)
            }
            Some(_) => Err(Answer::ClaimOver),
            None => Err(Answer::Unknown),
        }
    }

    fn revoke(&mut self, now: Minute) -> Answer {
        use ShareState::{Live, Opened, Staged};
        if self.revoked_at.is_none() && matches!(self.state(now), Live | Opened | Staged) {
            self.revoked_at = Some(now);
        }
        self.leases.values_mut().for_each(|until| *until = now.min(*until));
        self.status(now)
    }

    fn lease(&self, now: Minute) -> Minute {
        self.expires_at.map_or(now, |at| at.min(now + LEASE))
    }

    fn part(&self, part: u8) -> u8 {
        self.parts[usize::from(part)].unwrap_or(u8::MAX)
    }

    fn head(&self, lease_until: Minute) -> Answer {
        Answer::Head {
            content: self.part(0),
            expires_at: self.expires_at.unwrap_or(Minute::MAX),
            lease_until,
            views_left: self.views_left,
        }
    }

    fn receipt(&self, now: Minute) -> Answer {
        Answer::Receipt { state: self.state(now), expires_at: self.expires_at }
    }

    fn status(&self, now: Minute) -> Answer {
        Answer::Status(Status {
            state: self.state(now),
            created_at: self.created_at,
            expires_at: self.expires_at,
            views_left: self.views_left,
            opened_at: self.opened_at.clone(),
            failed_passphrases: self.failed,
            revoked_at: self.revoked_at,
        })
    }

    /// How its life ended, to who asks for what only a share that lives has.
    fn over(&self, now: Minute) -> Answer {
        match self.stage(now) {
            (state, Some(at)) => Answer::ShareOver { state, at },
            (state, None) => Answer::Other(format!("{state:?} is not over")),
        }
    }

    fn state(&self, now: Minute) -> ShareState {
        self.stage(now).0
    }

    fn stage(&self, now: Minute) -> (ShareState, Option<Minute>) {
        let expired = self.expires_at.filter(|at| now >= *at);
        if self.used_up_at.is_some() {
            (ShareState::Opened, self.used_up_at)
        } else if self.burned_at.is_some() {
            (ShareState::Burned, self.burned_at)
        } else if self.revoked_at.is_some() {
            (ShareState::Revoked, self.revoked_at)
        } else if expired.is_some() {
            (ShareState::Expired, expired)
        } else if self.expires_at.is_some() {
            (ShareState::Live, None)
        } else {
            (ShareState::Staged, None)
        }
    }
}
