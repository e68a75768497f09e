//! What others have written of a release, and on which terms.
//!
//! Invariant: whatever is compiled into a program or into a page is listed, with the texts of licences that
//! it comes with.

use super::files;
use crate::tools::{cargo, output};
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// How files with terms are called.
const NAMES: [&str; 5] = ["license", "licence", "copying", "notice", "unlicense"];

/// What a crate says of itself.
struct Crate {
    terms: String,
    source: String,
    folder: PathBuf,
}

/// Packages of ours, and what they are compiled for.
pub(super) type Compiled<'a> = (&'a [&'a str], &'a str);

/// The list, and each text once.
pub(super) fn licences(parts: &[Compiled]) -> Result<String> {
    let known = crates()?;
    let mut list = "Waxseal contains what others have written. The texts are below.\n\n".to_owned();
    let mut texts = BTreeMap::<String, Vec<&str>>::new();
    let used = used(parts)?;
    for name in &used {
        let Some(Crate { terms, source, folder }) = known.get(name) else { continue };
        writeln!(list, "{name}: {terms}, {source}")?;
        for path in files(folder)?.iter().filter(|path| has_terms(folder, path)) {
            let text = String::from_utf8_lossy(&fs::read(path)?).replace("\r\n", "\n");
            let owners = texts.entry(text.trim().to_owned()).or_default();
            if owners.last() != Some(&name.as_str()) {
                owners.push(name);
            }
        }
    }
    let mut texts: Vec<_> = texts.into_iter().map(|(text, owners)| (owners, text)).collect();
    texts.sort();
    for (owners, text) in texts {
        writeln!(list, "\n{}\n{}\n\n{text}", "-".repeat(80), owners.join("\n"))?;
    }
    Ok(list)
}

/// Names and versions of all that is in them.
fn used(parts: &[Compiled]) -> Result<BTreeSet<String>> {
    let mut used = BTreeSet::new();
    for (packages, target) in parts {
        let common =
            ["tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}"];
        let packages = packages.iter().flat_map(|name| ["--package", name]);
        let tree = output(cargo(common).args(packages).args(["--target", target]))?;
        used.extend(tree.lines().filter_map(|line| line.split(" (").next()).map(str::to_owned));
    }
    Ok(used)
}

/// All crates that are not ours.
fn crates() -> Result<BTreeMap<String, Crate>> {
    let metadata = output(&mut cargo(["metadata", "--locked", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let packages = metadata["packages"].as_array().context("cargo lists packages")?;
    let text = |value: &Value| value.as_str().unwrap_or("–").to_owned();
    let theirs = packages.iter().filter(|package| !package["source"].is_null());
    theirs
        .map(|package| {
            let name = format!("{} v{}", text(&package["name"]), text(&package["version"]));
            let manifest = package["manifest_path"].as_str().context("it has a manifest")?;
            let folder = Path::new(manifest).parent().context("it is in a folder")?.to_owned();
            let (terms, source) = (text(&package["license"]), text(&package["repository"]));
            Ok((name, Crate { terms, source, folder }))
        })
        .collect()
}

/// Whether a file of a crate says on which terms it is, or a part of it.
fn has_terms(folder: &Path, path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let is_text = !name.ends_with(".rs") && !name.ends_with(".toml") && !name.ends_with(".html");
    // Those of other languages' tests are no part of anything.
    let depth = path.strip_prefix(folder).map_or(0, |below| below.components().count());
    is_text && depth <= 3 && NAMES.iter().any(|begin| name.starts_with(begin))
}
