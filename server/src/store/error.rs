//! Why a store did not do what it was asked to.
//!
//! Invariant: [`StoreError::Full`] is for what takes room, never for claims, acknowledgements and revocations.

use super::Full;
use std::time::Duration;
use waxseal_core::{time::Timestamp, wire::ShareState};

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
    /// The number is not the one that was asked for. It was counted.
    #[error("the number is wrong")]
    WrongNumber {
        /// Wrong numbers left, at least one.
        tries_left: u32,
    },
    /// The number is wrong, it was the last one that was left, and so the share is burned.
    #[error("the last number is wrong")]
    LastNumber {
        /// When that happened: now.
        at: Timestamp,
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
    /// The network, or the address, has used up its allowance for now.
    #[error("whoever asks must wait")]
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
