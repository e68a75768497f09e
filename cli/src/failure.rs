//! What can go wrong, in words for people and in stable kinds for programs.
//!
//! Invariant: a kind has one name and one exit code, both in `docs/cli.md`; no message holds a key, a
//! token, a passphrase or a byte that a terminal would act on.

use crate::words::visible;
use serde::Serialize;
use std::{fmt, io};
use waxseal_core::{
    time::Timestamp,
    wire::{Problem, ProblemType, ShareState},
};

/// A failure that ends the command.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Failure {
    /// What kind it is.
    pub(crate) kind: Kind,
    /// The same for people.
    pub(crate) message: String,
    /// When the share ended, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<Timestamp>,
    /// Wrong passphrases left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tries_left: Option<u32>,
    /// What differs, as a path on the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
    /// Whether it was told already, so that its exit code is all that is left.
    #[serde(skip)]
    pub(crate) told: bool,
}

/// Kinds of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// Anything that is no other.
    Failed,
    /// The words of the command do not fit.
    Usage,
    /// The link is incomplete or damaged.
    DamagedLink,
    /// The server does not answer; nothing was used up.
    Unreachable,
    /// An opening was begun and can be carried on.
    Interrupted,
    /// All views are used up.
    Opened,
    /// The time is over.
    Expired,
    /// The sender took it back.
    Revoked,
    /// Destroyed by wrong passphrases.
    Burned,
    /// The server knows no such share.
    Unknown,
    /// A passphrase is missing or wrong.
    Passphrase,
    /// The content was not left as it was sealed.
    Damaged,
    /// A file or standard output cannot be written.
    Disk,
    /// The server's policy does not allow it.
    Policy,
    /// The server has no room.
    Full,
    /// The opening can no longer be carried on.
    ClaimOver,
    /// A file to send is missing, unfit, or changed meanwhile.
    Source,
    /// Others on the network could read it.
    Insecure,
    /// No such share was made on this computer.
    NotOwned,
    /// The server serves something else than the version that it says it is.
    Differs,
    /// It was stopped by a key or a signal.
    Cancelled,
}

impl Kind {
    /// The exit code.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::DamagedLink => 3,
            Self::Unreachable => 4,
            Self::Interrupted => 5,
            Self::Opened => 6,
            Self::Expired => 7,
            Self::Revoked => 8,
            Self::Burned => 9,
            Self::Unknown => 10,
            Self::Passphrase => 11,
            Self::Damaged => 12,
            Self::Disk => 13,
            Self::Policy => 14,
            Self::Full => 15,
            Self::ClaimOver => 16,
            Self::Source => 17,
            Self::Insecure => 18,
            Self::NotOwned => 19,
            Self::Differs => 20,
            Self::Cancelled => 130,
        }
    }
}

impl Failure {
    /// A failure of a kind.
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), at: None, tries_left: None, path: None, told: false }
    }

    /// Something that cannot be written.
    pub(crate) fn disk(what: impl fmt::Display, error: &io::Error) -> Self {
        Self::new(Kind::Disk, format!("cannot write {what}: {error}"))
    }

    /// The user stopped it.
    pub(crate) fn cancelled() -> Self {
        Self::new(Kind::Cancelled, "stopped")
    }

    /// The same, with more to say.
    #[must_use]
    pub(crate) fn and(mut self, more: &str) -> Self {
        self.message.push_str(more);
        self
    }

    /// The same, after it was told.
    #[must_use]
    pub(crate) fn told(mut self) -> Self {
        self.told = true;
        self
    }

    /// What a server's problem means to its user.
    pub(crate) fn of_problem(problem: &Problem) -> Self {
        let at = problem.at.map(|at| format!(" on {}", crate::words::time(at))).unwrap_or_default();
        let (kind, message) = match (problem.kind, problem.state) {
            (ProblemType::ShareOver, Some(ShareState::Opened)) => (
                Kind::Opened,
                format!("it was already opened{at}; if that was not you, tell the sender"),
            ),
            (ProblemType::ShareOver, Some(ShareState::Expired)) => {
                (Kind::Expired, format!("it expired{at}"))
            }
            (ProblemType::ShareOver, Some(ShareState::Revoked)) => (
                Kind::Revoked,
                format!("the sender took it back{at}, or whoever runs the server took it down"),
            ),
            (ProblemType::ShareOver, Some(ShareState::Burned)) => {
                (Kind::Burned, format!("it was destroyed{at} after too many wrong passphrases"))
            }
            (ProblemType::UnknownShare | ProblemType::ShareOver, _) => (
                Kind::Unknown,
                "the server does not know it: it expired long ago, or never existed".to_owned(),
            ),
            (ProblemType::ClaimOver, _) => (
                Kind::ClaimOver,
                "the time to carry on with this opening is over, or the share was taken back"
                    .to_owned(),
            ),
            (ProblemType::PassphraseRequired, _) => {
                (Kind::Passphrase, "a passphrase is needed; nothing was used up".to_owned())
            }
            (ProblemType::WrongPassphrase, _) => match problem.tries_left {
                Some(0) => (
                    Kind::Burned,
                    "the passphrase is wrong; that was the last try, and the share is destroyed"
                        .to_owned(),
                ),
                Some(left) => {
                    (Kind::Passphrase, format!("the passphrase is wrong; tries left: {left}"))
                }
                None => (Kind::Passphrase, "the passphrase is wrong".to_owned()),
            },
            (ProblemType::Policy | ProblemType::Grant | ProblemType::TooLarge, _) => {
                (Kind::Policy, in_words(problem))
            }
            (ProblemType::StorageFull, _) => {
                (Kind::Full, "the server has no room for it now".to_owned())
            }
            (ProblemType::TooMany, _) => (
                Kind::Unreachable,
                "too much was asked from this network for now; nothing was used up".to_owned(),
            ),
            (ProblemType::Unavailable | ProblemType::Internal | ProblemType::Timeout, _) => {
                (Kind::Unreachable, in_words(problem))
            }
            _ => (Kind::Failed, in_words(problem)),
        };
        Self { at: problem.at, tries_left: problem.tries_left, ..Self::new(kind, message) }
    }
}

/// What the server itself says.
fn in_words(problem: &Problem) -> String {
    let title = visible(&problem.title);
    match &problem.detail {
        Some(detail) => format!("the server says: {title} ({})", visible(detail)),
        None => format!("the server says: {title}"),
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
