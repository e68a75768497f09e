//! How a request can fail.
//!
//! Invariant: only what may pass by itself is worth another try.

use crate::{
    failure::{Failure, Kind},
    words::visible,
};
use std::time::Duration;
use waxseal_core::wire::{Problem, ProblemType};

/// Why there is no answer of success.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// The network, or what stands between, failed; the request may have been done.
    NoAnswer {
        /// In words.
        why: String,
        /// What was asked to wait.
        retry_after: Option<Duration>,
    },
    /// The server refuses.
    Problem {
        /// Why.
        problem: Box<Problem>,
        /// What it asks to wait.
        retry_after: Option<Duration>,
    },
    /// The address leads elsewhere.
    Moved(Option<String>),
    /// Whatever answers is no Waxseal server.
    Foreign,
    /// The server cannot prove to be the one that is meant.
    Untrusted(String),
    /// The request cannot be sent at all.
    Unsendable(String),
}

impl ApiError {
    /// The problem's type, if it is one.
    pub(crate) fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Problem { problem, .. } => Some(problem),
            _ => None,
        }
    }

    /// Whether it is a problem of this type.
    pub(crate) fn is(&self, kind: ProblemType) -> bool {
        self.problem().is_some_and(|problem| problem.kind == kind)
    }

    /// Whether the same request may succeed later.
    pub(crate) fn is_passing(&self) -> bool {
        use ProblemType::{Internal, Timeout, TooMany, Unavailable};
        match self {
            Self::NoAnswer { .. } => true,
            Self::Problem { problem, .. } => {
                matches!(problem.kind, Internal | Timeout | TooMany | Unavailable)
            }
            Self::Moved(_) | Self::Foreign | Self::Untrusted(_) | Self::Unsendable(_) => false,
        }
    }

    /// What the server asks to wait.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::NoAnswer { retry_after, .. } | Self::Problem { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl From<ureq::Error> for ApiError {
    fn from(error: ureq::Error) -> Self {
        let why = visible(&error.to_string());
        match error {
            ureq::Error::Rustls(_) | ureq::Error::Tls(_) => Self::Untrusted(why),
            // A handshake fails while something is read.
            ureq::Error::Io(error)
                if error.get_ref().is_some_and(|cause| cause.is::<rustls::Error>()) =>
            {
                Self::Untrusted(why)
            }
            ureq::Error::Http(_)
            | ureq::Error::BadUri(_)
            | ureq::Error::InvalidProxyUrl
            | ureq::Error::BodyExceedsLimit(_) => Self::Unsendable(why),
            _ => Self::NoAnswer { why, retry_after: None },
        }
    }
}

impl From<ureq::http::Error> for ApiError {
    fn from(error: ureq::http::Error) -> Self {
        Self::Unsendable(error.to_string())
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Problem { problem, .. } => Self::of_problem(&problem),
            ApiError::NoAnswer { why, .. } => {
                Self::new(Kind::Unreachable, format!("the server does not answer: {why}"))
            }
            ApiError::Moved(Some(to)) => Self::new(
                Kind::Failed,
                format!("this address leads elsewhere, to {}; use that one", visible(&to)),
            ),
            ApiError::Moved(None) | ApiError::Foreign => {
                Self::new(Kind::Failed, "what answers at this address is no Waxseal server")
            }
            ApiError::Untrusted(why) => Self::new(
                Kind::Insecure,
                format!("the server cannot prove that it is the one that is meant: {why}"),
            ),
            ApiError::Unsendable(why) => {
                Self::new(Kind::Failed, format!("the request cannot be sent: {why}"))
            }
        }
    }
}
