//! The store: what a share goes through, in semantics every engine must keep.
//!
//! Invariant: of all who ask for the last view of a share, at most one claim is ever given its seal;
//! that claim may ask again until its lease ends. Nothing is answered before it is durable.
//!
//! An unknown id and a wrong token are the same answer, [`StoreError::Unknown`], everywhere.

mod part;
mod quota;
mod rate;
mod record;
pub mod redis;
pub mod sqlite;

pub use part::Part;
pub use quota::{Full, Quota};
pub use rate::{Charge, Rate};

pub(crate) use rate::Counts;

use crate::network::Network;
use async_trait::async_trait;
use bytes::Bytes;
use std::time::Duration;
use waxseal_core::{
    layout::BodySize,
    time::Timestamp,
    token::{ShareId, TokenHash},
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
}

/// A share as its owner sees it right after creating or publishing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Its state now.
    pub state: ShareState,
    /// When it expires, once published.
    pub expires_at: Option<Timestamp>,
    /// Length of the whole ciphertext in bytes.
    pub size: BodySize,
}

/// A share that can be opened, as a link holder sees it before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LandingView {
    /// When it expires.
    pub expires_at: Timestamp,
    /// Openings left; `None` = any number.
    pub views_left: Option<u32>,
    /// Length of the whole ciphertext in bytes.
    pub size: BodySize,
    /// Wrong passphrases left, where there is a passphrase.
    pub tries_left: Option<u32>,
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
}

impl Default for Retention {
    /// 15 minutes, 24 hours, 7 days, 1 hour, 24 hours.
    fn default() -> Self {
        const HOUR: u64 = 60 * 60;
        Self {
            lease: Duration::from_secs(15 * 60),
            lease_max: Duration::from_secs(24 * HOUR),
            record: Duration::from_secs(7 * 24 * HOUR),
            staged: Duration::from_secs(HOUR),
            staged_parts: Duration::from_secs(24 * HOUR),
        }
    }
}

/// Why a call did not do what it says.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No such share, or a wrong token for it.
    #[error("unknown share")]
    Unknown,
    /// The share's life has ended.
    #[error("the share is over")]
    Over {
        /// Opened, expired, revoked or burned.
        state: ShareState,
        /// When that happened.
        at: Timestamp,
    },
    /// The claim's lease has ended, or it was acknowledged.
    #[error("the claim is over")]
    ClaimOver,
    /// A passphrase is set and no proof was given. Nothing was counted.
    #[error("a passphrase is needed")]
    PassphraseRequired,
    /// The proof is wrong. It was counted.
    #[error("the passphrase is wrong")]
    WrongPassphrase {
        /// Wrong passphrases left; zero = this one burned the share.
        tries_left: u32,
    },
    /// A proof was given where no passphrase is set. Nothing was spent.
    #[error("no passphrase is set")]
    NoPassphraseSet,
    /// Another share has this id, or the share's state does not admit the call.
    #[error("the share's state does not admit this")]
    Conflict,
    /// Not every part is there.
    #[error("parts are missing")]
    PartsMissing,
    /// A part of the wrong length, or none of the share's.
    #[error("the part does not fit the share")]
    WrongPart,
    /// A share of several parts, where leases last no time: only the head could ever be read.
    #[error("only shares of one part are taken")]
    OnePartOnly,
    /// There is no room. Claims, acknowledgements and revocations never get this.
    #[error("there is no room: {0}")]
    Full(Full),
    /// The network has used up what it may do for now.
    #[error("the network must wait")]
    TooMany {
        /// Until the same fits.
        wait: Duration,
    },
    /// The store cannot be reached, answers too late, or is not safely configured.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// A fault of the store or of this server.
    #[error("the store failed: {0}")]
    Fault(String),
}

/// Where shares live.
#[async_trait]
pub trait Store: Send + Sync {
    /// Creates a share: published and live at once if it has a head, staged otherwise. Content is
    /// kept for exactly `expires_in` from publication.
    ///
    /// The same creation again (every field and SHA-256(head) equal) writes nothing and gets the
    /// original expiry with the current state, also when the share is over.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] for any other creation under a known id; [`StoreError::WrongPart`] for
    /// a head that does not fit the size; [`StoreError::OnePartOnly`]; [`StoreError::Full`], also for a
    /// size that the quota has no room for even if nothing else is stored.
    async fn create(&self, share: NewShare) -> Result<Receipt, StoreError>;

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

    /// Makes a staged share live when all its parts are there; the expiry starts now. Again gets the
    /// same answer with the current state.
    ///
    /// # Errors
    /// [`StoreError::PartsMissing`].
    async fn publish(&self, id: ShareId, owner: TokenHash) -> Result<Receipt, StoreError>;

    /// What a link holder may know before opening. Spends nothing.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] also for a staged share; [`StoreError::Over`].
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
    /// [`StoreError::NoPassphraseSet`], [`StoreError::Over`], [`StoreError::ClaimOver`].
    async fn claim(
        &self,
        id: ShareId,
        access: TokenHash,
        claim: TokenHash,
        proof: Option<TokenHash>,
    ) -> Result<Opened, StoreError>;

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
    async fn acknowledge(&self, id: ShareId, claim: TokenHash) -> Result<(), StoreError>;

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
    async fn revoke(&self, id: ShareId, owner: TokenHash) -> Result<Status, StoreError>;

    /// Takes a share back as [`Self::revoke`] does, whoever owns it: for the server's operator.
    ///
    /// # Errors
    /// [`StoreError::Unknown`].
    async fn take_down(&self, id: ShareId) -> Result<(), StoreError>;

    /// Counts what a network does, together with all servers on this store: all charges or, if one of
    /// them exceeds its allowance, none. An allowance may be used at once; then it comes back evenly.
    /// Nothing of it outlasts an hour.
    ///
    /// # Errors
    /// [`StoreError::TooMany`]. Anything else says that nothing was counted, not that it must not be.
    async fn charge(&self, network: Network, charges: &[Charge]) -> Result<(), StoreError>;

    /// Whether the store answers and is configured so that it can keep its promises.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] names what is wrong.
    async fn ready(&self) -> Result<(), StoreError>;
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
