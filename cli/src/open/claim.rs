//! The way to an open head: landing, passphrase, claim.
//!
//! Invariant: nothing is used up before the user agreed; a passphrase that was wrong is not sent
//! again, and none is sent twice because an answer was lost.

use super::{carry_on, names, place::Place};
use crate::{
    App,
    api::{Api, ApiError, Claimed, Patience, Refused},
    args,
    failure::{Failure, Kind},
    ui, words,
};
use getrandom::SysRng;
use std::time::Duration;
use waxseal_core::{
    body::OpenedHead,
    keys::{BodyKey, LinkKeys, PassphraseKeys},
    layout::SEAL,
    passphrase::Passphrase,
    time::Timestamp,
    token::{ClaimToken, Proof},
    wire::{ClaimRequest, Landing, Problem, ProblemType},
};
use zeroize::Zeroizing;

/// The variable that holds a passphrase.
const VARIABLE: &str = "WAXSEAL_PASSPHRASE";
/// What is said to be left of a claim whose answer is not known: the server's usual lease.
const USUAL_LEASE: Duration = Duration::from_secs(15 * 60);

/// One run of `open` up to the claim's answer.
pub(super) struct Opening<'a> {
    app: &'a App,
    args: &'a args::Open,
    api: &'a Api,
    keys: &'a LinkKeys,
}

/// A share that was opened.
pub(super) struct Opened {
    /// What it holds.
    pub(super) head: OpenedHead,
    /// Part 0 without the seal.
    pub(super) part_0: Vec<u8>,
    /// What may ask for the rest.
    pub(super) claim: ClaimToken,
    /// How long the claim outlives its last request.
    pub(super) lease: Duration,
    /// When the share expires.
    pub(super) expires_at: Timestamp,
    /// Openings left; `None` = any number.
    pub(super) views_left: Option<u32>,
}

/// Where a passphrase comes from.
enum Source {
    Fixed,
    Terminal,
}

impl<'a> Opening<'a> {
    pub(super) fn new(
        app: &'a App,
        args: &'a args::Open,
        api: &'a Api,
        keys: &'a LinkKeys,
    ) -> Self {
        Self { app, args, api, keys }
    }

    /// Opens, or carries on with what was begun.
    ///
    /// # Errors
    /// Why not; it says what that used up.
    pub(super) fn run(&self, place: &mut Place) -> Result<Opened, Failure> {
        let Some(record) = place.record() else {
            let claim = ClaimToken::generate(&mut SysRng).map_err(|error| {
                Failure::new(Kind::Failed, format!("no random numbers: {error}"))
            })?;
            return self.fresh(place, claim);
        };
        self.app.ui.say("Carrying on with an opening that was begun.");
        let patience = self.patience();
        match patience.until(|| self.ask(&record.claim, None)) {
            Ok(claimed) if record.passphrase => self.unlock_again(claimed, record.claim),
            Ok(claimed) => opened(&self.keys.body(), claimed, record.claim),
            // The server never got it: it is as good as a new one.
            Err(Refused::Error(error)) if error.is(ProblemType::PassphraseRequired) => {
                self.fresh(place, record.claim)
            }
            Err(refused) => Err(self.not_opened(place, refused)),
        }
    }

    fn fresh(&self, place: &Place, claim: ClaimToken) -> Result<Opened, Failure> {
        let landing = Patience::new(self.app.first_contact(), |_| {})
            .until(|| self.api.landing(self.keys.id, &self.keys.access))
            .map_err(|refused| {
                let failure = Failure::from(refused);
                let unreachable = failure.kind == Kind::Unreachable;
                if unreachable { failure.and("; nothing was used up, try again") } else { failure }
            })?;
        self.introduce(&landing);
        if !self.args.text_only {
            names::check_room(&self.args.out, landing.size)?;
        }
        if !self.args.yes && self.app.ui.is_interactive() {
            let question = match landing.views_left {
                Some(1) => "Open it now? It can be viewed only this 1 time.",
                _ => "Open it now?",
            };
            self.app.ui.confirm(question)?;
        }
        if !landing.passphrase {
            place.begin(&claim, false)?;
            let claimed = self.patience().until(|| self.ask(&claim, None));
            let claimed = claimed.map_err(|refused| self.not_opened(place, refused))?;
            return opened(&self.keys.body(), claimed, claim);
        }
        self.with_passphrase(place, claim, landing.tries_left)
    }

    /// Tries passphrases until one is right; asks again only at a terminal.
    fn with_passphrase(
        &self,
        place: &Place,
        claim: ClaimToken,
        mut tries_left: Option<u32>,
    ) -> Result<Opened, Failure> {
        let mut wrong: Vec<Proof> = Vec::new();
        loop {
            let (passphrase, source) = self.passphrase()?;
            let unlocked = self.keys.with_passphrase(&passphrase);
            if wrong.contains(&unlocked.proof) {
                self.app.ui.error_line("You tried this one already: it was not sent again.");
                continue;
            }
            place.begin(&claim, true)?;
            let refused = match self.prove(&claim, &unlocked.proof, tries_left) {
                Ok(claimed) => return opened(&unlocked.body, claimed, claim),
                Err(refused) => refused,
            };
            let left = match &refused {
                Refused::Error(error) if error.is(ProblemType::WrongPassphrase) => {
                    error.problem().and_then(|problem| problem.tries_left)
                }
                _ => return Err(self.not_opened(place, refused)),
            };
            if left == Some(0) || matches!(source, Source::Fixed) {
                return Err(self.not_opened(place, refused));
            }
            place.leave();
            tries_left = left;
            wrong.push(unlocked.proof);
            self.app.ui.error_line(&Failure::from(refused).message);
        }
    }

    /// Sends a claim with a proof. After a lost answer the claim goes alone: if it was taken, it is
    /// answered; if not, the tries that are left say whether the proof was found wrong.
    fn prove(
        &self,
        claim: &ClaimToken,
        proof: &Proof,
        tries_before: Option<u32>,
    ) -> Result<Claimed, Refused> {
        let mut lost = false;
        self.patience().until(|| {
            if lost {
                match self.ask(claim, None) {
                    Err(error) if error.is(ProblemType::PassphraseRequired) => {}
                    answered => return answered,
                }
                let landing = self.api.landing(self.keys.id, &self.keys.access)?;
                if landing.tries_left < tries_before {
                    return Err(wrong_passphrase(landing.tries_left));
                }
                lost = false;
            }
            let answer = self.ask(claim, Some(proof.clone()));
            lost = answer.as_ref().is_err_and(ApiError::is_passing);
            answer
        })
    }

    /// For a claim that was answered before: the passphrase opens the head, the server is not asked.
    fn unlock_again(&self, claimed: Claimed, claim: ClaimToken) -> Result<Opened, Failure> {
        loop {
            let (passphrase, source) = self.passphrase()?;
            let PassphraseKeys { body, .. } = self.keys.with_passphrase(&passphrase);
            if OpenedHead::open(&body, &claimed.head, claimed.size).is_ok() {
                return opened(&body, claimed, claim);
            }
            let message = "the passphrase is wrong, or the content is damaged; nothing was used up";
            match source {
                Source::Fixed => return Err(Failure::new(Kind::Passphrase, message)),
                Source::Terminal => self.app.ui.error_line(message),
            }
        }
    }

    fn passphrase(&self) -> Result<(Passphrase, Source), Failure> {
        let (typed, source) = if let Some(path) = &self.args.passphrase_file {
            (ui::passphrase_file(path)?, Source::Fixed)
        } else if let Some(text) = std::env::var(VARIABLE).ok().filter(|text| !text.is_empty()) {
            (Zeroizing::new(text), Source::Fixed)
        } else {
            let missing = || {
                let message = format!(
                    "a passphrase is needed, and there is no terminal to ask at: put it into {VARIABLE} or a file; nothing was used up"
                );
                Failure::new(Kind::Passphrase, message)
            };
            (self.app.ui.ask_hidden("Passphrase: ", missing)?, Source::Terminal)
        };
        match Passphrase::new(&typed) {
            Ok(Some(passphrase)) => Ok((passphrase, source)),
            Ok(None) => Err(Failure::new(Kind::Passphrase, "the passphrase is empty")),
            Err(error) => Err(Failure::new(Kind::Passphrase, error.to_string())),
        }
    }

    fn introduce(&self, landing: &Landing) {
        let views = match landing.views_left {
            None => "any number of times".to_owned(),
            Some(1) => "only 1 time".to_owned(),
            Some(views) => format!("{views} times"),
        };
        let size = words::size(landing.size.get());
        let until = words::time(landing.expires_at);
        self.app.ui.say(&format!(
            "A shared item is waiting for you: {size}, until {until}, to be viewed {views}."
        ));
    }

    fn ask(&self, claim: &ClaimToken, proof: Option<Proof>) -> Result<Claimed, ApiError> {
        let request = ClaimRequest { claim: claim.clone(), proof };
        self.api.claim(self.keys.id, &self.keys.access, &request)
    }

    fn patience(&self) -> Patience<'_> {
        Patience::new(self.app.settings.retry_for, |why| self.app.ui.say(why))
    }

    /// Why a claim was not answered; the place is kept where it may have been taken.
    fn not_opened(&self, place: &Place, refused: Refused) -> Failure {
        let may_be_taken = match &refused {
            Refused::Cancelled => true,
            Refused::Error(error) => error.problem().is_none_or(|_| error.is_passing()),
        };
        let failure = Failure::from(refused);
        if !may_be_taken {
            place.abandon();
            return failure;
        }
        let kind = if failure.kind == Kind::Unreachable { Kind::Interrupted } else { failure.kind };
        let failure = failure.and("; it cannot be told whether it was opened");
        Failure { kind, ..failure }.and(&carry_on(USUAL_LEASE))
    }
}

fn opened(key: &BodyKey, claimed: Claimed, claim: ClaimToken) -> Result<Opened, Failure> {
    let head = OpenedHead::open(key, &claimed.head, claimed.size).map_err(|_| {
        Failure::new(Kind::Damaged, "what the server has is damaged: ask the sender for it again")
    })?;
    let mut part_0 = claimed.head;
    part_0.drain(..SEAL);
    Ok(Opened {
        head,
        part_0,
        claim,
        lease: claimed.lease_until.since(words::now()),
        expires_at: claimed.expires_at,
        views_left: claimed.views_left,
    })
}

/// What the server said when nobody heard it.
fn wrong_passphrase(tries_left: Option<u32>) -> ApiError {
    let problem = Problem {
        kind: ProblemType::WrongPassphrase,
        title: String::new(),
        status: 403,
        detail: None,
        state: None,
        at: None,
        tries_left,
    };
    ApiError::Problem { problem: Box::new(problem), retry_after: None }
}
