//! Messages to and from JSON.

use serde::{Deserialize, Serialize};

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
