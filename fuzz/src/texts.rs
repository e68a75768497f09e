//! Texts that people and headers hold: links, tokens, times, names of files.

use std::str::FromStr;
use waxseal_core::{
    base64url, filename,
    link::{FoundLink, LinkSecret},
    request::FoundRequest,
    time::Timestamp,
    token::{AccessToken, ClaimToken, OwnerToken, Proof, SealedSecret, ShareId, TokenHash},
    totp::Totp,
};

/// An address with a link in it.
pub fn link(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(found) = FoundLink::in_address(text) {
        let link = found.secret.to_link("https://waxseal.example");
        let again = FoundLink::in_address(&link).expect("what is made is understood");
        assert_eq!(found.secret.as_bytes(), again.secret.as_bytes());
    }
    if let Ok(secret) = LinkSecret::from_token(text) {
        assert_eq!(secret.to_token().as_str(), text, "a token has one spelling");
    }
    if let Ok(found) = FoundRequest::in_address(text) {
        let link = found.link.to_link("https://waxseal.example");
        let again = FoundRequest::in_address(&link).expect("what is made is understood");
        assert_eq!(found.link.as_bytes(), again.link.as_bytes());
    }
    if let Ok(secret) = LinkSecret::from_fragment(text) {
        assert!(text.contains(secret.to_token().as_str()), "the token stands in the fragment");
    }
}

/// A token, a time, a number in base64url, a name.
pub fn token(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    one_spelling(text, ShareId::to_base64url);
    one_spelling(text, |token: &AccessToken| token.to_base64url());
    one_spelling(text, |token: &OwnerToken| token.to_base64url());
    one_spelling(text, |token: &ClaimToken| token.to_base64url());
    one_spelling(text, |proof: &Proof| proof.to_base64url());
    one_spelling(text, TokenHash::to_base64url);
    one_spelling(text, SealedSecret::to_base64url);
    if let Ok(bytes) = base64url::decode(text) {
        assert_eq!(base64url::encode(&bytes), text);
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        assert_eq!(time.to_string().parse().ok(), Some(time));
    }
    if let Some(uri) = Totp::uri_of(text, "label") {
        assert!(Totp::parse(&uri).is_some(), "what is made is understood");
    }
    let name = filename::clean(text);
    assert_eq!(filename::clean(&name), name, "a clean name stays as it is");
    assert!(name.len() <= filename::MAX_BYTES, "{name:?}");
    assert!(!name.is_empty() && !name.contains(['/', '\\', '\0']), "{name:?}");
}

fn one_spelling<T: FromStr>(text: &str, write: impl Fn(&T) -> String) {
    if let Ok(value) = text.parse() {
        assert_eq!(write(&value), text);
    }
}
