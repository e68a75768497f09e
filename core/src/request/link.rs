//! A request's link: a secret that names the request, and whom answers are sealed to.
//!
//! Invariant: a [`RequestLink`] comes out of a text only if length, alphabet, version and check value are
//! right, as with every other link.

use crate::{
    base64url,
    link::{LinkError, fragment_of, token_in},
};
use rand_core::TryCryptoRng;
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Version byte of the format.
const VERSION: u8 = 1;
/// Bytes of a token: version, secret, public key, check value.
const TOKEN_LEN: usize = 68;
/// Characters of a token. The last one has four bits to say, so it is always a letter or a digit.
pub const TOKEN_CHARS: usize = 91;
/// Path of every request's link.
pub const PATH: &str = "/r";

/// What the link of a request holds: 32 random bytes, and an X25519 public key of 32 bytes.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct RequestLink([u8; 64]);

/// A request's link as found in an address.
pub struct FoundRequest {
    /// What it holds.
    pub link: RequestLink,
    /// The `#` was rewritten to `%23`, so that its secret was sent to whoever served the page.
    pub exposed: bool,
}

impl RequestLink {
    /// Draws a secret from `rng` to go with a public key.
    ///
    /// # Errors
    /// Those of the generator.
    pub fn generate<R: TryCryptoRng>(public_key: &[u8; 32], rng: &mut R) -> Result<Self, R::Error> {
        let mut link = Self([0; 64]);
        rng.try_fill_bytes(&mut link.0[..32])?;
        link.0[32..].copy_from_slice(public_key);
        Ok(link)
    }

    /// Takes 64 bytes as they are.
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// Secret and public key.
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }

    /// Whom answers are sealed to.
    pub fn public_key(&self) -> &[u8; 32] {
        self.0.last_chunk().expect("a link has 64 bytes")
    }

    /// The token: 91 characters.
    pub fn to_token(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; TOKEN_LEN]);
        bytes[0] = VERSION;
        bytes[1..65].copy_from_slice(&self.0);
        bytes[65..].copy_from_slice(&check(&self.0));
        Zeroizing::new(base64url::encode(bytes.as_slice()))
    }

    /// The link under `origin` (scheme, host, port; no trailing slash).
    pub fn to_link(&self, origin: &str) -> Zeroizing<String> {
        Zeroizing::new(format!("{origin}{PATH}#{}", self.to_token().as_str()))
    }

    /// Reads a token of exactly 91 characters.
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
        let mut link = Self([0; 64]);
        link.0.copy_from_slice(&bytes[1..65]);
        if bytes[65..] == check(&link.0) { Ok(link) } else { Err(LinkError::Check) }
    }
}

impl FoundRequest {
    /// Reads an address as [`crate::link::FoundLink::in_address`] does.
    ///
    /// # Errors
    /// [`LinkError`] says what is wrong.
    pub fn in_address(address: &str) -> Result<Self, LinkError> {
        let (fragment, exposed) = fragment_of(address)?;
        Ok(Self { link: RequestLink::from_token(token_in(fragment)?)?, exposed })
    }
}

impl fmt::Debug for RequestLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestLink(…)")
    }
}

/// The first 3 bytes of SHA-256("waxseal/1 request link" ‖ version ‖ secret ‖ public key).
fn check(link: &[u8; 64]) -> [u8; 3] {
    let digest = Sha256::new()
        .chain_update(b"waxseal/1 request link")
        .chain_update([VERSION])
        .chain_update(link)
        .finalize();
    [digest[0], digest[1], digest[2]]
}
