//! Messages about a share that waits for its owner to confirm who they are.

use super::ShareState;
use crate::{
    confirmation::ConfirmationNumber,
    mail_address::MailAddress,
    time::Timestamp,
    token::{ConfirmationToken, ShareId},
};
use serde::{Deserialize, Serialize};

#[cfg(feature = "openapi")]
use utoipa::ToSchema;

/// Wrong numbers that end a share, those typed before a mail was sent again included.
pub const NUMBER_TRIES: u32 = 3;

/// `POST /api/shares/{id}/confirmation`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
pub struct ConfirmationRequest {
    /// Whose confirmation is asked for.
    pub address: MailAddress,
    /// Whether this browser is to be believed for as long as the policy's `session`, without another
    /// mail. Never asked for in a frame of another site.
    #[serde(default)]
    pub keep: bool,
}

/// Answer to it, whatever the address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
pub struct ConfirmationAsked {
    /// To be shown to the owner, and typed by whoever gets the mail.
    pub number: ConfirmationNumber,
    /// Until when the share waits.
    pub pending_until: Timestamp,
}

/// Answer to `GET /api/shares/{id}/confirmation`, which waits while nothing has happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
pub struct Waiting {
    /// [`ShareState::Pending`] if nothing has happened yet.
    pub state: ShareState,
    /// Until when the share waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_until: Option<Timestamp>,
    /// When the share expires, once confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// `POST /api/confirmations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
pub struct ConfirmRequest {
    /// The share's name.
    pub id: ShareId,
    /// What was mailed.
    pub token: ConfirmationToken,
    /// What the owner sees.
    pub number: ConfirmationNumber,
}

/// `POST /api/confirmations/deny`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
pub struct DenyRequest {
    /// The share's name.
    pub id: ShareId,
    /// What was mailed.
    pub token: ConfirmationToken,
}

/// Answer to both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
pub struct Confirmed {
    /// The share's state now.
    pub state: ShareState,
    /// When it expires, if it was confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// How owners confirm who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
pub struct ConfirmationPolicy {
    /// Seconds that a share waits.
    pub within: u64,
    /// Seconds that a browser is believed after a confirmation, where that is asked for; 0 = never.
    pub session: u64,
}
