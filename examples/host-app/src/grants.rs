//! Grants: this application says to Waxseal that a user owns a secret and may share it.
//!
//! Invariant: the private key stays in here. A grant is for one share, and over in a minute.

use anyhow::{Context, Result};
use data_encoding::BASE64URL_NOPAD as BASE64URL;
use ring::{
    rand::{SystemRandom, generate},
    signature::{Ed25519KeyPair, KeyPair},
};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds. The dialog asks for a grant at the moment that it needs one.
const LIFETIME: u64 = 60;

/// What grants are signed with.
pub(crate) struct Grants {
    key: Ed25519KeyPair,
    key_id: String,
    issuer: String,
    audience: String,
}

impl Grants {
    /// With a new key. One that several servers of an application share would come from where they keep
    /// their keys.
    pub(crate) fn new(issuer: &str, audience: &str) -> Result<Self> {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).ok().context("a key")?;
        let key = Ed25519KeyPair::from_pkcs8(key.as_ref()).ok().context("the key just made")?;
        let (issuer, audience) = (issuer.to_owned(), audience.to_owned());
        Ok(Self { key, key_id: random()?, issuer, audience })
    }

    /// A JWT that lets `user` make one share. Any library for JWTs does the same, in any language.
    pub(crate) fn sign(&self, user: &str) -> Result<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
        let header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": self.key_id });
        let claims = json!({
            "iss": self.issuer, "aud": self.audience, "sub": user, "role": "owner",
            "jti": random()?, "iat": now, "exp": now + LIFETIME,
        });
        let signed = [header, claims].map(|part| BASE64URL.encode(part.to_string().as_bytes()));
        let signed = signed.join(".");
        let signature = self.key.sign(signed.as_bytes());
        Ok(format!("{signed}.{}", BASE64URL.encode(signature.as_ref())))
    }

    /// The public key, as a JWK set.
    pub(crate) fn keys(&self) -> Value {
        let x = BASE64URL.encode(self.key.public_key().as_ref());
        json!({ "keys": [{
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.key_id, "x": x,
        }] })
    }
}

/// A name that nobody guesses and nothing else has.
pub(crate) fn random() -> Result<String> {
    let bytes = generate::<[u8; 16]>(&SystemRandom::new()).ok().context("random numbers")?;
    Ok(BASE64URL.encode(&bytes.expose()))
}
