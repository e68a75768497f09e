//! Clients that do to shares what people do, until the server is gone.

use super::{
    Life, Noted,
    state::{State, Step},
};
use crate::{api::Api, dice::Dice};
use anyhow::{Result, ensure};
use std::sync::Arc;
use waxseal_core::wire::ShareState;

/// What is noted as the moment of a step: how far the load or the server has come.
pub type Moment = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Steps of a share before it is left as it is.
const STEPS: u64 = 25;

impl Life {
    /// Lives on; an answer other than expected is an error. Says whether the server is still there.
    ///
    /// # Errors
    /// If the server broke a promise.
    pub async fn live(&mut self, api: &Api, dice: &mut Dice, moment: &Moment) -> Result<bool> {
        let mut state = self.state.clone();
        for _ in 0..=dice.below(STEPS) {
            if state.is_spent() && dice.percent(50) {
                break;
            }
            let step = self.next(&state, dice);
            if let Step::Claim(claim) = step {
                self.claim(claim, dice);
            }
            if !self.step(api, &mut state, step, moment).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Makes a step and notes it. Says whether there was an answer.
    ///
    /// # Errors
    /// If it is another one than expected.
    pub async fn step(
        &mut self,
        api: &Api,
        state: &mut State,
        step: Step,
        moment: &Moment,
    ) -> Result<bool> {
        let expected = state.take(self, step);
        self.steps.push(Noted { step, began: moment(), answered: None });
        let outcome = match self.ask(api, step).await {
            Ok(outcome) => outcome,
            // Cut off in the middle of it.
            Err(error) if is_lost(&error) => return Ok(false),
            Err(error) => return Err(error),
        };
        ensure!(
            outcome == expected,
            "{step:?} of share {} is answered {outcome:?} instead of {expected:?}, after {:?}",
            self.number,
            self.steps
        );
        if let Some(noted) = self.steps.last_mut() {
            noted.answered = Some(moment());
        }
        Ok(true)
    }

    /// Something that people do with a share in this state.
    fn next(&self, state: &State, dice: &mut Dice) -> Step {
        if !state.created {
            return Step::Create;
        }
        if state.stage() == ShareState::Staged {
            let missing: Vec<u64> =
                (0..self.parts()).filter(|n| !state.parts.contains(n)).collect();
            return match dice.below(100) {
                0..4 => Step::Revoke,
                4..8 => Step::Create,
                8..12 => Step::Landing,
                12..20 => Step::Put(dice.below(self.parts())),
                _ if missing.is_empty() => Step::Publish,
                _ => Step::Put(*dice.pick(&missing)),
            };
        }
        let claim = match state.claims.len() {
            0 => 0,
            known => usize::try_from(dice.below(known as u64 + 1)).unwrap_or(0),
        };
        match dice.below(100) {
            _ if self.besieged && dice.percent(80) => Step::WrongPassphrase,
            0..5 => Step::Landing,
            5..10 => Step::Status,
            10..13 => Step::Create,
            13..16 => Step::Publish,
            16..20 => Step::Revoke,
            20..28 if self.proof.is_some() => Step::WrongPassphrase,
            28..60 => Step::Claim(claim),
            _ if !state.claims.contains_key(&claim) => Step::Claim(claim),
            60..80 => Step::Part(claim, dice.below(self.parts())),
            80..88 => Step::Renew(claim),
            _ => Step::Acknowledge(claim),
        }
    }
}

/// Whether there was no whole answer.
fn is_lost(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| cause.is::<hyper_util::client::legacy::Error>() || cause.is::<hyper::Error>())
}
