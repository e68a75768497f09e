//! Errors as problem details (RFC 9457).
//!
//! Invariant: no text of a problem repeats anything a request contained; 404s for an unknown id, a
//! malformed one and a wrong token are equal byte for byte.

use crate::{
    metrics::Refusal,
    store::{Full, Reason, StoreError, Unready},
};
use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
};
use serde::Serialize;
use std::fmt;
use utoipa::ToSchema;
use waxseal_core::{
    time::Timestamp,
    wire::{PROBLEM_JSON, Problem, ProblemType, ShareState},
};

/// A problem, and why the server should get no requests now if that is it.
#[derive(Serialize, ToSchema)]
pub(crate) struct NotReady {
    #[serde(flatten)]
    problem: Problem,
    /// Why it should not.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<NotReadyBecause>,
    /// Which setting of the store is to blame, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    setting: Option<&'static str>,
}

/// Why a server should get no requests now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum NotReadyBecause {
    /// It was told to stop.
    Stopping,
    /// The store cannot be reached, or does not answer in time.
    StoreUnreachable,
    /// The store does not let the server in, or not do what it must.
    StoreDenied,
    /// The store has a setting with which it cannot keep what it is given.
    StoreUnsafe,
    /// Fewer of the store's replicas are connected than must have what is written.
    StoreReplicas,
    /// The store fails.
    StoreFailed,
}

/// An error answer.
#[derive(Debug)]
pub(crate) struct ApiError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ProblemType,
    detail: Option<String>,
    over: Option<(ShareState, Timestamp)>,
    tries_left: Option<u32>,
    header: Option<(HeaderName, HeaderValue)>,
    cause: Option<String>,
    refusal: Option<Refusal>,
    not_ready: Option<NotReadyBecause>,
    setting: Option<&'static str>,
}

impl ApiError {
    /// An error of this type.
    pub(crate) fn new(kind: ProblemType) -> Self {
        let header = match kind {
            ProblemType::TokenRequired => {
                Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
            }
            ProblemType::Unavailable | ProblemType::NotReady => {
                Some((header::RETRY_AFTER, HeaderValue::from_static("5")))
            }
            _ => None,
        };
        let refusal = match kind {
            ProblemType::TooMany => Some(Refusal::Rate),
            ProblemType::CrossSite => Some(Refusal::SameSite),
            ProblemType::Timeout => Some(Refusal::Slow),
            ProblemType::TooLarge => Some(Refusal::Large),
            _ => None,
        };
        Self(Box::new(Inner {
            kind,
            detail: None,
            over: None,
            tries_left: None,
            header,
            cause: None,
            refusal,
            not_ready: None,
            setting: None,
        }))
    }

    /// Says what is wrong with this request, without repeating any of it.
    #[must_use]
    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.header = Some((name, value));
        self
    }

    /// Says that it protects the server, and from what.
    #[must_use]
    pub(crate) fn refusing(mut self, refusal: Refusal) -> Self {
        self.0.refusal = Some(refusal);
        self
    }

    /// What it protects the server from, if it does.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.0.refusal
    }

    /// Whether it says that a share is unknown.
    pub(crate) fn is_unknown_share(&self) -> bool {
        self.0.kind == ProblemType::UnknownShare
    }

    /// What went wrong inside the server: for the log, never for the client.
    pub(crate) fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// The server should get no requests now.
    pub(crate) fn not_ready(reason: NotReadyBecause) -> Self {
        let mut error = Self::new(ProblemType::NotReady);
        error.0.not_ready = Some(reason);
        error
    }

    fn over(state: ShareState, at: Timestamp) -> Self {
        let mut error = Self::new(ProblemType::ShareOver);
        error.0.over = Some((state, at));
        error
    }

    fn because(mut self, cause: String) -> Self {
        self.0.cause = Some(cause);
        self
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unknown => Self::new(ProblemType::UnknownShare),
            StoreError::Over { state, at } => Self::over(state, at),
            StoreError::LastNumber { at } => Self::over(ShareState::Burned, at),
            StoreError::ClaimOver => Self::new(ProblemType::ClaimOver),
            StoreError::PassphraseRequired => Self::new(ProblemType::PassphraseRequired),
            StoreError::WrongPassphrase { tries_left } => {
                let mut error = Self::new(ProblemType::WrongPassphrase);
                error.0.tries_left = Some(tries_left);
                error
            }
            StoreError::WrongNumber { tries_left } => {
                let mut error = Self::new(ProblemType::WrongNumber);
                error.0.tries_left = Some(tries_left);
                error
            }
            StoreError::NoPassphraseSet => {
                Self::new(ProblemType::Invalid).detail("a proof was given, no passphrase is set")
            }
            StoreError::Conflict => Self::new(ProblemType::Conflict),
            StoreError::PartsMissing => {
                Self::new(ProblemType::Conflict).detail("parts are missing")
            }
            StoreError::WrongPart => Self::new(ProblemType::NotFound),
            StoreError::OnePartOnly => {
                Self::new(ProblemType::Policy).detail("without leases, only shares of one part")
            }
            StoreError::Full(full) => {
                let refusal = match full {
                    Full::Engine => Refusal::Full,
                    Full::Stored | Full::Staged => Refusal::Quota,
                };
                Self::new(ProblemType::StorageFull).detail(full.to_string()).refusing(refusal)
            }
            StoreError::TooMany { wait } => {
                let seconds = wait.as_secs_f64().ceil() as u64;
                Self::new(ProblemType::TooMany).header(header::RETRY_AFTER, seconds.into())
            }
            StoreError::Unavailable(cause) => Self::new(ProblemType::Unavailable).because(cause),
            StoreError::Fault(cause) => Self::new(ProblemType::Internal).because(cause),
        }
    }
}

impl From<Unready> for ApiError {
    fn from(unready: Unready) -> Self {
        let (reason, setting) = match unready.reason {
            Reason::Unreachable => (NotReadyBecause::StoreUnreachable, None),
            Reason::Denied => (NotReadyBecause::StoreDenied, None),
            Reason::Unsafe(setting) => (NotReadyBecause::StoreUnsafe, setting),
            Reason::Replicas => (NotReadyBecause::StoreReplicas, None),
            Reason::Failed => (NotReadyBecause::StoreFailed, None),
        };
        let mut error = Self::not_ready(reason).because(unready.cause);
        error.0.setting = setting;
        error
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(status_and_title(self.0.kind).1)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        status_and_title(self.0.kind).0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, title) = status_and_title(self.0.kind);
        let mut response = HttpResponse::build(status);
        if let Some((name, value)) = &self.0.header {
            response.insert_header((name.clone(), value.clone()));
        }
        let problem = Problem {
            kind: self.0.kind,
            title: title.into(),
            status: status.as_u16(),
            detail: self.0.detail.clone(),
            state: self.0.over.map(|(state, _)| state),
            at: self.0.over.map(|(_, at)| at),
            tries_left: self.0.tries_left,
        };
        let (reason, setting) = (self.0.not_ready, self.0.setting);
        response.insert_header((header::CONTENT_TYPE, PROBLEM_JSON)).json(NotReady {
            problem,
            reason,
            setting,
        })
    }
}

const fn status_and_title(kind: ProblemType) -> (StatusCode, &'static str) {
    match kind {
        ProblemType::Malformed => (StatusCode::BAD_REQUEST, "Malformed request"),
        ProblemType::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "Invalid request"),
        ProblemType::Policy => (StatusCode::UNPROCESSABLE_ENTITY, "Against this server's policy"),
        ProblemType::TokenRequired => (StatusCode::UNAUTHORIZED, "Bearer token required"),
        ProblemType::Grant => (StatusCode::FORBIDDEN, "No grant for this"),
        ProblemType::UnknownShare => (StatusCode::NOT_FOUND, "Unknown share"),
        ProblemType::NotFound => (StatusCode::NOT_FOUND, "Not found"),
        ProblemType::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
        ProblemType::MediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "Unsupported media type"),
        ProblemType::Timeout => (StatusCode::REQUEST_TIMEOUT, "Request timed out"),
        ProblemType::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Too large"),
        ProblemType::Range => (StatusCode::RANGE_NOT_SATISFIABLE, "Range not satisfiable"),
        ProblemType::Conflict => (StatusCode::CONFLICT, "Conflict"),
        ProblemType::PassphraseRequired => (StatusCode::FORBIDDEN, "Passphrase required"),
        ProblemType::WrongPassphrase => (StatusCode::FORBIDDEN, "Wrong passphrase"),
        ProblemType::WrongNumber => (StatusCode::FORBIDDEN, "Wrong number"),
        ProblemType::ShareOver => (StatusCode::GONE, "The share is over"),
        ProblemType::ClaimOver => (StatusCode::GONE, "The claim is over"),
        ProblemType::TooMany => (StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
        ProblemType::CrossSite => (StatusCode::FORBIDDEN, "Not from another site"),
        ProblemType::StorageFull => (StatusCode::INSUFFICIENT_STORAGE, "Storage full"),
        ProblemType::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "Store unavailable"),
        ProblemType::NotReady => (StatusCode::SERVICE_UNAVAILABLE, "Not ready"),
        ProblemType::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "Internal error"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;
    use std::time::Duration;

    async fn answer(error: impl Into<ApiError>) -> (u16, Option<HeaderValue>, serde_json::Value) {
        let response = error.into().error_response();
        let media_type = response.headers().get(header::CONTENT_TYPE);
        assert_eq!(media_type, Some(&HeaderValue::from_static(PROBLEM_JSON)));
        let status = response.status().as_u16();
        let retry = response.headers().get(header::RETRY_AFTER).cloned();
        let body = to_bytes(response.into_body()).await.expect("the body is in memory");
        (status, retry, serde_json::from_slice(&body).expect("a problem is JSON"))
    }

    #[actix_web::test]
    async fn every_failure_of_the_store_has_its_answer() {
        let at = Timestamp::from_unix_millis(0);
        for (error, status, kind) in [
            (StoreError::Unknown, 404, "unknown-share"),
            (StoreError::Over { state: ShareState::Opened, at }, 410, "share-over"),
            (StoreError::ClaimOver, 410, "claim-over"),
            (StoreError::PassphraseRequired, 403, "passphrase-required"),
            (StoreError::WrongPassphrase { tries_left: 9 }, 403, "wrong-passphrase"),
            (StoreError::WrongNumber { tries_left: 9 }, 403, "wrong-number"),
            (StoreError::NoPassphraseSet, 422, "invalid"),
            (StoreError::Conflict, 409, "conflict"),
            (StoreError::PartsMissing, 409, "conflict"),
            (StoreError::WrongPart, 404, "not-found"),
            (StoreError::OnePartOnly, 422, "policy"),
            (StoreError::Full(Full::Engine), 507, "storage-full"),
            (StoreError::Full(Full::Stored), 507, "storage-full"),
            (StoreError::Full(Full::Staged), 507, "storage-full"),
            (StoreError::TooMany { wait: Duration::from_millis(1) }, 429, "too-many-requests"),
            (StoreError::Unavailable("secret".into()), 503, "unavailable"),
            (StoreError::Fault("secret".into()), 500, "internal"),
        ] {
            let (answered, retry, problem) = answer(error).await;
            assert_eq!(answered, status);
            assert_eq!(problem["status"], status);
            assert_eq!(problem["type"], format!("urn:waxseal:problem:{kind}"));
            assert_eq!(retry.is_some(), [429, 503].contains(&status), "{kind}");
            assert_eq!(problem["tries_left"].as_u64(), kind.starts_with("wrong-").then_some(9));
            assert_eq!(problem["state"].as_str(), (kind == "share-over").then_some("opened"));
            assert_eq!(problem["at"].is_string(), kind == "share-over");
            assert!(!problem.to_string().contains("secret"), "a cause is for the log only");
        }
        let (status, _, problem) = answer(StoreError::LastNumber { at }).await;
        assert_eq!((status, problem["state"].as_str()), (410, Some("burned")));
    }
}
