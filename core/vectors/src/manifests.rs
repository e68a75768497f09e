//! Manifests: what they mean, and every way to be damaged.

use crate::{
    Group, equal,
    files::{File, MANIFEST},
};
use waxseal_core::manifest::{Manifest, ManifestError};

pub(crate) fn check(group: &mut Group) {
    for (name, bytes) in MANIFEST {
        group.case(name, File::parse(bytes).and_then(|file| case(&file)));
    }
}

fn case(file: &File<'_>) -> Result<(), String> {
    let manifest = Manifest::from_json(&file.spaced_payload()?);
    let outcome = match &manifest {
        Ok(_) => "ok",
        Err(ManifestError::TooLong) => "too-long",
        Err(ManifestError::TooManyFields) => "too-many-fields",
        Err(ManifestError::TooManyFiles) => "too-many-files",
        Err(ManifestError::TooLarge) => "too-large",
        Err(ManifestError::Damaged) => "damaged",
    };
    equal("outcome", &outcome, &file.text("expect")?)?;
    match manifest {
        Ok(manifest) => same(&manifest, file.text("means")?),
        Err(_) => Ok(()),
    }
}

/// `Ok` if `manifest` has the canonical JSON `means`.
pub(crate) fn same(manifest: &Manifest, means: &str) -> Result<(), String> {
    let json = manifest.to_json().map_err(|error| error.to_string())?;
    equal("meaning", &String::from_utf8_lossy(&json).as_ref(), &means)
}
