//! What a version ships, as the build wrote it down.
//!
//! Invariant: a manifest that was read names at least one file, and each by a path of its own.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Of the version that this command is of; empty if it was built without the web client.
const BUILT_IN: &str = include_str!(concat!(env!("OUT_DIR"), "/waxseal-manifest.json"));

/// What a server of one version serves.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// The version.
    pub(super) waxseal: String,
    /// Headers of every file, unless the file says something else; null = any.
    pub(super) headers: Headers,
    /// Headers that no answer may have.
    pub(super) absent: Vec<String>,
    /// The files.
    pub(super) files: Vec<File>,
}

/// Values of headers by name, in small letters.
pub(super) type Headers = BTreeMap<String, Option<String>>;

/// A file, as it is without compression.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// Where it is served.
    pub(super) path: String,
    /// How many bytes it has.
    pub(super) length: u64,
    /// Their SHA-256 in hexadecimal digits.
    pub(super) sha256: String,
    /// Headers that are its own.
    #[serde(default)]
    pub(super) headers: Headers,
    /// Whether a server may be set to be without it.
    #[serde(default)]
    pub(super) optional: bool,
    /// What a server's settings are put in place of.
    #[serde(default)]
    pub(super) setting: Option<Setting>,
}

/// A place that the server fills from its settings. Length and hash are of the file with the mark in it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Setting {
    /// What stands there; it may stand in a header's value as well.
    pub(super) mark: String,
    /// Where, in bytes from the start.
    pub(super) at: u64,
    /// What it is.
    pub(super) kind: SettingKind,
}

/// What may stand in a place that settings fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SettingKind {
    /// Origins with spaces between.
    Origins,
    /// How to reach whoever runs the server: a sentence with at most one link in it.
    Contact,
}

/// Why a text is no manifest.
#[derive(Debug, thiserror::Error)]
pub(super) enum ManifestError {
    /// There is none.
    #[error("this command was built without the web client")]
    Missing,
    /// It has not the form.
    #[error("no manifest of a web client: {0}")]
    Form(#[from] serde_json::Error),
    /// It lists nothing, or something twice.
    #[error("no manifest of a web client: it lists nothing, or a path twice")]
    Paths,
}

impl File {
    /// How many bytes it may have, whatever a server's settings put there.
    pub(super) fn longest(&self) -> u64 {
        const SETTING: u64 = 1 << 16;
        self.length + if self.setting.is_some() { SETTING } else { 0 }
    }
}

impl Manifest {
    /// The one of this command's own version.
    pub(super) fn built_in() -> Result<Self, ManifestError> {
        if BUILT_IN.is_empty() { Err(ManifestError::Missing) } else { Self::read(BUILT_IN) }
    }

    pub(super) fn read(text: &str) -> Result<Self, ManifestError> {
        let manifest: Self = serde_json::from_str(text)?;
        let paths: BTreeSet<_> = manifest.files.iter().map(|file| &file.path).collect();
        let each_once = !paths.is_empty() && paths.len() == manifest.files.len();
        if each_once { Ok(manifest) } else { Err(ManifestError::Paths) }
    }

    /// The version that `text` says it is the manifest of, whatever else is in there.
    pub(super) fn version_in(text: &str) -> Option<String> {
        #[derive(Deserialize)]
        struct Version {
            waxseal: String,
        }
        serde_json::from_str::<Version>(text).ok().map(|version| version.waxseal)
    }
}
