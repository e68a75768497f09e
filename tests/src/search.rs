//! Searching for what must not be there: secrets in every guise they might leak in.
//!
//! Invariant: a secret cut in two is found by its pieces of 8 bytes, unless the cut is in each of them.

use aho_corasick::AhoCorasick;
use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use std::{cell::OnceCell, collections::BTreeSet};

/// The shortest piece worth finding: shorter ones appear by chance.
const PIECE: usize = 8;

/// What to search for.
#[derive(Default)]
pub struct Secrets {
    /// The name of the secret, and one of its guises.
    guises: Vec<(String, Vec<u8>)>,
    /// Finds all guises at once; of those there are now.
    automaton: OnceCell<AhoCorasick>,
}

impl Secrets {
    /// Adds a text, at least 8 bytes long, that people wrote: as it is, escaped, in hex, in base64.
    pub fn add_text(&mut self, name: &str, text: &str) {
        self.add_whole(name, text.as_bytes());
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        self.add_guise(name, utf16);
    }

    /// Adds random bytes: all of them, and every piece of 8 in hex, in base64, and as they are.
    pub fn add_bytes(&mut self, name: &str, bytes: &[u8]) {
        self.add_whole(name, bytes);
        for piece in bytes.windows(PIECE).step_by(PIECE) {
            self.add_whole(name, piece);
        }
    }

    /// The names of the secrets that are in `haystack`.
    pub fn found_in(&self, haystack: &[u8]) -> BTreeSet<&str> {
        let guises = || self.guises.iter().map(|(_, guise)| guise);
        let automaton = self
            .automaton
            .get_or_init(|| AhoCorasick::new(guises()).expect("there are few and short guises"));
        let found = automaton.find_overlapping_iter(haystack);
        found.map(|found| self.guises[found.pattern().as_usize()].0.as_str()).collect()
    }

    fn add_whole(&mut self, name: &str, bytes: &[u8]) {
        self.add_guise(name, bytes.to_vec());
        self.add_guise(name, HEXLOWER.encode(bytes).into_bytes());
        self.add_guise(name, HEXUPPER.encode(bytes).into_bytes());
        for before in 0..3 {
            // Base64 of the same bytes depends on how many stand before them, but for the ends.
            let shifted = [&vec![0; before], bytes].concat();
            for encoded in [BASE64_NOPAD.encode(&shifted), BASE64URL_NOPAD.encode(&shifted)] {
                let (first, last) = ((before * 8).div_ceil(6), shifted.len() * 8 / 6);
                self.add_guise(name, encoded.as_bytes()[first..last].to_vec());
            }
        }
    }

    fn add_guise(&mut self, name: &str, guise: Vec<u8>) {
        assert!(guise.len() >= PIECE, "a secret is long enough not to be found by chance");
        self.guises.push((name.to_owned(), guise));
        self.automaton.take();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_every_guise_at_every_place() {
        let secret: Vec<u8> = (100..132).collect();
        let mut secrets = Secrets::default();
        secrets.add_bytes("secret", &secret);
        secrets.add_text("text", "correct horse");
        for before in 0..5 {
            let found = |secret: &[u8]| {
                let all = [&vec![7; before][..], secret, b"behind"].concat();
                let guises = [
                    BASE64_NOPAD.encode(&all),
                    BASE64URL_NOPAD.encode(&all),
                    HEXLOWER.encode(&all),
                    HEXUPPER.encode(&all),
                ];
                let encoded = guises.iter().map(|guise| secrets.found_in(guise.as_bytes()));
                encoded.chain([secrets.found_in(&all)]).collect::<Vec<_>>()
            };
            assert_eq!(found(&secret), vec![BTreeSet::from(["secret"]); 5]);
            assert_eq!(found(&secret[..16]), vec![BTreeSet::from(["secret"]); 5]);
            assert_eq!(found(b"correct horse"), vec![BTreeSet::from(["text"]); 5]);
            assert_eq!(found(b"correct house"), vec![BTreeSet::new(); 5]);
        }
    }
}
