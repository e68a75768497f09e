//! An owner's e-mail address as the store knows it: by a hash.
//!
//! Invariant: what one mailbox gets under several spellings is one.

use sha2::{Digest, Sha256};
use std::fmt;
use waxseal_core::mail_address::MailAddress;

/// SHA-256 of an address in lower case, without what comes after a `+` in front of the `@`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AddressHash([u8; 32]);

impl AddressHash {
    /// That of an address.
    pub fn of(address: &MailAddress) -> Self {
        let mailbox = address.local().split('+').next().unwrap_or_default().to_ascii_lowercase();
        let mut hash = Sha256::new_with_prefix(b"waxseal owner");
        hash.update(format!("{mailbox}@{}", address.domain()));
        Self(hash.finalize().into())
    }

    /// Takes the bytes as they are.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for AddressHash {
    /// Without content: an address can be guessed from its hash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AddressHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_mailbox_are_one() {
        let hash = |text: &str| AddressHash::of(&text.parse().expect(text));
        for (one, other, same) in [
            ("ann@example.org", "Ann@Example.ORG", true),
            ("ann@example.org", "ann+1@example.org", true),
            ("ann+1@example.org", "ann+2+3@example.org", true),
            ("ann@example.org", "bob@example.org", false),
            ("ann@example.org", "ann@example.com", false),
        ] {
            assert_eq!(hash(one) == hash(other), same, "{one} {other}");
        }
    }
}
