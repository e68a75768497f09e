//! `cargo xtask web --check`: the same sources in another place make the same files.
//!
//! Invariant: the other build shares the compiler and what cargo downloaded, and nothing else; every file is
//! compared, the compressed ones too.

use super::{Mode, build};
use crate::tools::{cargo, command, output, root, run};
use anyhow::{Context, Result, ensure};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Builds here and in a copy elsewhere, and compares.
///
/// # Errors
/// Names the first file that differs.
pub(crate) fn check() -> Result<()> {
    build(Mode::Release)?;
    let copy = Copy::of_the_sources()?;
    let mut again = cargo(["run", "--locked", "--quiet", "--package", "xtask", "--", "web"]);
    again.current_dir(&copy.0).env_remove("CARGO_TARGET_DIR");
    run(&mut again)?;
    let (here, there) = (files(&root().join("target/web"))?, files(&copy.0.join("target/web"))?);
    if let Some(name) = first_difference(&here, &there) {
        anyhow::bail!("{name} is not the same when it is built in {}", copy.0.display());
    }
    println!("\n{} files are the same, built in two places", here.len());
    Ok(())
}

/// What is under version control or will be, elsewhere, until dropped.
struct Copy(PathBuf);

impl Copy {
    fn of_the_sources() -> Result<Self> {
        let listed = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
        let listed = output(&mut command("git", listed))?;
        let name = format!("waxseal-{}-elsewhere", std::process::id());
        let copy = Self(std::env::temp_dir().join(name));
        for name in listed.split_terminator('\0') {
            let (from, to) = (root().join(name), copy.0.join(name));
            if !from.is_file() {
                continue;
            }
            fs::create_dir_all(to.parent().context("a file is in a folder")?)?;
            fs::copy(&from, &to).with_context(|| from.display().to_string())?;
        }
        ensure!(copy.0.join("Cargo.lock").is_file(), "git lists no Cargo.lock");
        Ok(copy)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("{} is left: {error}", self.0.display());
        }
    }
}

/// Every file in a folder and in those in it, by name.
fn files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().context("it has a name")?.to_string_lossy().into_owned();
        if path.is_dir() {
            let inside = self::files(&path)?.into_iter();
            files.extend(inside.map(|(inner, content)| (format!("{name}/{inner}"), content)));
        } else {
            files.insert(name, fs::read(&path)?);
        }
    }
    Ok(files)
}

fn first_difference<'a>(
    here: &'a BTreeMap<String, Vec<u8>>,
    there: &'a BTreeMap<String, Vec<u8>>,
) -> Option<&'a str> {
    let names = here.keys().chain(there.keys());
    names.map(String::as_str).find(|name| here.get(*name) != there.get(*name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_differs_or_is_in_one_place_only_is_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let make = |name: &str, content: &str| {
            fs::create_dir_all(folder.path().join(name).join("in")).expect("made");
            fs::write(folder.path().join(name).join("in/a.js"), content).expect("written");
            files(&folder.path().join(name)).expect("readable")
        };
        let (one, same, other) = (make("1", "a"), make("2", "a"), make("3", "b"));
        assert_eq!(first_difference(&one, &same), None);
        assert_eq!(first_difference(&one, &other), Some("in/a.js"));
        assert_eq!(first_difference(&one, &BTreeMap::new()), Some("in/a.js"));
        assert_eq!(first_difference(&BTreeMap::new(), &one), Some("in/a.js"));
    }
}
