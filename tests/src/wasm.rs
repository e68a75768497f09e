//! A binary of the workspace as a browser gets it: compiled like the client, bound by wasm-bindgen.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::{
    path::PathBuf,
    process::{Command, Stdio},
};
use wasm_bindgen_cli_support::Bindgen;

/// A module and the script that loads it.
pub struct Bound {
    /// An ES module whose default export loads the WASM.
    pub js: String,
    /// The WASM.
    pub wasm: Vec<u8>,
}

/// Compiles and binds binary `bin` of `package`.
///
/// # Errors
/// If it does not compile or does not bind.
pub fn build(package: &str, bin: &str) -> Result<Bound> {
    let mut bound =
        Bindgen::new().input_path(compile(package, bin)?).web(true)?.generate_output()?;
    Ok(Bound { js: bound.js().to_owned(), wasm: bound.wasm_mut().emit_wasm() })
}

fn compile(package: &str, bin: &str) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let build = Command::new(cargo)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .args(["build", "--quiet", "--locked", "--package", package, "--bin", bin])
        .args(["--target", "wasm32-unknown-unknown", "--profile", "browser"])
        .arg("--message-format=json-render-diagnostics")
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(build.status.success(), "{package} does not compile");
    String::from_utf8(build.stdout)?
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .context("cargo built no binary")
}
