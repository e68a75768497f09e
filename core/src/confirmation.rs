//! What an owner confirms who they are with: the link in a mail, and the number that they compare.
//!
//! Invariant: the token travels in a fragment and in a body, never in what servers log.

use crate::{
    base64url::{self, Base64Error},
    token::{ConfirmationToken, ShareId},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::{borrow::Cow, fmt, str::FromStr};
use zeroize::Zeroizing;

#[cfg(feature = "openapi")]
use utoipa::openapi::schema::{ObjectBuilder, Type};

/// Path of the page where a person confirms.
pub const CONFIRM_PATH: &str = "/confirm";

/// Bytes of an id and a token.
const LEN: usize = ShareId::LEN + ConfirmationToken::LEN;

/// What a mail's link says: `ORIGIN/confirm#` and this, 64 characters.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfirmationLink {
    /// The share's name.
    pub id: ShareId,
    /// What was mailed for it.
    pub token: ConfirmationToken,
}

impl ConfirmationLink {
    /// The fragment, without `#`.
    pub fn fragment(&self) -> Zeroizing<String> {
        let bytes = [self.id.as_bytes().as_slice(), self.token.as_bytes()].concat();
        Zeroizing::new(base64url::encode(&Zeroizing::new(bytes)))
    }

    /// Reads a whole address, and ignores what a mail program glued on behind it. Some gateways escape
    /// the `#`; what they learn confirms nothing.
    ///
    /// # Errors
    /// [`Base64Error`] if there is no whole fragment.
    pub fn in_address(address: &str) -> Result<Self, Base64Error> {
        let escaped = || {
            let mut escapes = address.split('%').skip(1);
            escapes.find_map(|escape| escape.strip_prefix("23"))
        };
        let fragment = address.split_once('#').map(|(_, fragment)| fragment);
        let fragment = fragment.filter(|text| !text.is_empty()).or_else(escaped);
        let is_glued_on = |c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_');
        fragment.and_then(|text| text.split(is_glued_on).next()).ok_or(Base64Error)?.parse()
    }
}

impl FromStr for ConfirmationLink {
    type Err = Base64Error;

    /// Reads a fragment, with or without `#`.
    fn from_str(text: &str) -> Result<Self, Base64Error> {
        let bytes: [u8; LEN] = base64url::decode_array(text.strip_prefix('#').unwrap_or(text))?;
        let bytes = Zeroizing::new(bytes);
        let (id, token) = bytes.split_first_chunk().ok_or(Base64Error)?;
        let token = token.try_into().map_err(|_| Base64Error)?;
        Ok(Self { id: ShareId::from_bytes(*id), token: ConfirmationToken::from_bytes(token) })
    }
}

/// The number that the waiting dialog shows and the person types: two digits, `00` to `99`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ConfirmationNumber(u8);

/// Something else than two digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("two digits")]
pub struct ConfirmationNumberError;

impl ConfirmationNumber {
    /// One of the hundred, each as likely as the others; `None` for a byte that would not be.
    pub const fn of_random(byte: u8) -> Option<Self> {
        if byte < 200 { Some(Self(byte % 100)) } else { None }
    }

    /// 0 to 99.
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for ConfirmationNumber {
    type Error = ConfirmationNumberError;

    fn try_from(number: u8) -> Result<Self, ConfirmationNumberError> {
        if number < 100 { Ok(Self(number)) } else { Err(ConfirmationNumberError) }
    }
}

impl FromStr for ConfirmationNumber {
    type Err = ConfirmationNumberError;

    fn from_str(text: &str) -> Result<Self, ConfirmationNumberError> {
        match text.as_bytes() {
            [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Ok(Self((tens - b'0') * 10 + ones - b'0')),
            _ => Err(ConfirmationNumberError),
        }
    }
}

impl fmt::Display for ConfirmationNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

impl fmt::Debug for ConfirmationNumber {
    /// Without content: whoever has it and the mail confirms.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConfirmationNumber(…)")
    }
}

impl Serialize for ConfirmationNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ConfirmationNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for ConfirmationNumber {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[0-9]{2}$"))
            .description(Some("Two digits"))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for ConfirmationNumber {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_is_read_back_and_anything_else_is_none() {
        let link = ConfirmationLink {
            id: ShareId::from_bytes([1; 16]),
            token: ConfirmationToken::from_bytes([2; 32]),
        };
        let text = link.fragment();
        assert_eq!(text.len(), 64);
        assert_eq!(text.parse::<ConfirmationLink>().as_ref(), Ok(&link));
        assert_eq!(format!("#{}", *text).parse::<ConfirmationLink>().as_ref(), Ok(&link));
        for bad in ["", "#", &text[1..], &format!("{}A", *text), &format!("{}=", *text)] {
            assert_eq!(bad.parse::<ConfirmationLink>(), Err(Base64Error), "{bad}");
        }
    }

    #[test]
    fn a_link_is_found_in_the_addresses_that_gateways_make_of_it() {
        let link = ConfirmationLink {
            id: ShareId::from_bytes([0xfb; 16]),
            token: ConfirmationToken::from_bytes([0xfb; 32]),
        };
        let text = link.fragment();
        assert!(text.contains('-') && text.contains('_'), "all of base64url is in it: {}", *text);
        for start in ["/confirm#", "/confirm?by=mail#", "/confirm%23", "/confirm/#"] {
            for end in ["", ".", ">", "%22"] {
                let address = format!("https://share.example.org{start}{}{end}", *text);
                assert_eq!(ConfirmationLink::in_address(&address).as_ref(), Ok(&link), "{address}");
            }
        }
        for start in ["/confirm", "/confirm#", "/confirm%23", "/confirm#x"] {
            let address = format!("https://share.example.org{start}");
            assert_eq!(ConfirmationLink::in_address(&address), Err(Base64Error), "{address}");
        }
    }

    #[test]
    fn a_number_is_two_digits() {
        for number in 0..100 {
            let number = ConfirmationNumber::try_from(number).expect("less than a hundred");
            let text = number.to_string();
            assert_eq!(text.len(), 2);
            assert_eq!(text.parse(), Ok(number));
        }
        for bad in ["", "1", "100", " 1", "-1", "+1", "1 ", "٠٣", "0x"] {
            assert_eq!(bad.parse::<ConfirmationNumber>(), Err(ConfirmationNumberError), "{bad}");
        }
        assert!(ConfirmationNumber::try_from(100).is_err());
    }

    #[test]
    fn every_number_is_as_likely_as_any_other() {
        let drawn = (0..=u8::MAX).filter_map(ConfirmationNumber::of_random);
        let mut times = [0; 100];
        drawn.for_each(|number| times[usize::from(number.get())] += 1);
        assert_eq!(times, [2; 100]);
    }
}
