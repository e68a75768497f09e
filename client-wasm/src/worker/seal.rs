//! The sender's job: sealing.

use super::{channel, keys, passphrase};
use getrandom::SysRng;
use serde::{Deserialize, Serialize};
use waxseal_core::{body, link::LinkSecret, manifest::Manifest, token::TokenHash, wire::to_json};

/// The secret travels to the worker as its token.
#[derive(Serialize, Deserialize)]
pub(super) struct Job {
    token: String,
    passphrase: String,
    manifest: Manifest,
}

/// A sealed body.
pub struct Sealed {
    /// The whole ciphertext.
    pub body: Vec<u8>,
    /// SHA-256 of the passphrase proof, where there is a passphrase.
    pub passphrase_hash: Option<TokenHash>,
}

/// Seals `manifest` under `secret`, and under `passphrase` if it is not empty.
///
/// # Errors
/// A sentence for the person.
pub async fn seal(
    secret: &LinkSecret,
    passphrase: &str,
    manifest: Manifest,
) -> Result<Sealed, String> {
    let token = secret.to_token().to_string();
    let job = Job { token, passphrase: passphrase.to_owned(), manifest };
    let (passphrase_hash, body): (_, String) = channel::call(&super::Job::Seal(job)).await?;
    let body = waxseal_core::base64url::decode(&body).map_err(|_| super::BROKEN)?;
    Ok(Sealed { body, passphrase_hash })
}

pub(super) fn work(job: Job) -> channel::Outcome {
    let keys = keys(&job.token)?;
    let passphrase = passphrase(&job.passphrase).map_err(|error| error.to_string())?;
    let (key, hash) = match passphrase {
        None => (keys.body(), None),
        Some(passphrase) => {
            let keys = keys.with_passphrase(&passphrase);
            (keys.body, Some(keys.proof.hash()))
        }
    };
    let body = body::seal(&key, &job.manifest, &mut SysRng).map_err(|error| error.to_string())?;
    let body = waxseal_core::base64url::encode(&body);
    Ok((to_json(&(hash, body)), wasm_bindgen::JsValue::UNDEFINED))
}
