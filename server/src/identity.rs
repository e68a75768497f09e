//! Who may make shares, and how they prove who they are.
//!
//! Invariant: where owners confirm by mail, nothing but the store's `confirm` makes a share live, or a
//! session that such a confirmation began; where an application grants, no share is created without a grant
//! of its own.

mod allowed;
mod email;
mod grant;
mod letter;
mod mailer;
mod public_url;
mod session;
mod waiting;

pub use allowed::{Allowed, AllowedError};
pub use grant::KeyError;
pub use public_url::{PublicUrl, PublicUrlError};

pub(crate) use email::Email;
pub(crate) use session::SessionCookie;
pub(crate) use waiting::Waiters;

use crate::{
    config::{ConfigError, Settings},
    extract::Bearing,
    problem::ApiError,
    store::{Admission, Store},
};
use grant::Grants;
use waxseal_core::{
    token::ShareId,
    wire::{IdentityMode, ProblemType},
};

/// How this server goes about it.
pub(crate) enum Identity {
    /// Not at all.
    Open,
    /// By mail.
    Email(Box<Email>),
    /// By an application's grant.
    Grant(Box<Grants>),
}

impl Identity {
    /// As the settings say.
    pub(crate) fn new(settings: &Settings) -> Result<Self, ConfigError> {
        Ok(match settings.identity.mode {
            IdentityMode::Open => Self::Open,
            IdentityMode::Email => Self::Email(Box::new(Email::new(&settings.identity)?)),
            IdentityMode::Grant => Self::Grant(Box::new(Grants::new(&settings.identity)?)),
        })
    }

    /// Lets a share be created.
    ///
    /// # Errors
    /// 401 and 403, where grants are needed.
    pub(crate) async fn admit_creation(
        &self,
        store: &dyn Store,
        Bearing(token): &Bearing,
        id: ShareId,
    ) -> Result<(), ApiError> {
        match self {
            Self::Grant(grants) => grants.admit(store, token.as_deref(), id).await,
            Self::Open | Self::Email(_) => Ok(()),
        }
    }

    /// What becomes of a share that this browser publishes.
    pub(crate) async fn admit(
        &self,
        store: &dyn Store,
        cookie: &SessionCookie,
    ) -> Result<Admission, ApiError> {
        let Self::Email(email) = self else { return Ok(Admission::Live) };
        match email.session(cookie) {
            Some(session) if store.session(session).await?.is_some() => Ok(Admission::Live),
            _ => Ok(Admission::Pending),
        }
    }

    /// By mail, if it is.
    ///
    /// # Errors
    /// 422 `policy`.
    pub(crate) fn email(&self) -> Result<&Email, ApiError> {
        match self {
            Self::Email(email) => Ok(email),
            Self::Open | Self::Grant(_) => {
                Err(ApiError::new(ProblemType::Policy).detail("nothing is confirmed here"))
            }
        }
    }
}
