//! The link: one address for all shares, the secret in its fragment.
//!
//! Invariant: a [`LinkSecret`] comes out of a text only if length, alphabet, version and check value
//! are right, so a mangled link is told apart before any request is made.
//!
//! ```
//! use waxseal_core::link::{FoundLink, LinkError, LinkSecret};
//!
//! let link = LinkSecret::from_bytes([7; 32]).to_link("https://share.example.org");
//! // A full stop that a chat program took for a part of the link does no harm; a lost character does.
//! assert!(FoundLink::in_address(&format!("{}.", *link)).is_ok());
//! let cut = FoundLink::in_address(&link[..link.len() - 1]);
//! assert!(matches!(cut, Err(LinkError::Length)));
//! ```

use crate::base64url;
use rand_core::TryCryptoRng;
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Version byte of the format.
const VERSION: u8 = 1;
/// Bytes of a token: version, secret, check value.
const TOKEN_LEN: usize = 36;
/// Characters of a token.
pub const TOKEN_CHARS: usize = 48;
/// Path of every link.
pub const PATH: &str = "/s";

/// The 32 random bytes from which everything in a share is derived. Never leaves the client.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct LinkSecret([u8; 32]);

/// What is wrong with a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// There is no `#` with something behind it.
    #[error("the link has no key")]
    Missing,
    /// Fewer characters of the base64url alphabet than a token has, or more.
    #[error("the link's key has the wrong length")]
    Length,
    /// Not canonical base64url.
    #[error("the link's key is not base64url")]
    Alphabet,
    /// A version that this client does not know.
    #[error("the link was made by a newer version")]
    Version,
    /// The check value does not fit: some character was changed.
    #[error("the link's key is damaged")]
    Check,
}

/// A link as found in an address.
pub struct FoundLink {
    /// The secret.
    pub secret: LinkSecret,
    /// The `#` was rewritten to `%23`, so that the key was sent to whoever served the page.
    pub exposed: bool,
}

impl LinkSecret {
    /// Draws a secret from `rng`, again until the token's last character is a letter or a digit
    /// (chat programs drop a trailing `-` or `_` from links).
    ///
    /// # Errors
    /// Those of the generator.
    pub fn generate<R: TryCryptoRng>(rng: &mut R) -> Result<Self, R::Error> {
        loop {
            let mut secret = Self([0; 32]);
            rng.try_fill_bytes(&mut secret.0)?;
            if secret.to_token().ends_with(|last: char| last.is_ascii_alphanumeric()) {
                return Ok(secret);
            }
        }
    }

    /// Takes 32 bytes as they are.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The token: 48 characters.
    pub fn to_token(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; TOKEN_LEN]);
        bytes[0] = VERSION;
        bytes[1..33].copy_from_slice(&self.0);
        bytes[33..].copy_from_slice(&check(&self.0));
        Zeroizing::new(base64url::encode(bytes.as_slice()))
    }

    /// The link under `origin` (scheme, host, port; no trailing slash).
    pub fn to_link(&self, origin: &str) -> Zeroizing<String> {
        Zeroizing::new(format!("{origin}{PATH}#{}", self.to_token().as_str()))
    }

    /// Reads a token of exactly 48 characters.
    ///
    /// # Errors
    /// [`LinkError`] says what is wrong.
    pub fn from_token(token: &str) -> Result<Self, LinkError> {
        if token.len() != TOKEN_CHARS {
            return Err(LinkError::Length);
        }
        let bytes = base64url::decode_array::<TOKEN_LEN>(token).map_err(|_| LinkError::Alphabet)?;
        let bytes = Zeroizing::new(bytes);
        if bytes[0] != VERSION {
            return Err(LinkError::Version);
        }
        let mut secret = Self([0; 32]);
        secret.0.copy_from_slice(&bytes[1..33]);
        if bytes[33..] == check(&secret.0) { Ok(secret) } else { Err(LinkError::Check) }
    }

    /// Reads what stands behind the `#`: 48 characters of a token, then nothing or something that
    /// starts outside the alphabet (a full stop that a chat program glued on) and is ignored.
    ///
    /// # Errors
    /// [`LinkError`] says what is wrong.
    pub fn from_fragment(fragment: &str) -> Result<Self, LinkError> {
        Self::from_token(token_in(fragment)?)
    }
}

impl FoundLink {
    /// Reads an address, with a query before the `#` or without, and also one whose `#` a mail
    /// gateway rewrote to `%23`.
    ///
    /// # Errors
    /// [`LinkError`] says what is wrong.
    pub fn in_address(address: &str) -> Result<Self, LinkError> {
        let (fragment, exposed) = fragment_of(address)?;
        Ok(Self { secret: LinkSecret::from_fragment(fragment)?, exposed })
    }
}

/// What stands behind the `#` of an address, or behind the `%23` that was made of it, and whether it
/// was that.
pub(crate) fn fragment_of(address: &str) -> Result<(&str, bool), LinkError> {
    if let Some((_, fragment)) = address.split_once('#').filter(|(_, key)| !key.is_empty()) {
        return Ok((fragment, false));
    }
    let mut escapes = address.split('%').skip(1);
    let fragment = escapes.find_map(|escape| escape.strip_prefix("23"));
    Ok((fragment.ok_or(LinkError::Missing)?, true))
}

/// The characters of the alphabet that a fragment starts with.
pub(crate) fn token_in(fragment: &str) -> Result<&str, LinkError> {
    if fragment.is_empty() {
        return Err(LinkError::Missing);
    }
    Ok(fragment.split(|c: char| !is_base64url(c)).next().unwrap_or(fragment))
}

impl fmt::Debug for LinkSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkSecret(…)")
    }
}

const fn is_base64url(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

/// The first 3 bytes of SHA-256("waxseal/1 link" ‖ version ‖ secret).
fn check(secret: &[u8; 32]) -> [u8; 3] {
    let digest = Sha256::new()
        .chain_update(b"waxseal/1 link")
        .chain_update([VERSION])
        .chain_update(secret)
        .finalize();
    [digest[0], digest[1], digest[2]]
}
