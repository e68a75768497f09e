//! The manifest: what a share holds, as JSON at the start of the sealed body.
//!
//! Invariant: a [`Manifest`] is within the format's limits, whether it was built here or read.

use crate::{
    json,
    text_enum::text_enum,
    wire::{ExpiresIn, Views, to_json},
};
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::Zeroize;

/// The longest manifest, in bytes of JSON.
pub const MAX_BYTES: usize = 512 * 1024;
/// The most fields.
pub const MAX_FIELDS: usize = 200;
/// The most files.
pub const MAX_FILES: usize = 1000;
/// The largest file, in bytes: 2⁵³ − 1.
pub const MAX_FILE_SIZE: u64 = (1 << 53) - 1;

/// What a share holds, beside the files' contents.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// What the sender calls it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Who says they sent it: a claim that a link cannot authenticate.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub from: String,
    /// The secret itself.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// The attachments, in the order of their contents.
    #[serde(default)]
    pub files: Vec<File>,
    /// What the sender chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<SealedPolicy>,
}

/// One labelled value.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// What it is.
    pub label: String,
    /// The value, line breaks kept.
    pub value: String,
    /// How it is shown.
    pub kind: FieldKind,
}

text_enum! {
    /// How a field is shown.
    pub enum FieldKind {
        /// Several lines.
        Multiline = "multiline",
        /// Masked until asked for.
        Concealed = "concealed",
        /// An address.
        Url = "url",
        /// An `otpauth://` URI that makes one-time codes.
        Totp = "totp",
        /// One line; kinds that are not known are shown so.
        Text = "text",
    }
    else Text
}

/// One attachment.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its name as the sender gave it; to be cleaned before use.
    pub name: String,
    /// Its media type as the sender's system gave it; not to be trusted.
    #[serde(rename = "type")]
    pub media_type: String,
    /// Its length in bytes.
    pub size: u64,
}

/// What the sender chose, repeated inside: a difference from what the server showed is a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedPolicy {
    /// How often it may be opened; null = any number until the expiry.
    pub views: Option<Views>,
    /// Seconds from publication to expiry.
    pub expires_in: ExpiresIn,
}

/// A manifest beyond the format's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// More than 512 KiB of JSON.
    #[error("the text is longer than 512 KiB")]
    TooLong,
    /// More than 200 fields.
    #[error("there are more than 200 fields")]
    TooManyFields,
    /// More than 1000 files.
    #[error("there are more than 1000 files")]
    TooManyFiles,
    /// A file, or all together, of more than 2⁵³ − 1 bytes.
    #[error("the files are too large")]
    TooLarge,
    /// Not the JSON of a manifest.
    #[error("the manifest is damaged")]
    Damaged,
}

impl Manifest {
    /// The JSON that goes into the body: 1 byte … 512 KiB.
    ///
    /// # Errors
    /// [`ManifestError`] names the limit that is exceeded.
    pub fn to_json(&self) -> Result<Vec<u8>, ManifestError> {
        self.check()?;
        let json = to_json(self).into_bytes();
        if json.len() > MAX_BYTES { Err(ManifestError::TooLong) } else { Ok(json) }
    }

    /// Reads a manifest. Unknown keys are ignored, unknown kinds are text.
    ///
    /// # Errors
    /// [`ManifestError`]: a byte-order mark, a non-object, a duplicate known key and a lone surrogate
    /// are damage.
    pub fn from_json(json: &[u8]) -> Result<Self, ManifestError> {
        if json.len() > MAX_BYTES {
            return Err(ManifestError::TooLong);
        }
        let json = std::str::from_utf8(json).map_err(|_| ManifestError::Damaged)?;
        let manifest: Self = json::read(json).map_err(|_| ManifestError::Damaged)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Bytes of all files together.
    ///
    /// # Errors
    /// [`ManifestError::TooLarge`] beyond 2⁵³ − 1.
    pub fn files_len(&self) -> Result<u64, ManifestError> {
        self.files
            .iter()
            .try_fold(0_u64, |sum, file| {
                sum.checked_add(file.size).filter(|sum| *sum <= MAX_FILE_SIZE)
            })
            .ok_or(ManifestError::TooLarge)
    }

    fn check(&self) -> Result<(), ManifestError> {
        if self.fields.len() > MAX_FIELDS {
            return Err(ManifestError::TooManyFields);
        }
        if self.files.len() > MAX_FILES {
            return Err(ManifestError::TooManyFiles);
        }
        self.files_len().map(|_| ())
    }
}

impl fmt::Debug for Manifest {
    /// Counts only: a secret never gets into a log or a panic message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Manifest({} fields, {} files)", self.fields.len(), self.files.len())
    }
}

impl Drop for Manifest {
    fn drop(&mut self) {
        let fields = self.fields.iter_mut().flat_map(|field| [&mut field.label, &mut field.value]);
        let files = self.files.iter_mut().map(|file| &mut file.name);
        fields.chain(files).chain([&mut self.title, &mut self.from]).for_each(Zeroize::zeroize);
    }
}
