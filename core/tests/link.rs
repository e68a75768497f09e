//! Links and base64url: one text for one value, and no other text at all.

use getrandom::SysRng;
use proptest::{collection::vec, prelude::*};
use waxseal_core::{
    base64url,
    keys::LinkKeys,
    link::{FoundLink, LinkSecret, TOKEN_CHARS},
};

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A token with one character in the place of another.
fn changed(token: &str, at: usize, by: char) -> String {
    token.char_indices().map(|(n, c)| if n == at { by } else { c }).collect()
}

proptest! {
    #[test]
    fn a_token_and_a_link_are_read_back(secret: [u8; 32]) {
        let secret = LinkSecret::from_bytes(secret);
        let token = secret.to_token();
        prop_assert_eq!(token.len(), TOKEN_CHARS);
        prop_assert_eq!(LinkSecret::from_token(&token), Ok(secret.clone()));
        let link = secret.to_link("https://waxseal.example");
        let found = FoundLink::in_address(&link).map(|link| (link.secret, link.exposed));
        prop_assert_eq!(found.ok(), Some((secret.clone(), false)));
        let rewritten = link.replace('#', "%23");
        let found = FoundLink::in_address(&rewritten).map(|link| (link.secret, link.exposed));
        prop_assert_eq!(found.ok(), Some((secret, true)));
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in "\\PC{0,80}", fragment in "[A-Za-z0-9_#%-]{0,60}") {
        LinkSecret::from_token(&text).ok();
        FoundLink::in_address(&text).ok();
        FoundLink::in_address(&format!("{text}#{fragment}")).ok();
        base64url::decode(&text).ok();
    }

    #[test]
    fn bytes_have_one_base64url_text(bytes in vec(any::<u8>(), 0..64)) {
        let text = base64url::encode(&bytes);
        prop_assert_eq!(text.len(), (bytes.len() * 4).div_ceil(3));
        prop_assert_eq!(base64url::decode(&text), Ok(bytes.clone()));
        // Every text that differs in its last character stands for other bytes or for none.
        let Some(last) = text.len().checked_sub(1) else { return Ok(()) };
        for by in ALPHABET.chars().filter(|by| !text.ends_with(*by)) {
            prop_assert_ne!(base64url::decode(&changed(&text, last, by)), Ok(bytes.clone()));
        }
        for glued in ["=", "==", "A", " ", "\n", "."] {
            prop_assert_ne!(base64url::decode(&format!("{text}{glued}")), Ok(bytes.clone()));
        }
    }
}

#[test]
fn every_changed_character_of_a_token_is_refused() {
    // A change goes undetected once in 2^24: for these secrets none does.
    for secret in [[0; 32], [0xff; 32], [0x5a; 32]] {
        let token = LinkSecret::from_bytes(secret).to_token();
        for at in 0..TOKEN_CHARS {
            let original = token.as_bytes()[at] as char;
            for by in ALPHABET.chars().chain(['+', '/', '=', '.', ' ', 'é']) {
                let read = LinkSecret::from_token(&changed(&token, at, by));
                assert_eq!(read.is_ok(), by == original, "{by:?} at {at}");
            }
        }
    }
}

#[test]
fn an_id_whose_unused_bits_are_not_zero_is_refused() {
    let id = LinkKeys::derive(&LinkSecret::from_bytes([1; 32])).id;
    let text = id.to_base64url();
    let accepted: String =
        ALPHABET.chars().filter(|by| changed(&text, 21, *by).parse() == Ok(id)).collect();
    assert_eq!(accepted, text[21..]);
    // 22 characters have 4 bits too many: of 64 last characters 4 are canonical.
    let canonical =
        ALPHABET.chars().filter(|by| base64url::decode(&changed(&text, 21, *by)).is_ok());
    assert_eq!(canonical.collect::<String>(), "AQgw");
}

#[test]
fn a_generated_token_ends_in_a_letter_or_a_digit() {
    for _ in 0..500 {
        let secret = LinkSecret::generate(&mut SysRng).expect("the system has random numbers");
        assert!(secret.to_token().ends_with(|last: char| last.is_ascii_alphanumeric()));
    }
}

#[test]
fn no_secret_shows_itself() {
    assert_eq!(format!("{:?}", LinkSecret::from_bytes([7; 32])), "LinkSecret(…)");
}
