//! Messages about requests: shares that ask for a secret, and are answered with one.

use super::{Landing, ShareState};
use crate::{
    base64url,
    time::Timestamp,
    token::{AccessToken, SealedSecret, ShareId},
};
use serde::{Deserialize, Serialize};

#[cfg(feature = "openapi")]
use utoipa::ToSchema;

/// How many shares may be created to answer one request. One of them answers it.
pub const OFFERS: usize = 10;

/// The most bytes of a request's ciphertext.
pub const REQUEST_BYTES: usize = 16 * 1024;

/// What a share is to answer: shown with its creation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
pub struct Answers {
    /// The request's name.
    pub request: ShareId,
    /// Its access token.
    pub access: AccessToken,
}

/// Answer to `GET /api/shares/{id}` of a request, which is read and never opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
pub struct Asking {
    /// [`ShareState::Live`]; any other state is answered as an error.
    pub state: ShareState,
    /// Until when it waits for an answer.
    pub expires_at: Timestamp,
    /// Its whole ciphertext.
    #[serde(with = "base64url::whole")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub note: Vec<u8>,
}

/// Answer to `GET /api/shares/{id}`, of whatever it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
pub enum Seen {
    /// A share that can be opened.
    Share(Landing),
    /// A request that waits for an answer.
    Request(Asking),
}

/// `POST /api/shares/{id}/answer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
pub struct AnswerRequest {
    /// The share that answers: a live one that was created for that.
    pub share: ShareId,
    /// The secret of its link, for whoever asked.
    pub sealed: SealedSecret,
}

/// Answer to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
pub struct Answered {
    /// When that was.
    pub at: Timestamp,
}

/// What was sent in answer to a request, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
pub struct Answer {
    /// The share that answers.
    pub share: ShareId,
    /// The secret of its link.
    pub sealed: SealedSecret,
    /// When it was sent.
    pub at: Timestamp,
    /// When the share expires.
    pub expires_at: Timestamp,
}
