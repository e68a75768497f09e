//! The control messages of the HTTP API, as JSON.
//!
//! Invariant: requests refuse unknown fields; what a type admits is within the API's bounds, so a
//! handler cannot see a number of views or an expiry outside them.

use crate::{
    base64url,
    layout::BodySize,
    text_enum::text_enum,
    time::Timestamp,
    token::{ClaimToken, OwnerToken, Proof, ShareId, TokenHash},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

#[cfg(feature = "openapi")]
use utoipa::ToSchema;

/// How many shares one [`BatchStatusRequest`] may ask for.
pub const BATCH_LIMIT: usize = 200;

/// Wrong passphrases that burn a share.
pub const PASSPHRASE_TRIES: u32 = 10;

/// Media type of errors (RFC 9457).
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Seconds from publication to expiry: 60 … 2 592 000 (30 days).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
#[cfg_attr(feature = "openapi", derive(ToSchema), schema(value_type = u32, minimum = 60, maximum = 2_592_000))]
pub struct ExpiresIn(u32);

/// A number of seconds outside 60 … 2 592 000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an expiry is 60 to 2592000 seconds")]
pub struct ExpiresInError;

impl ExpiresIn {
    /// The longest, 30 days.
    pub const MAX: Self = Self(2_592_000);

    /// In seconds.
    pub const fn seconds(self) -> u32 {
        self.0
    }

    /// As a duration.
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0 as u64)
    }
}

impl TryFrom<u32> for ExpiresIn {
    type Error = ExpiresInError;

    fn try_from(seconds: u32) -> Result<Self, ExpiresInError> {
        if (60..=Self::MAX.0).contains(&seconds) { Ok(Self(seconds)) } else { Err(ExpiresInError) }
    }
}

impl From<ExpiresIn> for u32 {
    fn from(expires_in: ExpiresIn) -> Self {
        expires_in.0
    }
}

/// How often a share may be opened: 1 … 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
#[cfg_attr(feature = "openapi", derive(ToSchema), schema(value_type = u32, minimum = 1, maximum = 100))]
pub struct Views(u32);

/// A number of views outside 1 … 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a number of views is 1 to 100")]
pub struct ViewsError;

impl Views {
    /// One-time viewing.
    pub const ONE: Self = Self(1);

    /// The count.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Views {
    type Error = ViewsError;

    fn try_from(views: u32) -> Result<Self, ViewsError> {
        if (1..=100).contains(&views) { Ok(Self(views)) } else { Err(ViewsError) }
    }
}

impl From<Views> for u32 {
    fn from(views: Views) -> Self {
        views.0
    }
}

text_enum! {
    /// Where a share is in its life.
    pub enum ShareState {
        /// Created, parts still to come.
        Staged = "staged",
        /// Complete, waiting for the owner to confirm who they are.
        Pending = "pending",
        /// Can be opened.
        Live = "live",
        /// All its views are used up.
        Opened = "opened",
        /// Its time is over.
        Expired = "expired",
        /// Taken back by the owner.
        Revoked = "revoked",
        /// Destroyed by wrong passphrases.
        Burned = "burned",
        /// Not known under this id and token (batch status only).
        Unknown = "unknown",
    }
}

/// `POST /api/shares`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
pub struct CreateRequest {
    /// The share's name.
    pub id: ShareId,
    /// SHA-256 of the access token.
    pub access_hash: TokenHash,
    /// SHA-256 of the owner token.
    pub owner_hash: TokenHash,
    /// SHA-256 of the passphrase proof, if there is a passphrase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passphrase_hash: Option<TokenHash>,
    /// Length of the whole ciphertext in bytes, seal included.
    pub size: BodySize,
    /// Time from publication to expiry, in seconds.
    pub expires_in: ExpiresIn,
    /// How often it may be opened; absent or null = any number until the expiry.
    #[serde(default)]
    pub views: Option<Views>,
    /// The whole ciphertext, exactly when it is one part; then this request publishes.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "base64url::bytes")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub head: Option<Vec<u8>>,
}

/// Answer to a creation and to a publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
pub struct ShareReceipt {
    /// The share's name.
    pub id: ShareId,
    /// Its state now.
    pub state: ShareState,
    /// When it expires, once published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Length of a full part in bytes (part 0 is 56 bytes longer).
    pub part_size: u32,
    /// How many parts the ciphertext has.
    pub parts: u64,
}

/// Answer to `GET /api/shares/{id}/parts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
pub struct PartsResponse {
    /// How many parts the ciphertext has.
    pub parts: u64,
    /// Those that are stored, ascending.
    pub stored: Vec<u64>,
}

/// Answer to `GET /api/shares/{id}`: what the landing page shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
pub struct Landing {
    /// [`ShareState::Live`]; any other state is answered as an error.
    pub state: ShareState,
    /// When it expires.
    pub expires_at: Timestamp,
    /// Openings left; absent = any number until the expiry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub views_left: Option<u32>,
    /// Whether a passphrase is needed.
    pub passphrase: bool,
    /// Length of the whole ciphertext in bytes.
    pub size: BodySize,
    /// Wrong passphrases left before the share burns, where there is a passphrase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tries_left: Option<u32>,
}

/// `POST /api/shares/{id}/claims`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
pub struct ClaimRequest {
    /// Drawn by the recipient for this opening.
    pub claim: ClaimToken,
    /// Where a passphrase is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
}

/// Names of the headers that answer a claim, beside the head as the body.
pub mod claim_header {
    /// Length of the whole ciphertext in bytes.
    pub const SIZE: &str = "waxseal-size";
    /// Number of parts.
    pub const PARTS: &str = "waxseal-parts";
    /// When the share expires.
    pub const EXPIRES_AT: &str = "waxseal-expires-at";
    /// Until when the same claim may ask again.
    pub const LEASE_UNTIL: &str = "waxseal-lease-until";
    /// Openings left after this one; absent = any number until the expiry.
    pub const VIEWS_LEFT: &str = "waxseal-views-left";
}

/// Answer to `POST /api/shares/{id}/lease`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
pub struct LeaseResponse {
    /// Until when the same claim may ask again.
    pub lease_until: Timestamp,
}

/// Answer to `GET /api/shares/{id}/status`: what the owner may know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
pub struct Status {
    /// The share's name.
    pub id: ShareId,
    /// Its state now.
    pub state: ShareState,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it expires, once published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// How often it may be opened; null = any number until the expiry.
    pub views: Option<Views>,
    /// Openings left; absent = any number until the expiry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub views_left: Option<u32>,
    /// When it was opened: the newest 100, ascending.
    pub opened_at: Vec<Timestamp>,
    /// Wrong passphrases so far.
    pub failed_passphrases: u32,
    /// When the owner took it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

/// `POST /api/status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
pub struct BatchStatusRequest {
    /// At most [`BATCH_LIMIT`].
    pub shares: Vec<OwnedShare>,
}

/// A share and the token that proves its ownership.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
pub struct OwnedShare {
    /// The share's name.
    pub id: ShareId,
    /// Its owner token.
    pub owner: OwnerToken,
}

/// Answer to `POST /api/status`, in the order asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
pub struct BatchStatusResponse {
    /// One for each share asked for.
    pub shares: Vec<BatchStatus>,
}

/// One row of a [`BatchStatusResponse`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
pub enum BatchStatus {
    /// The token fits.
    Known(Status),
    /// No such share, or a wrong token: `state` is [`ShareState::Unknown`].
    Unknown {
        /// As asked.
        id: ShareId,
        /// [`ShareState::Unknown`].
        state: ShareState,
    },
}

/// Answer to `GET /api/policy`: what the screens must reflect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
pub struct Policy {
    /// Largest share in unpadded bytes of its attachments.
    pub max_bytes: u64,
    /// Expiries offered, in seconds, ascending.
    pub expiries: Vec<ExpiresIn>,
    /// The one chosen beforehand.
    pub default_expiry: ExpiresIn,
    /// Whether one-time viewing is chosen beforehand.
    pub one_time: bool,
    /// Whether every share must be one-time.
    pub force_one_time: bool,
    /// Whether every share must have a passphrase.
    pub force_passphrase: bool,
    /// Whether sending is allowed over plain http that is not localhost.
    pub allow_insecure_http: bool,
    /// Who may create.
    pub identity: IdentityMode,
}

text_enum! {
    /// Who may create shares.
    pub enum IdentityMode {
        /// Anyone who reaches the server.
        Open = "open",
    }
}

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
    /// With [`ProblemType::WrongPassphrase`]: wrong passphrases left before the share burns.
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
        /// 410: opened, expired, revoked or burned.
        ShareOver = "urn:waxseal:problem:share-over",
        /// 410: this claim has lapsed or was acknowledged.
        ClaimOver = "urn:waxseal:problem:claim-over",
        /// 507: the store is full.
        StorageFull = "urn:waxseal:problem:storage-full",
        /// 503: the store cannot be reached or is not safely configured; see `Retry-After`.
        Unavailable = "urn:waxseal:problem:unavailable",
        /// 500: a fault of the server.
        Internal = "urn:waxseal:problem:internal",
    }
}

/// Writes a request, an answer, or anything else whose keys are all text: nothing else fails.
pub fn to_json(value: &impl Serialize) -> String {
    // Not `expect`: its message would bring the tables for quoting text into a browser's module.
    let Ok(json) = serde_json::to_string(value) else { unreachable!("a key is no text") };
    json
}

/// JSON that does not fit a request type.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// Not JSON at all.
    #[error("{0}")]
    Malformed(serde_json::Error),
    /// JSON of the wrong shape.
    #[error("{0}")]
    Invalid(serde_json::Error),
}

/// Reads a request or an answer.
///
/// # Errors
/// [`JsonError::Malformed`] for a syntax error or an early end, [`JsonError::Invalid`] for JSON that
/// is no object or not a `T`.
pub fn from_json<'de, T: Deserialize<'de>>(json: &'de [u8]) -> Result<T, JsonError> {
    let value = serde_json::from_slice(json).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => JsonError::Invalid(error),
        _ => JsonError::Malformed(error),
    })?;
    // Serde also takes an array for a struct.
    if json.trim_ascii_start().starts_with(b"{") {
        Ok(value)
    } else {
        Err(JsonError::Invalid(serde::de::Error::custom("not an object")))
    }
}
