//! Canonical base64url without padding (RFC 4648 section 5), the one text form of bytes in Waxseal.
//!
//! Invariant: a byte string has exactly one accepted text; padding, other alphabets and non-zero
//! unused bits are refused.

use zeroize::Zeroizing;

/// The text is not canonical base64url of the expected length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not canonical base64url of the expected length")]
pub struct Base64Error;

/// The text of `bytes`: ⌈4·len/3⌉ characters.
pub fn encode(bytes: &[u8]) -> String {
    codec::encode(bytes)
}

/// The bytes of `text`, of any length.
///
/// # Errors
/// [`Base64Error`] if `text` is not canonical.
pub fn decode(text: &str) -> Result<Vec<u8>, Base64Error> {
    codec::decode(text).ok_or(Base64Error)
}

/// Where bodies of a megabyte come as text: the faster one.
#[cfg(not(target_arch = "wasm32"))]
mod codec {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

    pub(super) fn encode(bytes: &[u8]) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
        BASE64_URL_SAFE_NO_PAD.decode(text).ok()
    }
}

/// In a browser, which has to load it: the smaller one. Both are held to the same vectors.
#[cfg(target_arch = "wasm32")]
mod codec {
    use base64ct::{Base64UrlUnpadded, Encoding};

    pub(super) fn encode(bytes: &[u8]) -> String {
        Base64UrlUnpadded::encode_string(bytes)
    }

    pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
        Base64UrlUnpadded::decode_vec(text).ok()
    }
}

/// The `N` bytes of `text`; copies made on the way are zeroized.
///
/// # Errors
/// [`Base64Error`] if `text` is not canonical or does not stand for exactly `N` bytes.
pub fn decode_array<const N: usize>(text: &str) -> Result<[u8; N], Base64Error> {
    let bytes = Zeroizing::new(decode(text)?);
    <[u8; N]>::try_from(bytes.as_slice()).map_err(|_| Base64Error)
}

/// `#[serde(with = "base64url::bytes")]`: a byte string of any length as base64url text.
pub mod bytes {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::borrow::Cow;

    /// Writes `bytes` as text.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => serializer.serialize_some(&super::encode(bytes)),
            None => serializer.serialize_none(),
        }
    }

    /// Reads text, or null.
    ///
    /// # Errors
    /// If the text is not canonical base64url.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        Option::<Cow<'de, str>>::deserialize(deserializer)?
            .map(|text| super::decode(&text).map_err(D::Error::custom))
            .transpose()
    }
}

/// `#[serde(with = "base64url::whole")]`: the same where it has to be there.
pub mod whole {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::borrow::Cow;

    /// Writes `bytes` as text.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::encode(bytes))
    }

    /// Reads text.
    ///
    /// # Errors
    /// If it is not canonical base64url.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        super::decode(&Cow::<'de, str>::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_text_is_accepted() {
        assert_eq!(decode_array("AQ"), Ok([1]));
        for bad in ["AR", "AQ==", "AQ=", "A", "+Q", "/Q", "AQ ", " AQ", "AQ\n", "AQAB"] {
            assert_eq!(decode_array::<1>(bad), Err(Base64Error), "{bad:?}");
        }
    }
}
