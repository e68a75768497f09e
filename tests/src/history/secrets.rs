//! A share of a history with its secrets, and the way of calls to a server and back.
//!
//! Invariant: no two shares have anything in common, contents included, and every byte of an answer is
//! looked at.

use super::{
    call::{Answer, Minute, Proof, Request, Status},
    specification::Terms,
};
use crate::{
    api::{self, Api},
    dice::Dice,
};
use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use http::Method;
use waxseal_core::{
    layout::{BodySize, PART, PLAIN_PART, SEAL},
    time::Timestamp,
    token::{AccessToken, ClaimToken, OwnerToken, Proof as ProofToken, ShareId},
    wire::{
        self, BatchStatus, BatchStatusRequest, BatchStatusResponse, ClaimRequest, CreateRequest,
        Landing, LeaseResponse, OwnedShare, PartsResponse, Problem, ProblemType, ShareReceipt,
        claim_header,
    },
};

/// How many contents a share may be given; only one is ever kept.
pub(super) const CONTENTS: u8 = 2;

/// How many claim tokens there are.
pub(super) const CLAIMS: u8 = 6;

/// A share's secrets.
pub(super) struct Secrets {
    /// What is fixed.
    pub(super) terms: Terms,
    id: ShareId,
    size: BodySize,
    access: AccessToken,
    owner: OwnerToken,
    proof: ProofToken,
    claims: Vec<ClaimToken>,
    /// Each whole.
    contents: Vec<Bytes>,
    /// Of somebody else.
    stranger: [u8; 32],
    /// When the history began.
    began: Timestamp,
}

impl Secrets {
    /// Draws them.
    ///
    /// # Errors
    /// If the terms are not within bounds.
    pub(super) fn draw(terms: Terms, dice: &mut Dice, began: Timestamp) -> Result<Self> {
        // The least that is as many parts.
        let plaintext = if terms.parts == 1 { 1024 } else { PLAIN_PART };
        let size = BodySize::of_plaintext(plaintext)?;
        let len = usize::try_from(size.get())?;
        Ok(Self {
            terms,
            id: ShareId::from_bytes(dice.bytes()),
            size,
            access: AccessToken::from_bytes(dice.bytes()),
            owner: OwnerToken::from_bytes(dice.bytes()),
            proof: ProofToken::from_bytes(dice.bytes()),
            claims: (0..CLAIMS).map(|_| ClaimToken::from_bytes(dice.bytes())).collect(),
            contents: (0..CONTENTS).map(|_| dice.noise(len).into()).collect(),
            stranger: dice.bytes(),
            began,
        })
    }

    /// Makes a request; `None` if the answer is lost or says that nobody knows what came of it.
    pub(super) async fn ask(&self, api: &Api, request: Request, stranger: bool) -> Option<Answer> {
        let answer = known(self.send(api, request, stranger).await)?;
        let read = self.read(request, &answer);
        Some(read.unwrap_or_else(|error| Answer::Other(format!("{error:#}: {answer:?}"))))
    }

    /// Asks for the status of all of `shares` at once.
    pub(super) async fn ask_all(shares: &[Self], api: &Api) -> Option<Vec<Answer>> {
        let owned = |share: &Self| OwnedShare { id: share.id, owner: share.owner.clone() };
        let body = BatchStatusRequest { shares: shares.iter().map(owned).collect() };
        let answer = known(api.send(Method::POST, "/api/status", None, Some(&body)).await)?;
        let Ok(BatchStatusResponse { shares: all }) = answer.json() else {
            return Some(vec![Answer::Other(format!("{answer:?}")); shares.len()]);
        };
        let read = |(share, row): (&Self, BatchStatus)| match row {
            BatchStatus::Known(status) => share.status(&status),
            BatchStatus::Unknown { .. } => Answer::Unknown,
        };
        Some(shares.iter().zip(all).map(read).collect())
    }

    async fn send(&self, api: &Api, request: Request, stranger: bool) -> Result<api::Answer> {
        let token = |token: String| {
            if stranger { OwnerToken::from_bytes(self.stranger).to_base64url() } else { token }
        };
        let owner = token(self.owner.to_base64url());
        let access = token(self.access.to_base64url());
        let claimed = |claim: u8| token(self.claims[usize::from(claim)].to_base64url());
        let id = self.id.to_base64url();
        let path = |tail: &str| format!("/api/shares/{id}{tail}");
        let empty = None::<&()>;
        match request {
            Request::Create { content } => {
                let body = self.creation(content)?;
                api.send(Method::POST, "/api/shares", None, Some(&body)).await
            }
            Request::Put { part, content } => {
                let body = Some(("application/octet-stream", self.part(part, content)));
                api.send_bytes(Method::PUT, &path(&format!("/parts/{part}")), Some(&owner), body)
                    .await
            }
            Request::Parts => api.send(Method::GET, &path("/parts"), Some(&owner), empty).await,
            Request::Publish => {
                api.send(Method::POST, &path("/publish"), Some(&owner), empty).await
            }
            Request::Landing => api.send(Method::GET, &path(""), Some(&access), empty).await,
            Request::Claim { claim, proof } => {
                let proof = match proof {
                    Proof::None => None,
                    Proof::Right => Some(self.proof.clone()),
                    Proof::Wrong => Some(ProofToken::from_bytes(self.stranger)),
                };
                let claim = self.claims[usize::from(claim)].clone();
                let body = ClaimRequest { claim, proof };
                api.send(Method::POST, &path("/claims"), Some(&access), Some(&body)).await
            }
            Request::Part { claim, part } => {
                let path = path(&format!("/parts/{part}"));
                api.send(Method::GET, &path, Some(&claimed(claim)), empty).await
            }
            Request::Renew { claim } => {
                api.send(Method::POST, &path("/lease"), Some(&claimed(claim)), empty).await
            }
            Request::Acknowledge { claim } => {
                api.send(Method::POST, &path("/ack"), Some(&claimed(claim)), empty).await
            }
            Request::Status { .. } => {
                api.send(Method::GET, &path("/status"), Some(&owner), empty).await
            }
            Request::Revoke => api.send(Method::DELETE, &path(""), Some(&owner), empty).await,
        }
    }

    fn creation(&self, content: u8) -> Result<CreateRequest> {
        let one_part = self.size.is_one_part();
        Ok(CreateRequest {
            id: self.id,
            access_hash: self.access.hash(),
            owner_hash: self.owner.hash(),
            passphrase_hash: self.terms.passphrase.then(|| self.proof.hash()),
            size: self.size,
            expires_in: (self.terms.expires_in * 60).try_into()?,
            views: self.terms.views.map(wire::Views::try_from).transpose()?,
            head: one_part.then(|| self.contents[usize::from(content)].to_vec()),
            request: false,
            answers: None,
        })
    }

    /// A part of a content, part 0 with the seal.
    fn part(&self, part: u8, content: u8) -> Bytes {
        let whole = &self.contents[usize::from(content)];
        let first = whole.len().min(SEAL + PART);
        if part == 0 { whole.slice(..first) } else { whole.slice(first..) }
    }

    fn read(&self, request: Request, answer: &api::Answer) -> Result<Answer> {
        Ok(match (answer.status.as_u16(), request) {
            (201, Request::Create { .. }) | (200, Request::Publish) => {
                let receipt: ShareReceipt = answer.json()?;
                let expires_at = receipt.expires_at.map(|at| self.minute(at));
                ensure!(
                    receipt.id == self.id && receipt.parts == u64::from(self.terms.parts),
                    "another share"
                );
                Answer::Receipt { state: receipt.state, expires_at }
            }
            (204, Request::Put { .. }) => Answer::Stored,
            (204, Request::Acknowledge { .. }) => Answer::Acknowledged,
            (200, Request::Parts) => Answer::Parts(answer.json::<PartsResponse>()?.stored),
            (200, Request::Landing) => self.landing(&answer.json()?)?,
            (200, Request::Claim { .. }) => self.head(answer)?,
            (200, Request::Part { part, .. }) => {
                let skipped = if part == 0 { SEAL } else { 0 };
                let given = |content: &u8| self.part(part, *content)[skipped..] == answer.body;
                let content = (0..CONTENTS).find(given).context("no part of the share")?;
                Answer::Part { content }
            }
            (200, Request::Renew { .. }) => {
                Answer::Lease { until: self.minute(answer.json::<LeaseResponse>()?.lease_until) }
            }
            (200, Request::Status { .. } | Request::Revoke) => self.status(&answer.json()?),
            _ => self.problem(&answer.problem()?)?,
        })
    }

    fn landing(&self, landing: &Landing) -> Result<Answer> {
        ensure!(
            landing.size == self.size
                && landing.state == wire::ShareState::Live
                && landing.passphrase == landing.tries_left.is_some(),
            "another share"
        );
        Ok(Answer::Landing {
            expires_at: self.minute(landing.expires_at),
            views_left: landing.views_left,
            tries_left: landing.tries_left,
        })
    }

    fn head(&self, answer: &api::Answer) -> Result<Answer> {
        let header = |name| answer.headers.get(name).and_then(|value| value.to_str().ok());
        let time = |name| -> Result<Minute> {
            Ok(self.minute(header(name).context("a time is missing")?.parse()?))
        };
        let given = |content: &u8| self.part(0, *content) == answer.body;
        let sizes = (header(claim_header::SIZE), header(claim_header::PARTS));
        let expected = (self.size.get().to_string(), self.terms.parts.to_string());
        ensure!(sizes == (Some(&expected.0), Some(&expected.1)), "another size");
        Ok(Answer::Head {
            content: (0..CONTENTS).find(given).context("no head of the share")?,
            expires_at: time(claim_header::EXPIRES_AT)?,
            lease_until: time(claim_header::LEASE_UNTIL)?,
            views_left: header(claim_header::VIEWS_LEFT).map(str::parse).transpose()?,
        })
    }

    fn status(&self, status: &wire::Status) -> Answer {
        if status.id != self.id || status.views.map(wire::Views::get) != self.terms.views {
            return Answer::Other(format!("another share: {status:?}"));
        }
        Answer::Status(Status {
            state: status.state,
            created_at: self.minute(status.created_at),
            expires_at: status.expires_at.map(|at| self.minute(at)),
            views_left: status.views_left,
            opened_at: status.opened_at.iter().map(|at| self.minute(*at)).collect(),
            failed_passphrases: status.failed_passphrases,
            revoked_at: status.revoked_at.map(|at| self.minute(at)),
        })
    }

    fn problem(&self, problem: &Problem) -> Result<Answer> {
        Ok(match (problem.status, problem.kind) {
            (404, ProblemType::UnknownShare) => Answer::Unknown,
            (409, ProblemType::Conflict) => Answer::Conflict,
            (403, ProblemType::PassphraseRequired) => Answer::PassphraseRequired,
            (403, ProblemType::WrongPassphrase) => Answer::WrongPassphrase {
                tries_left: problem.tries_left.context("how many tries are left")?,
            },
            (422, ProblemType::Invalid) => Answer::NoPassphraseSet,
            (410, ProblemType::ShareOver) => Answer::ShareOver {
                state: problem.state.context("how it ended")?,
                at: self.minute(problem.at.context("when it ended")?),
            },
            (410, ProblemType::ClaimOver) => Answer::ClaimOver,
            _ => bail!("an answer that a share never gives"),
        })
    }

    fn minute(&self, at: Timestamp) -> Minute {
        (at.since(self.began).as_secs() / 60) as Minute
    }
}

/// The answer, unless there is none, or one of somebody who does not know what came of the request: the
/// server lost its store, or an idle connection its patience.
fn known(answer: Result<api::Answer>) -> Option<api::Answer> {
    answer.ok().filter(|answer| ![408, 503].contains(&answer.status.as_u16()))
}
