//! The record of a share: all that is known of it but its content.
//!
//! Invariant: at most one of `used_up_at` and `burned_at` is set, and `revoked_at` beside `burned_at`
//! never is; `pending_until` is never set beside `expires_at`, and stays when a share ends that was not
//! confirmed; so both engines derive the same state, here and nowhere else.

use super::{Admission, Ask, LandingView, NewShare, Receipt, Retention, StoreError};
use sha2::{Digest, Sha256};
use std::time::Duration;
use waxseal_core::{
    layout::BodySize,
    time::Timestamp,
    token::{SealedSecret, ShareId, TokenHash},
    wire::{Answer, ExpiresIn, NUMBER_TRIES, OFFERS, PASSPHRASE_TRIES, ShareState, Status, Views},
};

/// How many openings are listed, and how many claims that are over are remembered.
pub(super) const REMEMBERED: usize = 100;

/// How many claims of one share live at most; a further one ends the oldest. Only a share without a
/// number of views gets there, and without this a link holder could fill the store with claims.
pub(super) const LIVE_CLAIMS: usize = 1000;

/// A share without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) access: TokenHash,
    pub(super) owner: TokenHash,
    pub(super) passphrase: Option<TokenHash>,
    pub(super) size: BodySize,
    pub(super) expires_in: ExpiresIn,
    pub(super) views: Option<Views>,
    /// What the creation is recognised by when it comes again.
    pub(super) digest: [u8; 32],
    pub(super) created_at: Timestamp,
    /// Set when it becomes live.
    pub(super) expires_at: Option<Timestamp>,
    /// Set when it becomes pending, and not once it is confirmed.
    pub(super) pending_until: Option<Timestamp>,
    /// What it is, or was, confirmed with.
    pub(super) ask: Option<Ask>,
    pub(super) wrong_numbers: u32,
    /// From then on nothing is known of the share.
    pub(super) gone_at: Timestamp,
    pub(super) views_left: Option<u32>,
    pub(super) failed: u32,
    /// Ascending, the newest [`REMEMBERED`].
    pub(super) opened_at: Vec<Timestamp>,
    pub(super) used_up_at: Option<Timestamp>,
    pub(super) revoked_at: Option<Timestamp>,
    pub(super) burned_at: Option<Timestamp>,
    /// Whether it is a request.
    pub(super) request: bool,
    /// The request that it may answer.
    pub(super) answers: Option<ShareId>,
    /// Of a request: those that may answer it.
    pub(super) offers: Vec<ShareId>,
    /// Of a request: what has answered it.
    pub(super) answer: Option<Given>,
}

/// What a request was answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) share: ShareId,
    pub(super) sealed: SealedSecret,
    /// When the share expires.
    pub(super) until: Timestamp,
}

impl Record {
    /// The record that a creation starts with.
    pub(super) fn new(
        share: &NewShare,
        admission: Admission,
        retention: &Retention,
        now: Timestamp,
    ) -> Self {
        let mut record = Self {
            access: share.access,
            owner: share.owner,
            passphrase: share.passphrase,
            size: share.size,
            expires_in: share.expires_in,
            views: share.views,
            digest: digest(share),
            created_at: now,
            expires_at: None,
            pending_until: None,
            ask: None,
            wrong_numbers: 0,
            gone_at: now.after(retention.staged),
            views_left: share.views.map(Views::get),
            failed: 0,
            opened_at: Vec::new(),
            used_up_at: None,
            revoked_at: None,
            burned_at: None,
            request: share.request,
            answers: share.answers,
            offers: Vec::new(),
            answer: None,
        };
        if share.head.is_some() {
            record.publish(admission, retention, now);
        }
        record
    }

    /// Starts the expiry, or the time to confirm.
    pub(super) fn publish(&mut self, admission: Admission, retention: &Retention, now: Timestamp) {
        // Who asked has shown who they are.
        let admission = if self.answers.is_some() { Admission::Live } else { admission };
        let (lives, end) = match admission {
            Admission::Live => (self.expires_in.duration(), &mut self.expires_at),
            Admission::Pending => (retention.pending, &mut self.pending_until),
        };
        let at = now.after(lives);
        *end = Some(at);
        self.gone_at = at.after(retention.record);
    }

    /// Starts the expiry of a pending share.
    pub(super) fn confirm(&mut self, retention: &Retention, now: Timestamp) {
        self.pending_until = None;
        self.publish(Admission::Live, retention, now);
    }

    /// Counts a wrong number, and how many are left; the last one burns the share.
    pub(super) fn miss(&mut self, now: Timestamp) -> u32 {
        self.wrong_numbers += 1;
        let left = NUMBER_TRIES.saturating_sub(self.wrong_numbers);
        if left == 0 {
            self.burned_at = Some(now);
        }
        left
    }

    /// What was asked for with this token, or [`StoreError::Unknown`].
    pub(super) fn asked(&self, token: TokenHash) -> Result<Ask, StoreError> {
        self.ask.filter(|ask| ask.token == token).ok_or(StoreError::Unknown)
    }

    /// When it was confirmed, if it was.
    pub(super) fn confirmed_at(&self) -> Option<Timestamp> {
        let (expires_at, _) = (self.expires_at?, self.ask?);
        let lives = self.expires_in.duration();
        let epoch = Timestamp::from_unix_millis(0);
        Some(epoch.after(expires_at.since(epoch).saturating_sub(lives)))
    }

    /// When the content is gone of itself.
    pub(super) fn content_until(&self) -> Option<Timestamp> {
        self.expires_at.or(self.pending_until)
    }

    /// Spends a view.
    pub(super) fn open(&mut self, now: Timestamp) {
        self.opened_at.push(now);
        let excess = self.opened_at.len().saturating_sub(REMEMBERED);
        self.opened_at.drain(..excess);
        self.views_left = self.views_left.map(|left| left.saturating_sub(1));
        if self.views_left == Some(0) {
            self.used_up_at = Some(now);
        }
    }

    /// Counts a wrong passphrase, and how many are left; the last one burns the share.
    pub(super) fn fail(&mut self, now: Timestamp) -> u32 {
        self.failed += 1;
        let left = self.tries_left();
        if left == 0 {
            self.burned_at = Some(now);
        }
        left
    }

    /// Notes that the owner takes the share back, unless it is over some other way; says whether it does.
    pub(super) fn revoke(&mut self, now: Timestamp) -> bool {
        let state = self.state(now);
        let is_new = self.revoked_at.is_none()
            && matches!(
                state,
                ShareState::Live
                    | ShareState::Pending
                    | ShareState::Staged
                    | ShareState::Opened
                    | ShareState::Answered
            );
        if is_new {
            self.revoked_at = Some(now);
        }
        is_new
    }

    /// Whether only live claims keep the content.
    pub(super) const fn is_spent(&self) -> bool {
        self.used_up_at.is_some() || self.burned_at.is_some()
    }

    /// Where the share is in its life, and since when if that is over.
    fn stage(&self, now: Timestamp) -> (ShareState, Option<Timestamp>) {
        let used_up = if self.request { ShareState::Answered } else { ShareState::Opened };
        let ended = [
            (used_up, self.used_up_at),
            (ShareState::Burned, self.burned_at),
            (ShareState::Revoked, self.revoked_at),
            (ShareState::Expired, self.content_until().filter(|at| now >= *at)),
        ];
        let running = match (self.expires_at, self.pending_until) {
            (Some(_), _) => ShareState::Live,
            (None, Some(_)) => ShareState::Pending,
            (None, None) => ShareState::Staged,
        };
        ended.into_iter().find(|(_, at)| at.is_some()).unwrap_or((running, None))
    }

    /// Where the share is in its life.
    pub(super) fn state(&self, now: Timestamp) -> ShareState {
        self.stage(now).0
    }

    /// [`StoreError::Over`] if the share's life has ended.
    pub(super) fn check_running(&self, now: Timestamp) -> Result<(), StoreError> {
        match self.stage(now) {
            (state, Some(at)) => Err(StoreError::Over { state, at }),
            _ => Ok(()),
        }
    }

    /// [`StoreError::Unknown`] for a wrong token, before the publication, and unless a pending share was
    /// confirmed.
    pub(super) fn check_access(&self, access: TokenHash, now: Timestamp) -> Result<(), StoreError> {
        let was_live = self.pending_until.is_none() && self.state(now) != ShareState::Staged;
        if self.access == access && was_live { Ok(()) } else { Err(StoreError::Unknown) }
    }

    /// The same of a request, and for anything else.
    pub(super) fn check_request(
        &self,
        access: TokenHash,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if self.request { self.check_access(access, now) } else { Err(StoreError::Unknown) }
    }

    /// Admits a share to answer; says whether it was not before.
    pub(super) fn offer(&mut self, share: ShareId) -> Result<bool, StoreError> {
        if self.offers.contains(&share) {
            return Ok(false);
        }
        if self.offers.len() >= OFFERS {
            return Err(StoreError::Conflict);
        }
        self.offers.push(share);
        Ok(true)
    }

    /// When it expires, if it is live and may answer this request.
    pub(super) fn may_answer(&self, request: ShareId, now: Timestamp) -> Option<Timestamp> {
        let may = self.answers == Some(request) && self.state(now) == ShareState::Live;
        self.expires_at.filter(|_| may)
    }

    /// When just this was given in answer, if it was.
    pub(super) fn given(&self, share: ShareId, sealed: SealedSecret) -> Option<Timestamp> {
        let same = |given: &Given| given.share == share && given.sealed == sealed;
        self.used_up_at.filter(|_| self.answer.as_ref().is_some_and(same))
    }

    /// Answers a request that waits.
    pub(super) fn give(&mut self, given: Given, retention: &Retention, now: Timestamp) {
        self.used_up_at = Some(now);
        self.views_left = Some(0);
        self.answer = Some(given);
        self.gone_at = self.gone_at.max(given.until.after(retention.record));
    }

    fn tries_left(&self) -> u32 {
        PASSPHRASE_TRIES.saturating_sub(self.failed)
    }

    /// When the share expires, to those who may only ask once it is published.
    pub(super) fn expiry(&self) -> Timestamp {
        self.expires_at.unwrap_or(self.gone_at)
    }

    /// What a link holder sees.
    pub(super) fn landing(
        &self,
        access: TokenHash,
        now: Timestamp,
    ) -> Result<LandingView, StoreError> {
        self.check_access(access, now)?;
        self.check_running(now)?;
        Ok(LandingView {
            expires_at: self.expiry(),
            views_left: self.views_left,
            size: self.size,
            tries_left: self.passphrase.map(|_| self.tries_left()),
            note: None,
        })
    }

    /// What the owner sees.
    pub(super) fn status(
        &self,
        id: ShareId,
        owner: TokenHash,
        now: Timestamp,
    ) -> Result<Status, StoreError> {
        if self.owner != owner {
            return Err(StoreError::Unknown);
        }
        Ok(Status {
            id,
            state: self.state(now),
            created_at: self.created_at,
            expires_at: self.expires_at,
            pending_until: self.waits_until(now),
            views: self.views,
            views_left: self.views_left,
            opened_at: self.opened_at.clone(),
            failed_passphrases: self.failed,
            revoked_at: self.revoked_at,
            answer: self.answered().map(Box::new),
        })
    }

    fn answered(&self) -> Option<Answer> {
        let (Given { share, sealed, until }, at) = (self.answer?, self.used_up_at?);
        Some(Answer { share, sealed, at, expires_at: until })
    }

    /// What the owner gets for creating or publishing.
    pub(super) fn receipt(&self, now: Timestamp) -> Receipt {
        Receipt {
            state: self.state(now),
            expires_at: self.expires_at,
            pending_until: self.waits_until(now),
            size: self.size,
        }
    }

    fn waits_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.pending_until.filter(|_| self.state(now) == ShareState::Pending)
    }

    /// The answer to a creation under an id that has this record.
    pub(super) fn created_again(
        &self,
        share: &NewShare,
        now: Timestamp,
    ) -> Result<Receipt, StoreError> {
        if self.digest == digest(share) { Ok(self.receipt(now)) } else { Err(StoreError::Conflict) }
    }
}

/// SHA-256 over all that makes two creations the same; the content by its own SHA-256.
fn digest(share: &NewShare) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(share.access.as_bytes());
    hash.update(share.owner.as_bytes());
    hash.update(share.size.get().to_be_bytes());
    hash.update(share.expires_in.seconds().to_be_bytes());
    hash.update(share.views.map_or(0, Views::get).to_be_bytes());
    match &share.passphrase {
        Some(passphrase) => hash.update([&[1], passphrase.as_bytes().as_slice()].concat()),
        None => hash.update([0]),
    }
    if let Some(head) = &share.head {
        hash.update(Sha256::digest(head));
    }
    // Nothing is added for other shares: what was created before this was known stays the same.
    if share.request {
        hash.update(b"request");
    }
    if let Some(request) = &share.answers {
        hash.update([b"answers", request.as_bytes().as_slice()].concat());
    }
    hash.finalize().into()
}

/// Refuses a creation whose head does not fit its size, or that leases of no time cannot serve.
pub(super) fn check_new(share: &NewShare, retention: &Retention) -> Result<(), StoreError> {
    let expected = if share.size.is_one_part() { share.size.part_len(0) } else { None };
    if share.head.as_ref().map(bytes::Bytes::len) != expected {
        Err(StoreError::WrongPart)
    } else if share.head.is_none() && retention.lease == Duration::ZERO {
        Err(StoreError::OnePartOnly)
    } else {
        Ok(())
    }
}

impl Retention {
    /// When the lease of a claim first made at `first` ends, if its last request is now.
    pub(super) fn lease_end(
        &self,
        first: Timestamp,
        expiry: Timestamp,
        now: Timestamp,
    ) -> Timestamp {
        now.after(self.lease).min(first.after(self.lease_max)).min(expiry)
    }
}

/// Reads openings that lie packed one after the other, 8 bytes each, big-endian.
pub(super) fn times(packed: &[u8]) -> Vec<Timestamp> {
    let (chunks, _) = packed.as_chunks::<8>();
    chunks.iter().map(|at| Timestamp::from_unix_millis(u64::from_be_bytes(*at))).collect()
}

/// Reads ids that lie packed one after the other.
pub(super) fn ids(packed: &[u8]) -> Vec<ShareId> {
    let (chunks, _) = packed.as_chunks();
    chunks.iter().copied().map(ShareId::from_bytes).collect()
}

impl Given {
    /// The share, then the secret: 96 bytes.
    pub(super) fn pack(&self) -> Vec<u8> {
        [self.share.as_bytes().as_slice(), self.sealed.as_bytes()].concat()
    }
}

impl TryFrom<(&[u8], Timestamp)> for Given {
    type Error = ();

    /// Reads what was packed.
    fn try_from((packed, until): (&[u8], Timestamp)) -> Result<Self, ()> {
        let (share, sealed) = packed.split_first_chunk().ok_or(())?;
        let sealed = SealedSecret::from_bytes(sealed.try_into().map_err(|_| ())?);
        Ok(Self { share: ShareId::from_bytes(*share), sealed, until })
    }
}
