//! The browser client's binaries, compiled and bound.
//!
//! Invariant: wasm-bindgen is a library of this program, out of the same Cargo.lock as the client's
//! crate, so the two versions cannot differ.

use crate::tools::{binaries, cargo, ensure_target};
use anyhow::{Context, Result, ensure};
use std::path::Path;
use wasm_bindgen_cli_support::Bindgen;

/// What browsers run.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// One binary of the client: its WASM and the script that loads it.
pub(super) struct Module {
    pub(super) name: String,
    pub(super) wasm: Vec<u8>,
    pub(super) js: String,
}

/// Compiles every binary of the client.
pub(super) fn build() -> Result<Vec<Module>> {
    ensure_target(TARGET)?;
    let package = ["build", "--package", "waxseal-client", "--bins"];
    let how = ["--profile", "web", "--target", TARGET];
    binaries(cargo(package).args(how))?.iter().map(|path| bind(path)).collect()
}

fn bind(path: &Path) -> Result<Module> {
    let name = path.file_stem().and_then(|name| name.to_str()).context("a binary's name")?;
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(path)
        .web(true)?
        .typescript(false)
        .omit_default_module_path(true)
        .keep_debug(false)
        .remove_name_section(true)
        .remove_producers_section(true);
    let mut bound = bindgen.generate_output().with_context(|| format!("wasm-bindgen: {name}"))?;
    ensure!(
        bound.snippets().values().all(Vec::is_empty) && bound.local_modules().is_empty(),
        "{name}: brings JavaScript of its own, which nothing here would serve"
    );
    Ok(Module {
        name: name.to_owned(),
        wasm: bound.wasm_mut().emit_wasm(),
        js: bound.js().to_owned(),
    })
}
