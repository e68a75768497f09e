//! What can be asked of a share, and what can be answered, without the share's secrets.
//!
//! Invariant: all of an answer that a client may rely on is in it; times are minutes of the history.

use waxseal_core::wire::ShareState;

/// Minutes since a history began.
pub(super) type Minute = u32;

/// A request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    /// Of a share with this content, staged if it is two parts.
    Create {
        content: u8,
    },
    /// Of a part with this content.
    Put {
        part: u8,
        content: u8,
    },
    /// Which parts are there.
    Parts,
    Publish,
    Landing,
    Claim {
        claim: u8,
        proof: Proof,
    },
    Part {
        claim: u8,
        part: u8,
    },
    Renew {
        claim: u8,
    },
    Acknowledge {
        claim: u8,
    },
    /// Alone, or with all other shares in one request.
    Status {
        batch: bool,
    },
    Revoke,
}

/// What is given for the passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    None,
    Right,
    Wrong,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// To a creation or a publication.
    Receipt {
        state: ShareState,
        expires_at: Option<Minute>,
    },
    /// To an upload of a part.
    Stored,
    /// Those that are there.
    Parts(Vec<u64>),
    Landing {
        expires_at: Minute,
        views_left: Option<u32>,
        tries_left: Option<u32>,
    },
    /// The opening.
    Head {
        content: u8,
        expires_at: Minute,
        lease_until: Minute,
        views_left: Option<u32>,
    },
    /// Of a claim.
    Part {
        content: u8,
    },
    Lease {
        until: Minute,
    },
    Acknowledged,
    Status(Status),
    Unknown,
    Conflict,
    PassphraseRequired,
    WrongPassphrase {
        tries_left: u32,
    },
    NoPassphraseSet,
    ShareOver {
        state: ShareState,
        at: Minute,
    },
    ClaimOver,
    /// None that a share gives.
    Other(String),
}

/// What the owner is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) state: ShareState,
    pub(super) created_at: Minute,
    pub(super) expires_at: Option<Minute>,
    pub(super) views_left: Option<u32>,
    pub(super) opened_at: Vec<Minute>,
    pub(super) failed_passphrases: u32,
    pub(super) revoked_at: Option<Minute>,
}

/// A request of a client on one share, and what came of it.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) client: usize,
    pub(super) server: usize,
    pub(super) request: Request,
    /// With a token that is not the share's.
    pub(super) stranger: bool,
    /// `None` = it was lost.
    pub(super) answer: Option<Answer>,
    /// By the clock when it was made, and when it was answered or the history ended.
    pub(super) clock: (usize, usize),
}

impl Call {
    /// Whether it changes nothing, whatever the share is like.
    pub(super) fn is_read(&self) -> bool {
        use Answer::{
            ClaimOver, Conflict, NoPassphraseSet, PassphraseRequired, ShareOver, Unknown,
        };
        let refused = matches!(
            self.answer,
            Some(
                ClaimOver
                    | Conflict
                    | NoPassphraseSet
                    | PassphraseRequired
                    | ShareOver { .. }
                    | Unknown
            )
        );
        refused
            || self.stranger
            || matches!(self.request, Request::Landing | Request::Status { .. })
    }
}

impl Answer {
    /// Which it is, without what it says.
    pub(super) fn kind(&self) -> String {
        match self {
            Self::ShareOver { state, .. } => format!("ShareOver {}", state.as_str()),
            Self::Receipt { state, .. } => format!("Receipt {}", state.as_str()),
            Self::Status(status) => format!("Status {}", status.state.as_str()),
            other => {
                let text = format!("{other:?}");
                text.split([' ', '(']).next().unwrap_or_default().to_owned()
            }
        }
    }
}

impl Request {
    /// Which it is, without its numbers.
    pub(super) fn kind(self) -> String {
        let text = format!("{self:?}");
        text.split(' ').next().unwrap_or_default().to_owned()
    }
}
