//! What may stand where in a manifest, beyond what serde checks: objects where objects are due
//! (serde also takes an array for a struct), and text that is text even under unknown keys.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};
use std::{borrow::Cow, fmt};

/// A place in a manifest.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Manifest,
    Fields,
    Field,
    Files,
    Object,
    ObjectOrNull,
    Text,
    Anything,
}

/// Whether `json` has the shape of a manifest.
pub(super) fn is_manifest(json: &str) -> bool {
    let mut reader = serde_json::Deserializer::from_str(json);
    Place::Manifest.deserialize(&mut reader).is_ok() && reader.end().is_ok()
}

impl Place {
    /// The place behind `key`.
    fn behind(self, key: &str) -> Self {
        match (self, key) {
            (Self::Manifest, "fields") => Self::Fields,
            (Self::Manifest, "files") => Self::Files,
            (Self::Manifest, "policy") => Self::ObjectOrNull,
            (Self::Field, "kind") => Self::Text,
            _ => Self::Anything,
        }
    }

    fn admits<E: Error>(self, places: &[Self], found: Unexpected<'_>) -> Result<(), E> {
        if self == Self::Anything || places.contains(&self) {
            Ok(())
        } else {
            Err(E::invalid_type(found, &self))
        }
    }
}

impl<'de> DeserializeSeed<'de> for Place {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what the format has here")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.admits(&[], Unexpected::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.admits(&[], Unexpected::Unsigned(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.admits(&[], Unexpected::Signed(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.admits(&[], Unexpected::Float(value))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        self.admits(&[Self::Text], Unexpected::Other("text"))
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.admits(&[Self::ObjectOrNull], Unexpected::Unit)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        self.admits(&[Self::Fields, Self::Files], Unexpected::Seq)?;
        let row = match self {
            Self::Fields => Self::Field,
            Self::Files => Self::Object,
            _ => Self::Anything,
        };
        while sequence.next_element_seed(row)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let objects = [Self::Manifest, Self::Field, Self::Object, Self::ObjectOrNull];
        self.admits(&objects, Unexpected::Map)?;
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            map.next_value_seed(self.behind(&key))?;
        }
        Ok(())
    }
}
