//! Messages to and from JSON.

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::{fmt, marker::PhantomData};

/// Writes a request, an answer, or anything else whose keys are all text: nothing else fails.
pub fn to_json(value: &impl Serialize) -> String {
    // Not `expect`: its message would bring the tables for quoting text into a browser's module.
    let Ok(json) = serde_json::to_string(value) else { unreachable!("a key is no text") };
    json
}

/// JSON that does not fit a request type.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// Not JSON at all.
    #[error("{0}")]
    Malformed(serde_json::Error),
    /// JSON of the wrong shape.
    #[error("{0}")]
    Invalid(serde_json::Error),
}

/// Reads a request or an answer.
///
/// # Errors
/// [`JsonError::Malformed`] for a syntax error or an early end, [`JsonError::Invalid`] for JSON that
/// is no object or not a `T`.
pub fn from_json<'de, T: Deserialize<'de>>(json: &'de [u8]) -> Result<T, JsonError> {
    let value = serde_json::from_slice(json).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => JsonError::Invalid(error),
        _ => JsonError::Malformed(error),
    })?;
    // Serde also takes an array for a struct.
    if json.trim_ascii_start().starts_with(b"{") {
        Ok(value)
    } else {
        Err(JsonError::Invalid(serde::de::Error::custom("not an object")))
    }
}

/// Reads a list of objects. What is derived for a struct takes an array of its fields, too.
pub(crate) fn objects<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let objects = Vec::<Object<T>>::deserialize(deserializer)?;
    Ok(objects.into_iter().map(|Object(value)| value).collect())
}

/// The same for one object that need not be there.
pub(crate) fn maybe_object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::<Object<T>>::deserialize(deserializer)?.map(|Object(value)| value))
}

struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData)).map(Self)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}
