//! What a request says: a manifest like any other, in a body of one part.
//!
//! Invariant: what is written here is read back the same; whatever else a manifest holds is not shown.

use crate::{
    manifest::{Manifest, SealedPolicy},
    wire::{ExpiresIn, Views},
};

/// The most characters of a note, and of who says they ask, so that any body fits the server's limit.
pub const MAX_CHARS: usize = 1000;

/// What the one who asks says to whoever answers.
#[derive(Clone, PartialEq, Eq)]
pub struct Note {
    /// What is asked for, in their words.
    pub text: String,
    /// Who says they ask: a claim that a link cannot authenticate.
    pub from: String,
    /// How long an answer is to be kept.
    pub expires_in: ExpiresIn,
}

impl Note {
    /// The manifest of the request's body.
    pub fn to_manifest(&self) -> Manifest {
        Manifest {
            title: self.text.clone(),
            from: self.from.clone(),
            fields: Vec::new(),
            files: Vec::new(),
            policy: Some(SealedPolicy { views: Some(Views::ONE), expires_in: self.expires_in }),
        }
    }

    /// Reads a request's manifest; an answer is kept for `default` if it does not say how long.
    pub fn from_manifest(manifest: &Manifest, default: ExpiresIn) -> Self {
        let expires_in = manifest.policy.map_or(default, |policy| policy.expires_in);
        Self { text: manifest.title.clone(), from: manifest.from.clone(), expires_in }
    }
}
