//! Numbers that a share may have: how long it lives, how often it may be opened.

use serde::{Deserialize, Serialize};
use std::time::Duration;

#[cfg(feature = "openapi")]
use utoipa::ToSchema;

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
