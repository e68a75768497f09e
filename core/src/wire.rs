//! The control messages of the HTTP API, as JSON.
//!
//! Invariant: requests refuse unknown fields; what a type admits is within the API's bounds, so a
//! handler cannot see a number of views or an expiry outside them.
//!
//! What makes a share of a ciphertext that is one part:
//!
//! ```
//! use getrandom::SysRng;
//! use waxseal_core::{
//!     body,
//!     keys::LinkKeys,
//!     layout::BodySize,
//!     link::LinkSecret,
//!     manifest::{Manifest, SealedPolicy},
//!     token::OwnerToken,
//!     wire::{CreateRequest, ExpiresIn, Views, from_json, to_json},
//! };
//!
//! let keys = LinkKeys::derive(&LinkSecret::generate(&mut SysRng)?);
//! let owner = OwnerToken::generate(&mut SysRng)?;
//! let terms = SealedPolicy { views: Some(Views::ONE), expires_in: ExpiresIn::try_from(3600)? };
//! let mut manifest = Manifest::default();
//! manifest.policy = Some(terms);
//! let ciphertext = body::seal(&keys.body(), &manifest, &mut SysRng)?;
//! let size = BodySize::try_from(ciphertext.len() as u64)?;
//! let request = CreateRequest {
//!     head: Some(ciphertext),
//!     ..CreateRequest::new(&keys, &owner, size, terms)
//! };
//! let json = to_json(&request);
//! assert_eq!(from_json::<CreateRequest>(json.as_bytes())?, request);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod bounds;
mod confirmation;
mod json;
mod problem;

pub use answer::{Answer, AnswerRequest, Answered, Answers, Asking, OFFERS, REQUEST_BYTES, Seen};
pub use bounds::{ExpiresIn, ExpiresInError, Views, ViewsError};
pub use confirmation::{
    ConfirmRequest, ConfirmationAsked, ConfirmationPolicy, ConfirmationRequest, Confirmed,
    DenyRequest, NUMBER_TRIES, Waiting,
};
pub use json::{JsonError, from_json, to_json};
pub(crate) use json::{maybe_object, objects};
pub use problem::{PROBLEM_JSON, Problem, ProblemType};

use crate::{
    base64url,
    keys::LinkKeys,
    layout::BodySize,
    manifest::SealedPolicy,
    text_enum::text_enum,
    time::Timestamp,
    token::{ClaimToken, OwnerToken, Proof, ShareId, TokenHash},
};
use serde::{Deserialize, Serialize};

#[cfg(feature = "openapi")]
use utoipa::ToSchema;

/// How many shares one [`BatchStatusRequest`] may ask for.
pub const BATCH_LIMIT: usize = 200;

/// Wrong passphrases that burn a share.
pub const PASSPHRASE_TRIES: u32 = 10;

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
        /// A request that a share was sent in answer to.
        Answered = "answered",
        /// Its time is over.
        Expired = "expired",
        /// Taken back by the owner.
        Revoked = "revoked",
        /// Destroyed by wrong passphrases, or by wrong numbers while it was pending.
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
    /// Whether it is no secret but a request for one: its holders read the note in it, and one of them
    /// answers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub request: bool,
    /// What it is to answer. It needs no proof of who creates it, then.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "json::maybe_object"
    )]
    pub answers: Option<Answers>,
}

impl CreateRequest {
    /// A share without a passphrase, whose ciphertext comes later.
    pub fn new(keys: &LinkKeys, owner: &OwnerToken, size: BodySize, terms: SealedPolicy) -> Self {
        Self {
            id: keys.id,
            access_hash: keys.access.hash(),
            owner_hash: owner.hash(),
            passphrase_hash: None,
            size,
            expires_in: terms.expires_in,
            views: terms.views,
            head: None,
            request: false,
            answers: None,
        }
    }
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
    /// Until when it waits for its owner's confirmation, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_until: Option<Timestamp>,
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
    /// Until when it waits for its owner's confirmation, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_until: Option<Timestamp>,
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
    /// Of a request: what was sent in answer to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Box<Answer>>,
}

/// `POST /api/status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
pub struct BatchStatusRequest {
    /// At most [`BATCH_LIMIT`].
    #[serde(deserialize_with = "json::objects")]
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
    /// With [`IdentityMode::Email`]: how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<ConfirmationPolicy>,
}

text_enum! {
    /// Who may create shares.
    pub enum IdentityMode {
        /// Anyone who reaches the server.
        Open = "open",
        /// Whoever confirms by e-mail who they are.
        Email = "email",
        /// Whoever an application says owns the secret.
        Grant = "grant",
    }
}
