//! The keys of the application that grants, from a file or from where it publishes them.
//!
//! Invariant: keys are replaced whole and only by a set that could be read, at most every few seconds; while
//! they can be read, a key that was taken back is believed for some minutes at most.

use crate::{
    agent::agent,
    config::{ConfigError, GrantKeys, IdentitySettings},
};
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse},
};
use std::{
    fs, io,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::{sync::Mutex, time::Instant};
use ureq::Agent;

/// An unknown key has them read again, but not more often.
const AGAIN: Duration = Duration::from_secs(5);

/// They are read again after that, whoever asks.
const FRESH: Duration = Duration::from_secs(5 * 60);

/// For an answer with keys.
const PATIENCE: Duration = Duration::from_secs(10);

/// A set of keys is no longer.
const LONGEST: u64 = 256 * 1024;

/// Those there are.
pub(super) struct Keys {
    secret: Option<Arc<DecodingKey>>,
    published: Option<Published>,
}

/// Public keys that may change.
struct Published {
    source: Arc<Source>,
    known: RwLock<Arc<Vec<Public>>>,
    /// When they were last read, or that was tried. Held while it is.
    read_at: Mutex<Instant>,
}

/// Where they come from.
struct Source {
    keys: GrantKeys,
    agent: Agent,
}

struct Public {
    id: Option<String>,
    key: Arc<DecodingKey>,
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] io::Error),
    /// The address does not answer with them.
    #[error("{0}")]
    Address(#[from] ureq::Error),
    /// They are none.
    #[error("no Ed25519 key, neither as PEM nor in a JWK set")]
    NoKey,
}

impl Keys {
    /// As settings say that were checked. A file is read at once; an address may answer later.
    pub(super) fn new(settings: &IdentitySettings) -> Result<Self, ConfigError> {
        let secret = settings.grant_secret()?;
        let secret = secret.map(|secret| Arc::new(DecodingKey::from_secret(secret.as_bytes())));
        let published = settings.grant_keys.clone().map(Published::new).transpose()?;
        Ok(Self { secret, published })
    }

    /// The key that a grant names, or the only one there is.
    pub(super) async fn find(
        &self,
        algorithm: Algorithm,
        id: Option<&str>,
    ) -> Option<Arc<DecodingKey>> {
        match algorithm {
            Algorithm::HS256 => self.secret.clone(),
            Algorithm::EdDSA => self.published.as_ref()?.find(id).await,
            _ => None,
        }
    }
}

impl Published {
    fn new(keys: GrantKeys) -> Result<Self, ConfigError> {
        let source = Source { agent: agent(PATIENCE), keys };
        let known = match &source.keys {
            GrantKeys::File(path) => {
                source.read().map_err(|error| ConfigError::GrantKeys(path.clone(), error))?
            }
            // The application may start after this server.
            GrantKeys::Address(_) => Vec::new(),
        };
        let now = Instant::now();
        let read_at = if known.is_empty() { now.checked_sub(AGAIN).unwrap_or(now) } else { now };
        Ok(Self {
            source: Arc::new(source),
            known: RwLock::new(Arc::new(known)),
            read_at: Mutex::new(read_at),
        })
    }

    async fn find(&self, id: Option<&str>) -> Option<Arc<DecodingKey>> {
        let known = self.known();
        let found = choose(&known, id);
        let mut read_at = match (&found, self.read_at.try_lock()) {
            (_, Ok(read_at)) => read_at,
            // Nobody waits who need not.
            (Some(_), Err(_)) => return found,
            (None, Err(_)) => self.read_at.lock().await,
        };
        let age = read_at.elapsed();
        // Others may have waited for the same.
        let is_new = !Arc::ptr_eq(&known, &self.known());
        if is_new || age < if found.is_some() { FRESH } else { AGAIN } {
            return choose(&self.known(), id);
        }
        *read_at = Instant::now();
        let source = Arc::clone(&self.source);
        match tokio::task::spawn_blocking(move || source.read()).await {
            Ok(Ok(keys)) => {
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = keys.into()
            }
            Ok(Err(error)) => tracing::warn!(%error, "the keys of grants could not be read again"),
            Err(error) => tracing::error!(%error, "the keys of grants could not be read again"),
        }
        choose(&self.known(), id)
    }

    fn known(&self) -> Arc<Vec<Public>> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The one of this name. A grant that names none can only mean the only one.
fn choose(keys: &[Public], id: Option<&str>) -> Option<Arc<DecodingKey>> {
    let found = match (id, keys) {
        (_, [only]) if id.is_none() || only.id.is_none() => Some(only),
        (Some(id), _) => keys.iter().find(|key| key.id.as_deref() == Some(id)),
        (None, _) => None,
    };
    found.map(|public| Arc::clone(&public.key))
}

impl Source {
    fn read(&self) -> Result<Vec<Public>, KeyError> {
        let text = match &self.keys {
            GrantKeys::File(path) => fs::read_to_string(path)?,
            GrantKeys::Address(url) => {
                let mut answer = self.agent.get(url.as_str()).call()?;
                answer.body_mut().with_config().limit(LONGEST).read_to_string()?
            }
        };
        let keys = parse(&text);
        if keys.is_empty() { Err(KeyError::NoKey) } else { Ok(keys) }
    }
}

/// One key as PEM, or those of a set (RFC 7517) that are for these signatures; a set may have others.
fn parse(text: &str) -> Vec<Public> {
    if let Ok(key) = DecodingKey::from_ed_pem(text.as_bytes()) {
        return vec![Public { id: None, key: Arc::new(key) }];
    }
    let set: JwkSet = serde_json::from_str(text).unwrap_or(JwkSet { keys: Vec::new() });
    set.keys.iter().filter_map(public).collect()
}

fn public(jwk: &Jwk) -> Option<Public> {
    let AlgorithmParameters::OctetKeyPair(pair) = &jwk.algorithm else { return None };
    let common = &jwk.common;
    let signs = common.public_key_use.as_ref().is_none_or(|of| *of == PublicKeyUse::Signature)
        && common.key_algorithm.is_none_or(|algorithm| algorithm == KeyAlgorithm::EdDSA)
        && pair.curve == EllipticCurve::Ed25519;
    let key = signs.then(|| DecodingKey::from_jwk(jwk).ok())??;
    Some(Public { id: common.key_id.clone(), key: Arc::new(key) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of RFC 8037 appendix A, and others that do not count.
    const SET: &str = r#"{"keys":[
        {"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        {"kty":"OKP","crv":"Ed25519","kid":"b","use":"sig","alg":"EdDSA",
         "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        {"kty":"OKP","crv":"Ed25519","kid":"c","use":"enc",
         "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        {"kty":"oct","kid":"d","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMko"}
    ]}"#;

    #[test]
    fn a_grant_gets_the_key_it_names_or_the_only_one() {
        let keys = parse(SET);
        let ids: Vec<_> = keys.iter().filter_map(|key| key.id.as_deref()).collect();
        assert_eq!(ids, ["a", "b"]);
        for (id, found) in
            [(Some("a"), true), (Some("c"), false), (Some("d"), false), (None, false)]
        {
            assert_eq!(choose(&keys, id).is_some(), found, "{id:?}");
        }
        assert!(choose(&keys[..1], None).is_some());
        assert!(choose(&keys[..1], Some("x")).is_none());
    }

    #[test]
    fn what_is_no_key_is_none() {
        for text in
            ["", "{}", "{\"keys\":[]}", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----"]
        {
            assert!(parse(text).is_empty(), "{text}");
        }
    }
}
