//! `known-answers.json`: derivations, padding and one sealed body, computed by another
//! implementation.

use crate::{Group, equal, hex};
use serde::Deserialize;
use waxseal_core::{
    body,
    keys::{BodyKey, LinkKeys},
    link::LinkSecret,
    padding,
    passphrase::Passphrase,
    token::Proof,
};

#[derive(Deserialize)]
struct KnownAnswers {
    derivation: Vec<Derivation>,
    padme_of_max_1024_n: Vec<(u64, u64)>,
    sealed: Sealed,
}

#[derive(Deserialize)]
struct Derivation {
    secret: String,
    token: String,
    last_character_alphanumeric: bool,
    passphrase: Option<String>,
    id: String,
    access: String,
    input_key: String,
    proof: Option<String>,
    context: String,
}

#[derive(Deserialize)]
struct Sealed {
    secret: String,
    manifest: serde_json::Value,
    ciphertext: String,
}

fn load() -> KnownAnswers {
    serde_json::from_str(include_str!("../../tests/vectors/known-answers.json"))
        .expect("the known answers are well-formed")
}

/// The body's key, and the proof where there is a passphrase.
pub(crate) fn body_key(
    secret: &LinkSecret,
    passphrase: Option<&str>,
) -> Result<(BodyKey, Option<Proof>), String> {
    let keys = LinkKeys::derive(secret);
    match Passphrase::new(passphrase.unwrap_or("")).map_err(|error| error.to_string())? {
        None => Ok((keys.body(), None)),
        Some(passphrase) => {
            let keys = keys.with_passphrase(&passphrase);
            Ok((keys.body, Some(keys.proof)))
        }
    }
}

pub(crate) fn derivations(group: &mut Group) {
    for (n, answer) in load().derivation.iter().enumerate() {
        group.case(n, derivation(answer));
    }
}

fn derivation(answer: &Derivation) -> Result<(), String> {
    let secret = LinkSecret::from_bytes(hex::array(&answer.secret)?);
    let token = secret.to_token();
    equal("token", &token.as_str(), &answer.token.as_str())?;
    equal("read token", &LinkSecret::from_token(&answer.token), &Ok(secret.clone()))?;
    let alphanumeric = token.ends_with(|last: char| last.is_ascii_alphanumeric());
    equal("alphanumeric", &alphanumeric, &answer.last_character_alphanumeric)?;

    let keys = LinkKeys::derive(&secret);
    equal("id", &keys.id.to_base64url(), &answer.id)?;
    equal("access", &keys.access.as_bytes().to_vec(), &hex::decode(&answer.access)?)?;
    let (body, proof) = body_key(&secret, answer.passphrase.as_deref())?;
    equal("input key", &body.input().as_bytes().to_vec(), &hex::decode(&answer.input_key)?)?;
    equal("context", &body.context().to_vec(), &hex::decode(&answer.context)?)?;
    let expected = answer.proof.as_deref().map(hex::decode).transpose()?;
    equal("proof", &proof.map(|proof| proof.as_bytes().to_vec()), &expected)
}

pub(crate) fn padding(group: &mut Group) {
    for (len, padded) in load().padme_of_max_1024_n {
        group.case(len, equal("padded", &padding::padded(len), &Some(padded)));
    }
}

pub(crate) fn sealed(group: &mut Group) {
    group.case("sealed", sealed_body(&load().sealed));
}

fn sealed_body(sealed: &Sealed) -> Result<(), String> {
    let (key, _) = body_key(&LinkSecret::from_bytes(hex::array(&sealed.secret)?), None)?;
    let opened = body::open(&key, &hex::decode(&sealed.ciphertext)?);
    let manifest = opened.map_err(|error| error.to_string())?.manifest;
    let manifest = serde_json::to_value(&manifest).map_err(|error| error.to_string())?;
    equal("manifest", &manifest, &sealed.manifest)
}
