//! `cargo xtask npm`: the packages for programs and pages in JavaScript, in `target/npm`.
//!
//! Invariant: `target/npm/core` has the files of `@waxseal/core` and no more; a package has the version that all
//! else has.

use super::{Archive, file_name, files, third_party};
use crate::tools::root;
use crate::web::{TARGET, lock, wasm};
use anyhow::{Context, Result, ensure};
use data_encoding::BASE64;
use flate2::{Compression, GzBuilder};
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What is compiled.
const PROGRAM: &str = "waxseal-npm";
/// What goes with it as it is.
const SOURCE: &str = "client-wasm/npm/package";
/// The dialog for pages, which is nothing but sources.
const SHARE: &str = "web/embed";

/// On which terms, of which whoever uses it chooses one.
const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

/// Makes what is published.
pub(crate) fn npm() -> Result<()> {
    for archive in pack(super::time()?)? {
        println!("{}: {} bytes", archive.display(), fs::metadata(&archive)?.len());
    }
    Ok(())
}

/// Builds and packs; gives the archives.
pub(super) fn pack(time: u64) -> Result<Vec<PathBuf>> {
    let core = build()?;
    let archive = |name: &str, folder: &Path| -> Result<PathBuf> {
        let version = version(folder)?;
        let path = root().join("target/npm").join(format!("waxseal-{name}-{version}.tgz"));
        let mut archive = Archive::new("package", time);
        for file in files(folder)? {
            archive.add(file_name(&file)?, &file)?;
        }
        for licence in LICENCES {
            archive.add(licence, &root().join(licence))?;
        }
        archive.write(&path)?;
        Ok(path)
    };
    Ok(vec![archive("core", &core)?, archive("share", &root().join(SHARE))?])
}

/// Builds `@waxseal/core`; gives the folder that is the package.
pub(crate) fn build() -> Result<PathBuf> {
    let folder = root().join("target/npm/core");
    let _lock = lock(&root().join("target/npm.lock"))?;
    let module = wasm::build(PROGRAM)?.pop().context("cargo built no binary")?;
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let source = root().join(SOURCE);
    for file in files(&source)? {
        fs::copy(&file, folder.join(file_name(&file)?))?;
    }
    version(&folder)?;
    fs::write(folder.join("core.js"), module.js)?;
    fs::write(folder.join("wasm.js"), script(&module.wasm)?)?;
    fs::write(folder.join("THIRD-PARTY.txt"), third_party::licences(&[(&[PROGRAM], TARGET)])?)?;
    Ok(folder)
}

/// The module as a script: wherever scripts can be loaded, and by any bundler. As base64 alone it would be
/// half as large again on the way, for what repeats in it no longer lies alike.
fn script(wasm: &[u8]) -> Result<String> {
    let mut gzip = GzBuilder::new().write(Vec::new(), Compression::best());
    gzip.write_all(wasm)?;
    Ok(format!("export const wasm = \"{}\";\n", BASE64.encode(&gzip.finish()?)))
}

/// What a package says, if it is right.
fn version(folder: &Path) -> Result<String> {
    let path = folder.join("package.json");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let package: Value = serde_json::from_str(&text)?;
    let version = package["version"].as_str().unwrap_or_default();
    let ours = env!("CARGO_PKG_VERSION");
    ensure!(version == ours, "{} says {version}, and all else is {ours}", path.display());
    Ok(version.to_owned())
}
