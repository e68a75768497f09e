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
    audit::{Audit, Owner},
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
    pub(crate) fn new(settings: &Settings, audit: &Audit) -> Result<Self, ConfigError> {
        Ok(match settings.identity.mode {
            IdentityMode::Open => Self::Open,
            IdentityMode::Email => Self::Email(Box::new(Email::new(&settings.identity, audit)?)),
            IdentityMode::Grant => Self::Grant(Box::new(Grants::new(&settings.identity)?)),
        })
    }

    /// Whether the files are there that the settings name, and are what they should be. Nobody is asked.
    pub(crate) fn check(settings: &Settings) -> Result<(), ConfigError> {
        match settings.identity.mode {
            IdentityMode::Open => Ok(()),
            IdentityMode::Email => Email::check(&settings.identity),
            IdentityMode::Grant => Grants::new(&settings.identity).map(drop),
        }
    }

    /// Whether anybody may share, whoever they are.
    pub(crate) const fn is_open(&self) -> bool {
        matches!(self, Self::Open)
    }

    /// Lets a share be created, and says by whom, if an application does.
    ///
    /// # Errors
    /// 401 and 403, where grants are needed.
    pub(crate) async fn admit_creation(
        &self,
        store: &dyn Store,
        Bearing(token): &Bearing,
        id: ShareId,
    ) -> Result<Option<Owner>, ApiError> {
        match self {
            Self::Grant(grants) => {
                let subject = grants.admit(store, token.as_deref(), id).await?;
                Ok(Some(Owner::Subject(subject)))
            }
            Self::Open | Self::Email(_) => Ok(None),
        }
    }

    /// What becomes of a share that this browser publishes, and whose it is if a session tells.
    pub(crate) async fn admit(
        &self,
        store: &dyn Store,
        cookie: &SessionCookie,
    ) -> Result<(Admission, Option<Owner>), ApiError> {
        let Self::Email(email) = self else { return Ok((Admission::Live, None)) };
        let address = match email.session(cookie) {
            Some(session) => store.session(session).await?,
            None => None,
        };
        let admission = if address.is_some() { Admission::Live } else { Admission::Pending };
        Ok((admission, address.map(Owner::Known)))
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
