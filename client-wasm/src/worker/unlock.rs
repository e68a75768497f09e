//! The recipient's job: stretching a passphrase.

use super::{BROKEN, channel, keys, passphrase};
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsValue;
use waxseal_core::{
    base64url,
    keys::{BodyKey, InputKey, LinkKeys},
    link::LinkSecret,
    token::Proof,
    wire::to_json,
};

/// The secret travels to the worker as its token.
#[derive(Serialize, Deserialize)]
pub(super) struct Job {
    token: String,
    passphrase: String,
}

/// [`super::Job::Unlock`], without the code that writes the other jobs: a recipient sends none of them.
#[derive(Serialize)]
enum Sent {
    Unlock(Job),
}

#[derive(Serialize, Deserialize)]
struct Answer {
    input: String,
    proof: Proof,
}

/// What a passphrase unlocks.
pub struct Unlocked {
    /// Opens the body.
    pub key: BodyKey,
    /// Shows the server that the passphrase is known.
    pub proof: Proof,
}

/// Stretches `passphrase`, which is not empty.
///
/// # Errors
/// A sentence for the person.
pub async fn unlock(secret: &LinkSecret, passphrase: &str) -> Result<Unlocked, String> {
    let token = secret.to_token().to_string();
    let job = Job { token, passphrase: passphrase.to_owned() };
    let answer: Answer = channel::call(&Sent::Unlock(job)).await?;
    let input = base64url::decode_array(&answer.input).map_err(|_| BROKEN)?;
    let id = LinkKeys::derive(secret).id;
    let key = BodyKey::new(id, InputKey::from_bytes(input), true);
    Ok(Unlocked { key, proof: answer.proof })
}

pub(super) fn work(job: Job) -> channel::Outcome {
    let passphrase = passphrase(&job.passphrase).map_err(|error| error.to_string())?;
    let keys = keys(&job.token)?.with_passphrase(&passphrase.ok_or(BROKEN)?);
    let input = base64url::encode(keys.body.input().as_bytes());
    Ok((to_json(&Answer { input, proof: keys.proof }), JsValue::UNDEFINED))
}
