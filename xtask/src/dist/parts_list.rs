//! What a release is made of, for programs that look for known holes (CycloneDX).
//!
//! Invariant: nothing of it stays among the sources, and where they lie is in none of the lists.

use crate::test::needs::cargo_cyclonedx;
use crate::tools::{cargo, command, output, root, run};
use crate::web;
use anyhow::{Context, Result};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders of what is listed: the programs; and the pages, which are compiled for browsers.
const PROGRAMS: [(&str, &str); 2] = [("server", "waxseal-server"), ("cli", "waxseal")];
const PAGES: [(&str, &str); 1] = [("client-wasm", "waxseal-client")];

/// The tool writes one beside each package's manifest.
const WRITTEN: &str = "waxseal-parts-list";

/// Writes a list for each program, and one for the pages.
pub(super) fn write(folder: &Path, target: &str, time: u64) -> Result<Vec<PathBuf>> {
    let mut lists = Vec::new();
    for (target, wanted) in [(target, &PROGRAMS[..]), (web::TARGET, &PAGES)] {
        let mut tool = command(cargo_cyclonedx()?, ["cyclonedx", "--quiet", "--all"]);
        tool.args(["--format", "json", "--spec-version", "1.5", "--no-build-deps"]);
        tool.args(["--target", target, "--override-filename", WRITTEN]);
        // With a time that is set there is no serial number made by chance.
        let done = run(tool.env("SOURCE_DATE_EPOCH", time.to_string()));
        let written = take(done)?;
        for (package, name) in wanted {
            let list = written.iter().find(|(folder, _)| folder == &root().join(package));
            let (_, list) = list.with_context(|| format!("{package} has no list of parts"))?;
            let path = folder.join(format!("{name}.cdx.json"));
            fs::write(&path, list.replace(&root().display().to_string(), "/waxseal"))?;
            lists.push(path);
        }
    }
    Ok(lists)
}

/// All that was written, by the packages' folders; removed there, also if not all went well.
fn take(done: Result<()>) -> Result<Vec<(PathBuf, String)>> {
    let metadata = output(&mut cargo(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let packages = metadata["packages"].as_array().context("cargo lists packages")?;
    let mut written = Vec::new();
    for package in packages {
        let manifest = package["manifest_path"].as_str().context("it has a manifest")?;
        let folder = Path::new(manifest).parent().context("it is in a folder")?;
        let list = folder.join(format!("{WRITTEN}.json"));
        if list.is_file() {
            written.push((folder.to_owned(), fs::read_to_string(&list)?));
            fs::remove_file(&list)?;
        }
    }
    done?;
    Ok(written)
}
