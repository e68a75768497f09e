//! A step as a request, and its answer as an outcome.

use super::{
    Life,
    state::{Outcome, State, Step},
};
use crate::api::{Answer, Api};
use anyhow::{Context, Result, bail, ensure};
use http::Method;
use std::collections::BTreeSet;
use waxseal_core::{
    token::{ClaimToken, Proof},
    wire::{
        BATCH_LIMIT, BatchStatus, BatchStatusRequest, BatchStatusResponse, ClaimRequest,
        CreateRequest, ExpiresIn, OwnedShare, PartsResponse, ProblemType, ShareState, Status,
        Views,
    },
};

/// A token that opens nothing.
const NO_PROOF: [u8; 32] = [0; 32];

/// What an owner is told: state, openings, views left, wrong passphrases, whether taken back.
type Told = (ShareState, u32, Option<u32>, u32, bool);

/// What a server tells about a share without changing it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// `None` = unknown.
    pub status: Option<Told>,
    /// The parts that are stored, while it is staged.
    pub parts: Option<BTreeSet<u64>>,
    /// How a renewal of each claim is answered.
    pub claims: Vec<Outcome>,
}

impl Life {
    /// Makes a step and says how it was answered. Bytes in the answer are the right ones, or it is an
    /// error, as is an answer that none of the promises admits.
    ///
    /// # Errors
    /// That, or no answer.
    pub async fn ask(&self, api: &Api, step: Step) -> Result<Outcome> {
        let answer = self.send(api, step).await?;
        let outcome = outcome(&answer).with_context(|| format!("{step:?}"))?;
        if outcome == Outcome::Done {
            self.check_bytes(step, &answer)?;
        }
        Ok(outcome)
    }

    async fn send(&self, api: &Api, step: Step) -> Result<Answer> {
        let id = self.id.to_base64url();
        let path = |tail: &str| format!("/api/shares/{id}{tail}");
        let owner = self.owner.to_base64url();
        let access = self.access.to_base64url();
        let none = None::<&()>;
        match step {
            Step::Create => {
                api.send(Method::POST, "/api/shares", None, Some(&self.creation()?)).await
            }
            Step::Put(n) => {
                let body = Some(("application/octet-stream", self.part(n)));
                api.send_bytes(Method::PUT, &path(&format!("/parts/{n}")), Some(&owner), body).await
            }
            Step::Publish => api.send(Method::POST, &path("/publish"), Some(&owner), none).await,
            Step::Landing => api.send(Method::GET, &path(""), Some(&access), none).await,
            Step::Status => api.send(Method::GET, &path("/status"), Some(&owner), none).await,
            Step::WrongPassphrase => {
                let claim = ClaimToken::from_bytes(NO_PROOF);
                let request = ClaimRequest { claim, proof: Some(Proof::from_bytes(NO_PROOF)) };
                api.send(Method::POST, &path("/claims"), Some(&access), Some(&request)).await
            }
            Step::Claim(claim) => {
                let claim = self.claims[claim].clone();
                let request = ClaimRequest { claim, proof: self.proof.clone() };
                api.send(Method::POST, &path("/claims"), Some(&access), Some(&request)).await
            }
            Step::Part(claim, n) => {
                let claim = self.claims[claim].to_base64url();
                api.send(Method::GET, &path(&format!("/parts/{n}")), Some(&claim), none).await
            }
            Step::Renew(claim) => {
                let claim = self.claims[claim].to_base64url();
                api.send(Method::POST, &path("/lease"), Some(&claim), none).await
            }
            Step::Acknowledge(claim) => {
                let claim = self.claims[claim].to_base64url();
                api.send(Method::POST, &path("/ack"), Some(&claim), none).await
            }
            Step::Revoke => api.send(Method::DELETE, &path(""), Some(&owner), none).await,
        }
    }

    fn creation(&self) -> Result<CreateRequest> {
        Ok(CreateRequest {
            id: self.id,
            access_hash: self.access.hash(),
            owner_hash: self.owner.hash(),
            passphrase_hash: self.proof.as_ref().map(Proof::hash),
            size: self.size,
            expires_in: ExpiresIn::try_from(self.expires_in)?,
            views: self.views.map(Views::try_from).transpose()?,
            head: self.size.is_one_part().then(|| self.body.to_vec()),
            request: false,
            answers: None,
        })
    }

    fn check_bytes(&self, step: Step, answer: &Answer) -> Result<()> {
        let right = match step {
            Step::Claim(_) => self.part(0),
            Step::Part(_, 0) => self.part(0).slice(waxseal_core::layout::SEAL..),
            Step::Part(_, n) => self.part(n),
            _ => return Ok(()),
        };
        ensure!(answer.body == right, "{step:?} of share {} got other bytes", self.number);
        Ok(())
    }

    /// Looks at it without changing anything.
    ///
    /// # Errors
    /// If there is no answer, or one that none of the promises admits.
    pub async fn look(&self, api: &Api) -> Result<Sight> {
        let answer = self.send(api, Step::Status).await?;
        let status = match outcome(&answer)? {
            Outcome::Done => Some(told(&answer.json()?)),
            Outcome::Unknown => None,
            other => bail!("the status is answered {other:?}"),
        };
        let parts = match status {
            Some((ShareState::Staged, ..)) => {
                let path = format!("/api/shares/{}/parts", self.id.to_base64url());
                let owner = self.owner.to_base64url();
                let answer = api.send(Method::GET, &path, Some(&owner), None::<&()>).await?;
                Some(answer.json::<PartsResponse>()?.stored.into_iter().collect())
            }
            _ => None,
        };
        let mut claims = Vec::new();
        for claim in 0..self.claims.len() {
            claims.push(self.ask(api, Step::Renew(claim)).await?);
        }
        Ok(Sight { status, parts, claims })
    }

    /// What a look shows at a share in this state.
    pub fn sight(&self, state: &State) -> Sight {
        let stage = state.stage();
        let claims =
            (0..self.claims.len()).map(|claim| state.clone().take(self, Step::Renew(claim)));
        Sight {
            status: state.told(),
            parts: (state.created && stage == ShareState::Staged).then(|| state.parts.clone()),
            claims: claims.collect(),
        }
    }
}

impl State {
    /// What the status tells.
    fn told(&self) -> Option<Told> {
        let told = (self.stage(), self.opened, self.views_left, self.failed, self.revoked);
        self.created.then_some(told)
    }
}

/// Checks what the owners of many shares, in settled states, are told.
///
/// # Errors
/// If it is not what they were told before.
pub async fn look_at_all(api: &Api, lives: &[&Life]) -> Result<()> {
    for some in lives.chunks(BATCH_LIMIT) {
        let owned = |life: &&Life| OwnedShare { id: life.id, owner: life.owner.clone() };
        let request = BatchStatusRequest { shares: some.iter().map(owned).collect() };
        let answer = api.send(Method::POST, "/api/status", None, Some(&request)).await?;
        let answer: BatchStatusResponse = answer.json()?;
        for (life, status) in some.iter().zip(answer.shares) {
            let status = match status {
                BatchStatus::Known(status) => Some(told(&status)),
                BatchStatus::Unknown { .. } => None,
            };
            let before = life.state.told();
            ensure!(status == before, "share {} was {before:?}, is {status:?}", life.number);
        }
    }
    Ok(())
}

fn told(status: &Status) -> Told {
    let opened = u32::try_from(status.opened_at.len()).unwrap_or(u32::MAX);
    let revoked = status.revoked_at.is_some();
    (status.state, opened, status.views_left, status.failed_passphrases, revoked)
}

fn outcome(answer: &Answer) -> Result<Outcome> {
    if answer.status.is_success() {
        return Ok(Outcome::Done);
    }
    let problem = answer.problem().with_context(|| format!("answered {answer:?}"))?;
    Ok(match problem.kind {
        ProblemType::UnknownShare => Outcome::Unknown,
        ProblemType::Conflict => Outcome::Conflict,
        ProblemType::ClaimOver => Outcome::ClaimOver,
        ProblemType::StorageFull => Outcome::Full,
        ProblemType::ShareOver => Outcome::Over(problem.state.context("how it ended")?),
        ProblemType::WrongPassphrase => {
            Outcome::WrongPassphrase(problem.tries_left.context("how many tries are left")?)
        }
        _ => bail!("answered {problem:?}"),
    })
}
