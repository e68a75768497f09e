//! Errors as they travel: problem details with a stable type.

use super::ShareState;
use crate::{text_enum::text_enum, time::Timestamp};
use serde::{Deserialize, Serialize};

#[cfg(feature = "openapi")]
use utoipa::ToSchema;

/// Media type of errors (RFC 9457).
pub const PROBLEM_JSON: &str = "application/problem+json";

/// An error (RFC 9457). Clients act on `type` and on the extension members, never on the texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
pub struct Problem {
    /// What went wrong.
    #[serde(rename = "type")]
    pub kind: ProblemType,
    /// The same in words, equal for all errors of this type.
    pub title: String,
    /// The HTTP status code.
    pub status: u16,
    /// What is wrong with this request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// With [`ProblemType::ShareOver`]: how it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<ShareState>,
    /// With [`ProblemType::ShareOver`]: when it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// With [`ProblemType::WrongPassphrase`]: wrong passphrases left before the share burns;
    /// with [`ProblemType::WrongNumber`] the same of numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tries_left: Option<u32>,
}

text_enum! {
    /// The stable `type` of a [`Problem`].
    pub enum ProblemType {
        /// 400: the body is not JSON, or the request not HTTP as it should be.
        Malformed = "urn:waxseal:problem:malformed",
        /// 422: JSON of the wrong shape: an unknown, missing, mistyped or out-of-range field.
        Invalid = "urn:waxseal:problem:invalid",
        /// 422: the server's policy does not offer what was asked.
        Policy = "urn:waxseal:problem:policy",
        /// 401: the bearer token is missing or not one.
        TokenRequired = "urn:waxseal:problem:token-required",
        /// 403: the application's grant is of no use for this share, or was used for another.
        Grant = "urn:waxseal:problem:grant",
        /// 404: no such share, or a wrong token for it.
        UnknownShare = "urn:waxseal:problem:unknown-share",
        /// 404: no such address or part.
        NotFound = "urn:waxseal:problem:not-found",
        /// 405: the address has no such method.
        MethodNotAllowed = "urn:waxseal:problem:method-not-allowed",
        /// 415: the body's media type is not the one this call takes.
        MediaType = "urn:waxseal:problem:media-type",
        /// 408: the body did not arrive in time.
        Timeout = "urn:waxseal:problem:timeout",
        /// 413: larger than the server takes.
        TooLarge = "urn:waxseal:problem:too-large",
        /// 416: the range lies outside the part.
        Range = "urn:waxseal:problem:range",
        /// 409: another share has this id, or the call does not fit the share's state.
        Conflict = "urn:waxseal:problem:conflict",
        /// 403: a passphrase is set and no proof was given; not counted.
        PassphraseRequired = "urn:waxseal:problem:passphrase-required",
        /// 403: the proof is wrong; counted.
        WrongPassphrase = "urn:waxseal:problem:wrong-passphrase",
        /// 403: the number is not the one that the owner sees; counted.
        WrongNumber = "urn:waxseal:problem:wrong-number",
        /// 410: opened, expired, revoked or burned.
        ShareOver = "urn:waxseal:problem:share-over",
        /// 410: this claim has lapsed or was acknowledged.
        ClaimOver = "urn:waxseal:problem:claim-over",
        /// 429: too much from this network for now; see `Retry-After`. Nothing happened.
        TooMany = "urn:waxseal:problem:too-many-requests",
        /// 403: a page of another site sent the request. Nothing happened.
        CrossSite = "urn:waxseal:problem:cross-site",
        /// 507: the store is full.
        StorageFull = "urn:waxseal:problem:storage-full",
        /// 503: the store cannot be reached or is not safely configured; see `Retry-After`.
        Unavailable = "urn:waxseal:problem:unavailable",
        /// 503: the server should get no requests now; only `/readyz` says so.
        NotReady = "urn:waxseal:problem:not-ready",
        /// 500: a fault of the server.
        Internal = "urn:waxseal:problem:internal",
    }
}
