//! Grants: the host application says that a user owns a secret and may share it.
//!
//! Invariant: a share is created only for a grant that is signed by a key of the application, meant for
//! this server, for an owner, short-lived and not yet used for another share.

mod keys;
mod signature;

pub use keys::KeyError;

use crate::{
    config::{ConfigError, IdentitySettings},
    problem::ApiError,
    store::{Store, StoreError},
};
use jsonwebtoken::{Algorithm, TokenData, Validation, decode, decode_header, errors::ErrorKind};
use keys::Keys;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::time::Duration;
use waxseal_core::{
    time::Timestamp,
    token::{ShareId, TokenHash},
    wire::ProblemType,
};

/// How far the application's clock may be from this server's.
const LEEWAY: Duration = Duration::from_secs(30);

/// No grant is longer; one takes a few hundred bytes.
const LONGEST: usize = 4096;

/// Who may share.
const OWNER: &str = "owner";

/// How grants are checked.
pub(crate) struct Grants {
    keys: Keys,
    audience: String,
    issuer: Option<String>,
    lifetime: Duration,
}

/// What a grant says (RFC 7519 section 4.1).
#[derive(Deserialize)]
struct Claims {
    sub: String,
    role: String,
    jti: String,
    exp: u64,
}

impl Grants {
    /// As settings say that were checked.
    pub(super) fn new(settings: &IdentitySettings) -> Result<Self, ConfigError> {
        signature::install();
        Ok(Self {
            keys: Keys::new(settings)?,
            audience: settings.grant_audience.clone().unwrap_or_default(),
            issuer: settings.grant_issuer.clone(),
            lifetime: settings.grant_lifetime,
        })
    }

    /// Lets a share be created, once for each grant; the same share may come again. Says whom it is for.
    ///
    /// # Errors
    /// 401 `token-required` without a grant, 403 `grant` for one that is of no use.
    pub(super) async fn admit(
        &self,
        store: &dyn Store,
        token: Option<&str>,
        id: ShareId,
    ) -> Result<String, ApiError> {
        let token = token.ok_or_else(|| ApiError::new(ProblemType::TokenRequired))?;
        let claims = self.claims(token).await?;
        // Longer than it is taken: by whole seconds, and by servers whose clocks are behind.
        let until = Timestamp::from_unix_millis(claims.exp.saturating_mul(1000)).after(2 * LEEWAY);
        match store.take_grant(name(&claims), id, until).await {
            Err(StoreError::Conflict) => Err(refused("the grant was used for another share")),
            Err(error) => Err(error.into()),
            Ok(()) => Ok(claims.sub),
        }
    }

    /// What a valid grant says.
    async fn claims(&self, token: &str) -> Result<Claims, ApiError> {
        if token.len() > LONGEST {
            return Err(refused("the grant is too long"));
        }
        let header = decode_header(token).map_err(|_| refused("the grant is no signed JWT"))?;
        let key = self.keys.find(header.alg, header.kid.as_deref()).await;
        let key = key.ok_or_else(|| refused("the grant is signed by an unknown key"))?;
        let TokenData { claims, .. } = decode::<Claims>(token, &key, &self.validation(header.alg))
            .map_err(|error| refused(reason(error.kind())))?;
        let now = jsonwebtoken::get_current_timestamp();
        if claims.exp.saturating_sub(now) > (self.lifetime + LEEWAY).as_secs() {
            return Err(refused("the grant is valid for too long"));
        }
        if claims.role != OWNER {
            return Err(refused("only an owner may share"));
        }
        if claims.sub.is_empty() || claims.jti.is_empty() {
            return Err(refused("the grant names nobody, or has no name of its own"));
        }
        Ok(claims)
    }

    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.leeway = LEEWAY.as_secs();
        validation.validate_nbf = true;
        validation.set_audience(&[&self.audience]);
        // The library knows these alone; the others are fields of `Claims`.
        let mut required = vec!["aud", "exp", "sub"];
        if let Some(issuer) = &self.issuer {
            validation.set_issuer(&[issuer]);
            required.push("iss");
        }
        validation.set_required_spec_claims(&required);
        validation
    }
}

/// What a grant is remembered by: its user's and its own name, as another user's may have the same.
fn name(claims: &Claims) -> TokenHash {
    let mut hash = Sha256::new_with_prefix(b"waxseal grant");
    hash.update((claims.sub.len() as u64).to_be_bytes());
    hash.update(&claims.sub);
    hash.update(&claims.jti);
    TokenHash::from_bytes(hash.finalize().into())
}

fn refused(why: &'static str) -> ApiError {
    ApiError::new(ProblemType::Grant).detail(why)
}

/// Why, for whoever writes the application.
const fn reason(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidSignature => "the grant is not signed by the key it names",
        ErrorKind::ExpiredSignature => "the grant is over",
        ErrorKind::ImmatureSignature => "the grant is not valid yet",
        ErrorKind::InvalidAudience => "the grant is for another audience",
        ErrorKind::InvalidIssuer => "the grant is from another issuer",
        ErrorKind::MissingRequiredClaim(_) => "the grant lacks one of aud, exp, jti, role and sub",
        _ => "the grant is no JWT with aud, exp, jti, role and sub",
    }
}
