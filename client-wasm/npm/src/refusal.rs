//! Why something was not done, for programs.
//!
//! Invariant: a code once given means the same for ever; `index.d.ts` lists them all.

use wasm_bindgen::JsValue;
use waxseal_core::{
    body::SealError, chunk::Damaged, link::LinkError, manifest::ManifestError,
    passphrase::PassphraseTooLong,
};
use waxseal_engine::SealFailure;

/// A code, and what it means here.
pub struct Refusal {
    code: &'static str,
    message: String,
}

impl Refusal {
    /// What was handed in is not what the types say, or is beyond the format's limits.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self { code: "invalid", message: message.into() }
    }

    /// There are no random numbers.
    pub(crate) fn no_random(error: impl ToString) -> Self {
        Self { code: "internal", message: format!("no random numbers: {}", error.to_string()) }
    }
}

impl From<LinkError> for Refusal {
    fn from(error: LinkError) -> Self {
        let code = match error {
            LinkError::Version => "newer-link",
            LinkError::Missing | LinkError::Length | LinkError::Alphabet | LinkError::Check => {
                "damaged-link"
            }
        };
        Self { code, message: error.to_string() }
    }
}

impl From<SealError> for Refusal {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Manifest(error) => error.into(),
            SealError::FileChanged => Self { code: "file-changed", message: error.to_string() },
            SealError::Rng(error) => Self::no_random(error),
        }
    }
}

impl From<ManifestError> for Refusal {
    fn from(error: ManifestError) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<PassphraseTooLong> for Refusal {
    fn from(error: PassphraseTooLong) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<SealFailure> for Refusal {
    fn from(failure: SealFailure) -> Self {
        let code = match failure {
            SealFailure::Length => "file-changed",
            SealFailure::Platform => "internal",
        };
        Self { code, message: failure.to_string() }
    }
}

impl From<Damaged> for Refusal {
    fn from(error: Damaged) -> Self {
        Self { code: "damaged", message: error.to_string() }
    }
}

impl From<Refusal> for JsValue {
    /// A text, of which `index.js` makes an `Error`: the code, a space, the message.
    fn from(refusal: Refusal) -> Self {
        format!("{} {}", refusal.code, refusal.message).into()
    }
}
