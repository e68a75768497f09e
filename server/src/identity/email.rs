//! Confirmation by mail.
//!
//! Invariant: whether an address is allowed is not asked before the answer is on its way, so that
//! neither the answer nor its time tells.

use super::{
    SessionCookie,
    mailer::{Letter, Mailer, Post},
    session,
};
use crate::{
    audit::{Audit, By, Owner},
    config::{ConfigError, IdentitySettings},
    network::Network,
    problem::ApiError,
    store::{AddressHash, Ask, Store, StoreError},
};
use actix_web::http::header::HeaderValue;
use getrandom::{SysRng, rand_core::TryRng};
use std::time::Duration;
use waxseal_core::{
    confirmation::{ConfirmationLink, ConfirmationNumber},
    time::Timestamp,
    token::{ConfirmationToken, SessionToken, ShareId, TokenHash},
    wire::ConfirmationRequest,
};

/// What it takes.
pub(crate) struct Email {
    https: bool,
    session: Duration,
    mailer: Mailer,
}

/// What the owner of one share is asked.
pub(crate) struct Question {
    token: ConfirmationToken,
    /// What the store is to know of it.
    pub(crate) ask: Ask,
}

impl Email {
    /// As the settings say, with its thread started.
    pub(super) fn new(settings: &IdentitySettings, audit: &Audit) -> Result<Self, ConfigError> {
        let post = Post::new(settings, audit.clone())?;
        let (https, session) = (post.is_https(), settings.session);
        Ok(Self { https, session, mailer: Mailer::start(post)? })
    }

    /// Whether the mail server's password and certificates can be read.
    pub(super) fn check(settings: &IdentitySettings) -> Result<(), ConfigError> {
        Post::new(settings, Audit::default()).map(drop)
    }

    /// The session that a browser shows, where there are any.
    pub(super) const fn session(&self, cookie: &SessionCookie) -> Option<TokenHash> {
        if self.session.is_zero() { None } else { cookie.session(self.https) }
    }

    /// Draws what to confirm with.
    pub(crate) fn question(&self, request: &ConfirmationRequest) -> Result<Question, ApiError> {
        let keep = request.keep && !self.session.is_zero();
        let (token, number) = draw().map_err(|error| StoreError::Fault(error.to_string()))?;
        let session_of = keep.then(|| AddressHash::of(&request.address));
        Ok(Question { ask: Ask { token: token.hash(), number, session_of }, token })
    }

    /// Mails the question, if the address is allowed; returns at once, and the same whatever it is.
    pub(crate) fn send(
        &self,
        id: ShareId,
        question: Question,
        request: ConfirmationRequest,
        until: Timestamp,
        network: Network,
    ) {
        let link = ConfirmationLink { id, token: question.token };
        let session = question.ask.session_of.map(|_| self.session);
        let owner = Some(Owner::Asked(request.address.clone()));
        let by = By { network: Some(network), owner };
        self.mailer.send(Letter { to: request.address, link, until, session, by });
    }

    /// Begins the session that the owner of a confirmed share has asked for, and says what tells the
    /// browser. Without one the next share is confirmed by mail again, so a failure is none.
    pub(crate) async fn begin_session(
        &self,
        store: &dyn Store,
        id: ShareId,
        owner: TokenHash,
    ) -> Option<HeaderValue> {
        if self.session.is_zero() {
            return None;
        }
        let token = SessionToken::generate(&mut SysRng).ok()?;
        match store.begin_session(id, owner, token.hash(), self.session).await {
            Ok(lasts) => Some(session::set(&token, lasts?, self.https)),
            Err(error) => {
                tracing::warn!(%error, "a session could not be begun");
                None
            }
        }
    }
}

fn draw() -> Result<(ConfirmationToken, ConfirmationNumber), getrandom::Error> {
    let token = ConfirmationToken::generate(&mut SysRng)?;
    loop {
        let mut byte = [0];
        SysRng.try_fill_bytes(&mut byte)?;
        if let Some(number) = ConfirmationNumber::of_random(byte[0]) {
            return Ok((token, number));
        }
    }
}
