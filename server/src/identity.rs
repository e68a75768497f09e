//! Who may make shares, and how they prove who they are.
//!
//! Invariant: where owners confirm by mail, nothing but the store's `confirm` makes a share live, or a
//! session that such a confirmation began.

mod allowed;
mod email;
mod letter;
mod mailer;
mod public_url;
mod session;
mod waiting;

pub use allowed::{Allowed, AllowedError};
pub use public_url::{PublicUrl, PublicUrlError};

pub(crate) use email::Email;
pub(crate) use session::SessionCookie;
pub(crate) use waiting::Waiters;

use crate::{
    config::{ConfigError, Settings},
    problem::ApiError,
    store::{Admission, Store},
};
use waxseal_core::wire::{IdentityMode, ProblemType};

/// How this server goes about it.
pub(crate) enum Identity {
    /// Not at all.
    Open,
    /// By mail.
    Email(Box<Email>),
}

impl Identity {
    /// As the settings say.
    pub(crate) fn new(settings: &Settings) -> Result<Self, ConfigError> {
        Ok(match settings.identity.mode {
            IdentityMode::Open => Self::Open,
            IdentityMode::Email => Self::Email(Box::new(Email::new(&settings.identity)?)),
        })
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
            Self::Open => {
                Err(ApiError::new(ProblemType::Policy).detail("nothing is confirmed here"))
            }
        }
    }
}
