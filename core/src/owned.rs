//! The links that an owner made: what their browser keeps of each, and all of them as one text.
//!
//! Invariant: a link's secret is in here only if its owner wanted it kept.

use crate::{
    base64url, json,
    link::LinkSecret,
    request::{RequestKey, RequestLink},
    time::Timestamp,
    token::{OwnerToken, ShareId},
    wire::{maybe_object, objects, to_json},
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The most links that one text holds.
pub const MAX_LINKS: usize = 10_000;

/// A link as its owner's browser keeps it. Times are the server's.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedLink {
    /// The share.
    pub id: ShareId,
    /// The right to see its status and to revoke it.
    pub owner: OwnerToken,
    /// What the owner calls it; no server ever learns it.
    pub label: String,
    /// When it was published, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at: Option<Timestamp>,
    /// When it expires, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When the owner handed it on.
    #[serde(default, skip_serializing_if = "Sent::is_unknown")]
    pub sent_at: Sent,
    /// What the link itself is made of, where the owner wants to see it again.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "token")]
    pub token: Option<LinkSecret>,
    /// Of a request: its link, and the key that opens what is sent in answer.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "maybe_object")]
    pub request: Option<OwnedRequest>,
}

/// What whoever asked keeps of a request.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WrittenRequest", into = "WrittenRequest")]
pub struct OwnedRequest {
    /// What its link holds.
    pub link: RequestLink,
    /// The private key that goes with it.
    pub key: RequestKey,
}

/// When a link was handed on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Option<Timestamp>", into = "Option<Timestamp>")]
pub enum Sent {
    /// Nobody kept count.
    #[default]
    Unknown,
    /// It was not, as far as its owner said.
    NotYet,
    /// Then, by the server's clock.
    At(Timestamp),
}

/// All links of one browser.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedLinks {
    /// Scheme, host and port of the server that knows them.
    pub origin: String,
    /// In no particular order.
    #[serde(deserialize_with = "objects")]
    pub links: Vec<OwnedLink>,
}

/// The text is no list of links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no list of links")]
pub struct NoLinks;

impl OwnedLink {
    /// Whether somebody opened it at `opened` before it was handed on.
    pub fn was_early(&self, opened: Timestamp) -> bool {
        match self.sent_at {
            Sent::Unknown => false,
            Sent::NotYet => true,
            Sent::At(sent) => opened < sent,
        }
    }
}

impl Sent {
    /// Whether nobody kept count.
    pub const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }
}

/// What is written is a time or null; what is not written is not known.
impl From<Option<Timestamp>> for Sent {
    fn from(at: Option<Timestamp>) -> Self {
        at.map_or(Self::NotYet, Self::At)
    }
}

impl From<Sent> for Option<Timestamp> {
    fn from(sent: Sent) -> Self {
        match sent {
            Sent::At(at) => Some(at),
            Sent::NotYet | Sent::Unknown => None,
        }
    }
}

impl OwnedLinks {
    /// One text.
    pub fn to_json(&self) -> String {
        to_json(self)
    }

    /// Reads what [`Self::to_json`] gave. Unknown keys are ignored.
    ///
    /// # Errors
    /// [`NoLinks`] for anything else, and for more than 10 000 links.
    pub fn from_json(json: &[u8]) -> Result<Self, NoLinks> {
        let json = std::str::from_utf8(json).map_err(|_| NoLinks)?;
        let links: Self = json::read(json).map_err(|_| NoLinks)?;
        if links.links.len() > MAX_LINKS { Err(NoLinks) } else { Ok(links) }
    }
}

/// A request as text.
#[derive(Serialize, Deserialize)]
struct WrittenRequest {
    token: Zeroizing<String>,
    key: Zeroizing<String>,
}

impl From<OwnedRequest> for WrittenRequest {
    fn from(OwnedRequest { link, key }: OwnedRequest) -> Self {
        Self { token: link.to_token(), key: base64url::encode(key.as_bytes()).into() }
    }
}

impl TryFrom<WrittenRequest> for OwnedRequest {
    type Error = NoLinks;

    fn try_from(WrittenRequest { token, key }: WrittenRequest) -> Result<Self, NoLinks> {
        let link = RequestLink::from_token(&token).map_err(|_| NoLinks)?;
        let key = RequestKey::from_bytes(base64url::decode_array(&key).map_err(|_| NoLinks)?);
        if key.public_key() == *link.public_key() { Ok(Self { link, key }) } else { Err(NoLinks) }
    }
}

/// A link's secret as its token.
mod token {
    use super::LinkSecret;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::borrow::Cow;

    pub(super) fn serialize<S: Serializer>(
        secret: &Option<LinkSecret>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match secret {
            Some(secret) => serializer.serialize_str(&secret.to_token()),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<LinkSecret>, D::Error> {
        let token = Option::<Cow<'de, str>>::deserialize(deserializer)?;
        let secret = token.map(|token| LinkSecret::from_token(&token)).transpose();
        secret.map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> OwnedLink {
        OwnedLink {
            id: ShareId::from_bytes([1; 16]),
            owner: OwnerToken::from_bytes([2; 32]),
            label: "Wi-Fi".into(),
            made_at: None,
            expires_at: None,
            sent_at: Sent::Unknown,
            token: None,
            request: None,
        }
    }

    #[test]
    fn what_is_not_known_is_not_written() {
        let json = to_json(&link());
        assert_eq!(
            json,
            r#"{"id":"AQEBAQEBAQEBAQEBAQEBAQ","owner":"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI","label":"Wi-Fi"}"#
        );
        assert!(serde_json::from_str::<OwnedLink>(&json).ok() == Some(link()));
        let not_yet = json.replace('}', r#","sent_at":null}"#);
        let read: OwnedLink = serde_json::from_str(&not_yet).expect("it is a link");
        assert_eq!(read.sent_at, Sent::NotYet);
        assert_eq!(to_json(&read), not_yet);
    }

    #[test]
    fn a_request_is_written_with_the_key_of_its_link_and_read_with_no_other() {
        let key = RequestKey::from_bytes([7; 32]);
        let mut bytes = [3; 64];
        bytes[32..].copy_from_slice(&key.public_key());
        let request = OwnedRequest { link: RequestLink::from_bytes(bytes), key };
        let json = to_json(&OwnedLink { request: Some(request.clone()), ..link() });
        let read: OwnedLink = serde_json::from_str(&json).expect("it is a link");
        assert!(read.request.as_ref() == Some(&request));
        let other = base64url::encode(&[8; 32]);
        let json = json.replace(&base64url::encode(request.key.as_bytes()), &other);
        assert!(serde_json::from_str::<OwnedLink>(&json).is_err());
    }

    #[test]
    fn an_opening_is_early_before_the_link_was_sent() {
        let at = Timestamp::from_unix_millis;
        for (sent_at, early) in [
            (Sent::Unknown, false),
            (Sent::NotYet, true),
            (Sent::At(at(999)), false),
            (Sent::At(at(1000)), false),
            (Sent::At(at(1001)), true),
        ] {
            assert_eq!(OwnedLink { sent_at, ..link() }.was_early(at(1000)), early, "{sent_at:?}");
        }
    }
}
