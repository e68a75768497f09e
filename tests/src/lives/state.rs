//! What a share is after the steps that were made of it, and how each step is answered.

use super::Life;
use std::collections::{BTreeMap, BTreeSet};
use waxseal_core::wire::{PASSPHRASE_TRIES, ShareState};

/// Something a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Creates it; live at once if it is one part.
    Create,
    /// Stores a part.
    Put(u64),
    /// Makes it live.
    Publish,
    /// Looks, as a link holder.
    Landing,
    /// Looks, as its owner.
    Status,
    /// Claims with a wrong passphrase.
    WrongPassphrase,
    /// Claims with the claim token of this number, again perhaps.
    Claim(usize),
    /// Fetches a part for a claim.
    Part(usize, u64),
    /// Renews a claim's lease.
    Renew(usize),
    /// Ends a claim.
    Acknowledge(usize),
    /// Takes it back.
    Revoke,
}

/// How a step is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// With success, and the right bytes where there are any.
    Done,
    /// 404.
    Unknown,
    /// 409.
    Conflict,
    /// 410: how it ended.
    Over(ShareState),
    /// 410: the claim is over.
    ClaimOver,
    /// 403: tries left.
    WrongPassphrase(u32),
    /// 507.
    Full,
}

/// What a share is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct State {
    /// Whether it was created.
    pub created: bool,
    /// Which parts were stored.
    pub parts: BTreeSet<u64>,
    /// Whether it was published.
    pub published: bool,
    /// How often it was opened.
    pub opened: u32,
    /// Openings left; `None` = any number.
    pub views_left: Option<u32>,
    /// Wrong passphrases.
    pub failed: u32,
    /// By number of the claim that was answered: whether it lives.
    pub claims: BTreeMap<usize, bool>,
    /// Whether the status tells that the owner took it back.
    pub revoked: bool,
    /// Whether the owner took it back, whatever it was then.
    pub withdrawn: bool,
}

impl State {
    /// Where it is in its life.
    pub fn stage(&self) -> ShareState {
        if self.views_left == Some(0) && self.created {
            ShareState::Opened
        } else if self.failed == PASSPHRASE_TRIES {
            ShareState::Burned
        } else if self.revoked {
            ShareState::Revoked
        } else if self.published {
            ShareState::Live
        } else {
            ShareState::Staged
        }
    }

    /// Whether nobody may get its content any more.
    pub fn is_spent(&self) -> bool {
        let no_view = matches!(self.stage(), ShareState::Opened | ShareState::Burned);
        self.withdrawn || no_view && !self.claims.values().any(|live| *live)
    }

    /// Does the step and says how it is answered.
    pub fn take(&mut self, life: &Life, step: Step) -> Outcome {
        if !self.created && step != Step::Create {
            return Outcome::Unknown;
        }
        match step {
            Step::Create => self.create(life),
            Step::Put(n) if self.stage() == ShareState::Staged => {
                self.parts.insert(n);
                Outcome::Done
            }
            Step::Put(_) => Outcome::Conflict,
            Step::Publish => {
                if self.stage() == ShareState::Staged {
                    self.published = true;
                }
                Outcome::Done
            }
            Step::Status => Outcome::Done,
            Step::Landing => self.admit(),
            Step::WrongPassphrase => match self.admit() {
                Outcome::Done => {
                    self.failed += 1;
                    Outcome::WrongPassphrase(PASSPHRASE_TRIES - self.failed)
                }
                refused => refused,
            },
            Step::Claim(claim) => self.claim(life, claim),
            Step::Part(claim, _) | Step::Renew(claim) => match self.claims.get(&claim) {
                Some(true) => Outcome::Done,
                Some(false) => Outcome::ClaimOver,
                None => Outcome::Unknown,
            },
            Step::Acknowledge(claim) => match self.claims.get_mut(&claim) {
                Some(live) => {
                    *live = false;
                    Outcome::Done
                }
                None => Outcome::Unknown,
            },
            Step::Revoke => {
                self.revoked |= self.stage() != ShareState::Burned;
                self.withdrawn = true;
                self.claims.values_mut().for_each(|live| *live = false);
                Outcome::Done
            }
        }
    }

    fn create(&mut self, life: &Life) -> Outcome {
        if !self.created {
            self.created = true;
            self.views_left = life.views;
            if life.parts() == 1 {
                self.parts.insert(0);
                self.published = true;
            }
        }
        Outcome::Done
    }

    fn claim(&mut self, life: &Life, claim: usize) -> Outcome {
        match self.claims.get(&claim) {
            Some(true) => return Outcome::Done,
            Some(false) if life.views.is_some() => return Outcome::ClaimOver,
            _ => {}
        }
        let admitted = self.admit();
        if admitted == Outcome::Done {
            self.opened += 1;
            self.views_left = self.views_left.map(|left| left - 1);
            self.claims.insert(claim, true);
        }
        admitted
    }

    /// Whether a link holder gets anywhere.
    fn admit(&self) -> Outcome {
        match self.stage() {
            ShareState::Live => Outcome::Done,
            // A share is known to link holders once it was published, or ended before that.
            ShareState::Staged => Outcome::Unknown,
            over => Outcome::Over(over),
        }
    }
}
