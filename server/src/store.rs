//! The store: what a share goes through, in semantics every engine must keep.
//!
//! Invariant: of all who ask for the last view of a share, at most one claim is ever given its seal;
//! that claim may ask again until its lease ends. Nothing is answered before it is durable.
//!
//! An unknown id and a wrong token are the same answer, [`StoreError::Unknown`], everywhere. What may be
//! sent again is answered with [`Done`], which says whether it was done by that very call.

mod address;
mod done;
mod error;
mod measured;
mod part;
mod quota;
mod rate;
mod record;
pub mod redis;
pub mod sqlite;
mod unready;

pub use address::AddressHash;
pub use done::Done;
pub use error::StoreError;
pub use part::Part;
pub use quota::{Full, Quota, Usage};
pub use rate::{Charge, Rate, Toll, Whose};
pub use unready::{Reason, Unready};

pub(crate) use measured::Measured;
pub(crate) use rate::Counts;

use async_trait::async_trait;
use bytes::Bytes;
use std::time::Duration;
use waxseal_core::{
    confirmation::ConfirmationNumber,
    layout::BodySize,
    time::Timestamp,
    token::{SealedSecret, ShareId, TokenHash},
    wire::{ExpiresIn, ShareState, Status, Views},
};

/// What a creation fixes for the life of a share. Two creations are the same when all of it is equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewShare {
    /// The share's name.
    pub id: ShareId,
    /// SHA-256 of the access token.
    pub access: TokenHash,
    /// SHA-256 of the owner token.
    pub owner: TokenHash,
    /// SHA-256 of the passphrase proof, if there is a passphrase.
    pub passphrase: Option<TokenHash>,
    /// Length of the whole ciphertext in bytes.
    pub size: BodySize,
    /// Time from publication to expiry.
    pub expires_in: ExpiresIn,
    /// How often it may be opened; `None` = any number until the expiry.
    pub views: Option<Views>,
    /// The whole ciphertext, exactly when it is one part: `size` bytes.
    pub head: Option<Bytes>,
    /// Whether it asks for a secret: it is read and answered, never opened. One view, one part.
    pub request: bool,
    /// The request that it was admitted to answer, by [`Store::offer`].
    pub answers: Option<ShareId>,
}

/// Whether a share can be opened from its publication on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It is live.
    Live,
    /// It is pending: nobody can open it before its owner has confirmed who they are.
    Pending,
}

/// What an owner is to confirm with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// SHA-256 of the token in the mail.
    pub token: TokenHash,
    /// What the person has to type.
    pub number: ConfirmationNumber,
    /// Whose confirmation begins a session, if it is to.
    pub session_of: Option<AddressHash>,
}

/// A share as its owner sees it right after creating, publishing or confirming it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Its state now.
    pub state: ShareState,
    /// When it expires, once it could be opened.
    pub expires_at: Option<Timestamp>,
    /// Until when it waits for a confirmation, while it does.
    pub pending_until: Option<Timestamp>,
    /// Length of the whole ciphertext in bytes.
    pub size: BodySize,
}

/// A share that can be opened, as a link holder sees it before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LandingView {
    /// When it expires.
    pub expires_at: Timestamp,
    /// Openings left; `None` = any number.
    pub views_left: Option<u32>,
    /// Length of the whole ciphertext in bytes.
    pub size: BodySize,
    /// Wrong passphrases left, where there is a passphrase.
    pub tries_left: Option<u32>,
    /// Of a request: seal and content.
    pub note: Option<Bytes>,
}

/// An opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Seal and the rest of part 0.
    pub head: Bytes,
    /// Length of the whole ciphertext in bytes.
    pub size: BodySize,
    /// When the share expires.
    pub expires_at: Timestamp,
    /// Until when the same claim may ask again.
    pub lease_until: Timestamp,
    /// Openings left after this one; `None` = any number.
    pub views_left: Option<u32>,
}

/// How long things are kept beyond what the owner chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// From a claim's last request to the end of its lease; zero = the first answer is the only one
    /// and takes everything with it.
    pub lease: Duration,
    /// From a claim to the end of its lease, whatever it requests.
    pub lease_max: Duration,
    /// A record without content, beyond the expiry.
    pub record: Duration,
    /// A staged share without a request of its owner.
    pub staged: Duration,
    /// The parts of a staged share.
    pub staged_parts: Duration,
    /// A published share that waits for its owner's confirmation.
    pub pending: Duration,
}

impl Default for Retention {
    /// 15 minutes, 24 hours, 7 days, 1 hour, 24 hours, 10 minutes.
    fn default() -> Self {
        const HOUR: u64 = 60 * 60;
        Self {
            lease: Duration::from_secs(15 * 60),
            lease_max: Duration::from_secs(24 * HOUR),
            record: Duration::from_secs(7 * 24 * HOUR),
            staged: Duration::from_secs(HOUR),
            staged_parts: Duration::from_secs(24 * HOUR),
            pending: Duration::from_secs(10 * 60),
        }
    }
}

/// Where shares live.
#[async_trait]
pub trait Store: Send + Sync {
    /// Creates a share: published at once if it has a head, staged otherwise. Content is kept for
    /// exactly `expires_in` from when it is live, and for [`Retention::pending`] before that.
    ///
    /// The same creation again (every field and SHA-256(head) equal) writes nothing and gets the
    /// original expiry with the current state, also when the share is over.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] for any other creation under a known id; [`StoreError::WrongPart`] for
    /// a head that does not fit the size; [`StoreError::OnePartOnly`]; [`StoreError::Full`], also for a
    /// size that the quota has no room for even if nothing else is stored.
    async fn create(
        &self,
        share: NewShare,
        admission: Admission,
    ) -> Result<Done<Receipt>, StoreError>;

    /// [`Self::charge`] and then, unless that refuses, [`Self::create`]; in one step where the engine can.
    /// What was counted stays counted, whatever becomes of the creation.
    ///
    /// # Errors
    /// Those of both.
    async fn create_charged(
        &self,
        toll: Toll,
        share: NewShare,
        admission: Admission,
    ) -> Result<Done<Receipt>, StoreError> {
        self.charge(toll.whose, &toll.charges).await?;
        self.create(share, admission).await
    }

    /// Stores part `n` of a staged share, part 0 with the seal in front; again replaces it.
    ///
    /// # Errors
    /// [`StoreError::WrongPart`] for a wrong number or length; [`StoreError::Conflict`] once
    /// published; [`StoreError::Full`].
    async fn put_part(
        &self,
        id: ShareId,
        owner: TokenHash,
        n: u64,
        part: Bytes,
    ) -> Result<(), StoreError>;

    /// The numbers of the parts that are stored, ascending, and the size of the whole.
    ///
    /// # Errors
    /// [`StoreError::Unknown`]; [`StoreError::Over`].
    async fn parts(
        &self,
        id: ShareId,
        owner: TokenHash,
    ) -> Result<(BodySize, Vec<u64>), StoreError>;

    /// Publishes a staged share when all its parts are there. If that makes it live, the expiry starts
    /// now. Again gets the same answer with the current state, and changes nothing.
    ///
    /// # Errors
    /// [`StoreError::PartsMissing`].
    async fn publish(
        &self,
        id: ShareId,
        owner: TokenHash,
        admission: Admission,
    ) -> Result<Done<Receipt>, StoreError>;

    /// Sets what a pending share is confirmed with, and says until when. What was set before is void;
    /// wrong numbers that were counted stay so.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] unless it is or was pending; [`StoreError::Over`].
    async fn ask(&self, id: ShareId, owner: TokenHash, ask: Ask) -> Result<Timestamp, StoreError>;

    /// Makes a pending share live; the expiry starts now. Of all that confirm and deny at once, one
    /// decides. The same again changes nothing and gets the share's state of now.
    ///
    /// Wrong numbers are counted in the same step; the last one that is left burns the share.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for any token but the last that was set, and for another number once
    /// confirmed; [`StoreError::WrongNumber`]; [`StoreError::LastNumber`]; [`StoreError::Over`].
    async fn confirm(
        &self,
        id: ShareId,
        token: TokenHash,
        number: ConfirmationNumber,
    ) -> Result<Done<Receipt>, StoreError>;

    /// Takes a share that was not confirmed back, as [`Self::revoke`] does. Again is the same.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for any token but the last that was set, and once confirmed.
    async fn deny(&self, id: ShareId, token: TokenHash) -> Result<Done<Receipt>, StoreError>;

    /// Begins the session that was asked for with a share's confirmation, once. It lasts so long from the
    /// confirmation; says how long that is from now. `None` if none was asked for, or it has begun or
    /// ended already.
    ///
    /// # Errors
    /// [`StoreError::Unknown`].
    async fn begin_session(
        &self,
        id: ShareId,
        owner: TokenHash,
        session: TokenHash,
        length: Duration,
    ) -> Result<Option<Duration>, StoreError>;

    /// Whose confirmation a session keeps, while it lasts.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn session(&self, session: TokenHash) -> Result<Option<AddressHash>, StoreError>;

    /// Gives an application's grant to a share, and remembers that until the grant is over. Of all shares
    /// that ask, the first has it, and may ask again.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if another share has it.
    async fn take_grant(
        &self,
        grant: TokenHash,
        id: ShareId,
        until: Timestamp,
    ) -> Result<(), StoreError>;

    /// What a link holder may know before opening. Spends nothing.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] also for a share that never was live; [`StoreError::Over`].
    async fn landing(&self, id: ShareId, access: TokenHash) -> Result<LandingView, StoreError>;

    /// **The** opening. Of N claims racing for the last view, exactly one gets the head; the others
    /// get [`StoreError::Over`]. The claim that got it gets the same again until its lease ends, with
    /// or without the proof, and spends nothing by that.
    ///
    /// Only wrong proofs are counted, in the same step; the tenth burns the share: no further view is
    /// given, while claims that were answered before keep their leases.
    ///
    /// # Errors
    /// [`StoreError::PassphraseRequired`], [`StoreError::WrongPassphrase`],
    /// [`StoreError::NoPassphraseSet`], [`StoreError::Over`], [`StoreError::ClaimOver`];
    /// [`StoreError::Conflict`] for a request.
    async fn claim(
        &self,
        id: ShareId,
        access: TokenHash,
        claim: TokenHash,
        proof: Option<TokenHash>,
    ) -> Result<Done<Opened>, StoreError>;

    /// [`Self::charge`] and then, unless that refuses, [`Self::claim`]; in one step where the engine can.
    /// What was counted stays counted, whatever becomes of the claim.
    ///
    /// # Errors
    /// Those of both.
    async fn claim_charged(
        &self,
        toll: Toll,
        id: ShareId,
        access: TokenHash,
        claim: TokenHash,
        proof: Option<TokenHash>,
    ) -> Result<Done<Opened>, StoreError> {
        self.charge(toll.whose, &toll.charges).await?;
        self.claim(id, access, claim, proof).await
    }

    /// Part `n` for a claim whose lease lasts, part 0 without the seal; renews the lease.
    ///
    /// # Errors
    /// [`StoreError::ClaimOver`]; [`StoreError::Unknown`] for a claim never answered;
    /// [`StoreError::WrongPart`] past the last part.
    async fn part(&self, id: ShareId, claim: TokenHash, n: u64) -> Result<Part, StoreError>;

    /// Renews a claim's lease and says until when it lasts.
    ///
    /// # Errors
    /// [`StoreError::ClaimOver`]; [`StoreError::Unknown`].
    async fn renew(&self, id: ShareId, claim: TokenHash) -> Result<Timestamp, StoreError>;

    /// Ends a claim for good; again is the same. When no view is left and no claim is live, the
    /// content is gone when this returns.
    ///
    /// # Errors
    /// [`StoreError::Unknown`].
    async fn acknowledge(&self, id: ShareId, claim: TokenHash) -> Result<Done<()>, StoreError>;

    /// Admits a share, which need not be there yet, to answer a request that waits: [`OFFERS`] of them at
    /// most. Again is the same.
    ///
    /// [`OFFERS`]: waxseal_core::wire::OFFERS
    ///
    /// # Errors
    /// [`StoreError::Unknown`], also for what is no request; [`StoreError::Over`];
    /// [`StoreError::Conflict`] for one too many.
    async fn offer(
        &self,
        request: ShareId,
        access: TokenHash,
        share: ShareId,
    ) -> Result<(), StoreError>;

    /// Answers a request with a live share that was created for it, and says when that was. Of N that
    /// answer at once, exactly one does, and the same again gets the same. The request's own content is
    /// gone when this returns; what is known of it is kept as long as what is known of the share.
    ///
    /// # Errors
    /// [`StoreError::Unknown`], also for what is no request; [`StoreError::Over`], also once another share
    /// has answered; [`StoreError::Conflict`] for a share that is not live or not made for this.
    async fn answer(
        &self,
        request: ShareId,
        access: TokenHash,
        share: ShareId,
        sealed: SealedSecret,
    ) -> Result<Done<Timestamp>, StoreError>;

    /// What the owner may know.
    ///
    /// # Errors
    /// [`StoreError::Unknown`].
    async fn status(&self, id: ShareId, owner: TokenHash) -> Result<Status, StoreError>;

    /// As [`Self::status`] for many, in the order asked; `None` where id or token is wrong.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], for all together.
    async fn statuses(
        &self,
        shares: Vec<(ShareId, TokenHash)>,
    ) -> Result<Vec<Option<Status>>, StoreError>;

    /// Takes a share back: no further view, every lease ends now, the content is gone when this
    /// returns. A share whose views are used up keeps [`ShareState::Opened`]; one that is over some
    /// other way stays as it is. Again is the same.
    ///
    /// # Errors
    /// [`StoreError::Unknown`].
    async fn revoke(&self, id: ShareId, owner: TokenHash) -> Result<Done<Status>, StoreError>;

    /// Takes a share back as [`Self::revoke`] does, whoever owns it: for the server's operator.
    ///
    /// # Errors
    /// [`StoreError::Unknown`].
    async fn take_down(&self, id: ShareId) -> Result<Done<()>, StoreError>;

    /// Counts what somebody does, together with all servers on this store: all charges or, if one of
    /// them exceeds its allowance, none. An allowance may be used at once; then it comes back evenly.
    /// Nothing of it outlasts an hour. Where the engine cannot count, this server does by itself.
    ///
    /// # Errors
    /// [`StoreError::TooMany`].
    async fn charge(&self, whose: Whose, charges: &[Charge]) -> Result<(), StoreError>;

    /// What is stored now, as far as it counts for the quota. `None` where that is not counted.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn usage(&self) -> Result<Option<Usage>, StoreError>;

    /// Whether the store answers and is configured so that it can keep its promises. One without room is
    /// ready: what is there can be opened.
    ///
    /// # Errors
    /// [`Unready`] says what is wrong.
    async fn ready(&self) -> Result<(), Unready>;
}

/// Tells the time; tests hand in one that they move.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_unix_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}
