//! The passphrase as the key derivation sees it.
//!
//! Invariant: 1 … 1024 bytes of UTF-8 in Unicode normalization form C, otherwise as typed.

use std::fmt;
use unicode_normalization::UnicodeNormalization;
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
    pub fn new(typed: &str) -> Result<Option<Self>, PassphraseTooLong> {
        let passphrase = Self(typed.nfc().collect());
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

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}
