//! The names and bearer tokens that travel between client and server.
//!
//! Invariant: every value has exactly its length, and a token never appears in `Debug` or `Display`.

use crate::base64url::{self, Base64Error};
use rand_core::TryCryptoRng;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use sha2::{Digest, Sha256};
use std::{borrow::Cow, fmt, str::FromStr};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Text form, parsing and serde (as canonical base64url) of a newtype over `[u8; N]`.
macro_rules! base64url_text {
    ($name:ident, $len:literal) => {
        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// Takes the bytes as they are.
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// The bytes as canonical base64url.
            pub fn to_base64url(&self) -> String {
                base64url::encode(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = Base64Error;

            fn from_str(text: &str) -> Result<Self, Base64Error> {
                base64url::decode_array(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.to_base64url())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                base64url_schema($len)
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
    };
}

/// A secret newtype: compared in constant time, zeroized, without content in `Debug`.
macro_rules! secret_token {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Zeroize, ZeroizeOnDrop)]
        pub struct $name([u8; 32]);

        base64url_text!($name, 32);

        impl $name {
            /// SHA-256 of the token's bytes: what the server keeps.
            pub fn hash(&self) -> TokenHash {
                TokenHash(Sha256::digest(self.0).into())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0.ct_eq(&other.0).into()
            }
        }

        impl Eq for $name {}
    };
}

/// Draws a token from the generator handed in.
macro_rules! drawn {
    ($name:ident) => {
        impl $name {
            /// Draws 32 bytes from `rng`.
            ///
            /// # Errors
            /// Those of the generator.
            pub fn generate<R: TryCryptoRng>(rng: &mut R) -> Result<Self, R::Error> {
                let mut token = Self([0; 32]);
                rng.try_fill_bytes(&mut token.0)?;
                Ok(token)
            }
        }
    };
}

/// Public name of a share: 16 bytes, 22 characters. Gives no access by itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShareId([u8; 16]);

base64url_text!(ShareId, 16);

impl fmt::Debug for ShareId {
    /// Without content: ids stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShareId(…)")
    }
}

secret_token! {
    /// Bearer token of a link holder, derived from the link secret.
    AccessToken
}
secret_token! {
    /// Bearer token of the owner, drawn at random: a link holder cannot derive it.
    OwnerToken
}
secret_token! {
    /// Bearer token of one opening, drawn by the recipient.
    ClaimToken
}
secret_token! {
    /// Bearer token of whoever runs the server, drawn at random.
    OperatorToken
}
secret_token! {
    /// Mailed to an owner, who confirms with it; drawn by the server, for one share and once.
    ConfirmationToken
}
secret_token! {
    /// What a browser shows in a cookie instead of another confirmation; drawn by the server.
    SessionToken
}
secret_token! {
    /// Proof of knowing the passphrase, derived from it and from the link secret.
    Proof
}

drawn!(OwnerToken);
drawn!(ClaimToken);
drawn!(ConfirmationToken);
drawn!(SessionToken);

/// The secret of an answer's link, sealed to whoever asked for it: what HPKE encapsulates, then the
/// ciphertext; 80 bytes, 107 characters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SealedSecret([u8; 80]);

base64url_text!(SealedSecret, 80);

impl fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedSecret(…)")
    }
}

/// SHA-256 of a token's bytes: 32 bytes, 43 characters.
#[derive(Clone, Copy)]
pub struct TokenHash([u8; 32]);

base64url_text!(TokenHash, 32);

impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for TokenHash {}

impl fmt::Debug for TokenHash {
    /// Without content: hashes of tokens stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

#[cfg(feature = "openapi")]
fn base64url_schema(len: usize) -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
    use utoipa::openapi::schema::{ObjectBuilder, Type};
    // The last character has fewer bits to say, so fewer of the alphabet end a text.
    let last = if len % 3 == 1 { "[AQgw]" } else { "[AEIMQUYcgkosw048]" };
    let characters = len * 4 / 3;
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(format!("^[A-Za-z0-9_-]{{{characters}}}{last}$")))
        .description(Some(format!("{len} bytes as canonical base64url without padding")))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_token_shows_itself() {
        let token = AccessToken::from_bytes([7; 32]);
        assert_eq!(format!("{token:?}"), "AccessToken(…)");
        assert_eq!(format!("{:?}", token.hash()), "TokenHash(…)");
        assert_eq!(format!("{:?}", ShareId::from_bytes([7; 16])), "ShareId(…)");
    }

    #[test]
    fn tokens_that_differ_in_a_bit_differ() {
        let [one, other] = [0, 0x80].map(|last| {
            let mut bytes = [0; 32];
            bytes[31] = last;
            OwnerToken::from_bytes(bytes)
        });
        assert_eq!(one, one.clone());
        assert_ne!(one, other);
        assert_eq!(one.hash(), one.hash());
        assert_ne!(one.hash(), other.hash());
    }

    #[test]
    fn json_takes_the_exact_length_only() {
        let id = ShareId::from_bytes([0xff; 16]);
        let json = serde_json::to_string(&id).expect("a string serializes");
        assert_eq!(json.len(), 24);
        assert_eq!(serde_json::from_str::<ShareId>(&json).ok(), Some(id));
        for bad in [
            "\"\"",
            "\"AQ\"",
            "1",
            "null",
            "\"_____________________w==\"",
            "\"______________________\"",
        ] {
            assert!(serde_json::from_str::<ShareId>(bad).is_err(), "{bad}");
        }
    }
}
