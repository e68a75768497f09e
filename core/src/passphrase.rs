//! The passphrase as the key derivation sees it.
//!
//! Invariant: 1 … 1024 bytes of UTF-8 in Unicode normalization form C, otherwise as typed.

use rand_core::TryCryptoRng;
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The longest passphrase, in bytes of UTF-8 after normalization.
pub const MAX_BYTES: usize = 1024;

/// A passphrase, normalized.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Passphrase(String);

/// The passphrase has more than 1024 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a passphrase has at most 1024 bytes")]
pub struct PassphraseTooLong;

impl Passphrase {
    /// Normalizes what was typed; an empty text is no passphrase. Nothing is trimmed.
    ///
    /// # Errors
    /// [`PassphraseTooLong`] for more than 1024 bytes after normalization.
    #[cfg(feature = "nfc")]
    pub fn new(typed: &str) -> Result<Option<Self>, PassphraseTooLong> {
        use unicode_normalization::UnicodeNormalization;
        Self::from_normalized(typed.nfc().collect())
    }

    /// As [`Self::new`], for a text that the platform has put into normalization form C.
    ///
    /// # Errors
    /// [`PassphraseTooLong`] for more than 1024 bytes.
    pub fn from_normalized(typed: String) -> Result<Option<Self>, PassphraseTooLong> {
        let passphrase = Self(typed);
        match passphrase.0.len() {
            0 => Ok(None),
            1..=MAX_BYTES => Ok(Some(passphrase)),
            _ => Err(PassphraseTooLong),
        }
    }

    /// UTF-8, normalization form C.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// How a passphrase fares against somebody who has the link and ten tries on this server, or the
/// ciphertext and as many as they can pay for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// No passphrase.
    None,
    /// Might be guessed within ten tries.
    Weak,
    /// Holds while the server counts.
    Fair,
    /// Holds even against somebody who has the ciphertext.
    Strong,
}

impl Strength {
    /// A cautious estimate from length and variety: repeats and runs count little.
    pub fn of(typed: &str) -> Self {
        let mut previous = None;
        let mut distinct: Vec<char> = Vec::new();
        let mut score = 0;
        for c in typed.chars() {
            let step = previous.map_or(2, |before: char| u32::from(c).abs_diff(u32::from(before)));
            let fresh = !distinct.contains(&c);
            score += if step < 2 {
                0
            } else if fresh {
                4
            } else {
                2
            };
            if fresh {
                distinct.push(c);
            }
            previous = Some(c);
        }
        match score {
            0 => Self::None,
            1..=23 => Self::Weak,
            24..=47 => Self::Fair,
            _ => Self::Strong,
        }
    }
}

/// Draws 64 bits as four pronounceable words, such as `lusab-babad-gutih-tugad`.
///
/// Source: Wilkerson, "A Proposal for Proquints", arXiv:0901.4016.
///
/// # Errors
/// Those of the generator.
pub fn generate<R: TryCryptoRng>(rng: &mut R) -> Result<String, R::Error> {
    const CONSONANTS: &[u8; 16] = b"bdfghjklmnprstvz";
    const VOWELS: &[u8; 4] = b"aiou";
    let mut words = Vec::new();
    for _ in 0..4 {
        let bits = rng.try_next_u32()?;
        let consonant = |shift: u32| char::from(CONSONANTS[(bits >> shift & 15) as usize]);
        let vowel = |shift: u32| char::from(VOWELS[(bits >> shift & 3) as usize]);
        words.push(String::from_iter([
            consonant(12),
            vowel(10),
            consonant(6),
            vowel(4),
            consonant(0),
        ]));
    }
    Ok(words.join("-"))
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}
