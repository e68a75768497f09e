//! The browser client's binaries, compiled and bound.
//!
//! Invariant: wasm-bindgen is a library of this program, out of the same Cargo.lock as the client's
//! crate, so the two versions cannot differ.

use super::panics;
use crate::tools::{binaries, cargo, ensure_target, root};
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use wasm_bindgen_cli_support::Bindgen;

/// What browsers run.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// One binary: its WASM and the script that loads it.
pub(crate) struct Module {
    pub(crate) name: String,
    pub(crate) wasm: Vec<u8>,
    pub(crate) js: String,
}

/// Compiles every binary of a package.
pub(crate) fn build(package: &str) -> Result<Vec<Module>> {
    ensure_target(TARGET)?;
    let package = ["build", "--package", package, "--bins"];
    let how = ["--profile", "browser", "--target", TARGET];
    let mut build = cargo(package);
    build.args(how).env("CARGO_ENCODED_RUSTFLAGS", without_paths()?);
    binaries(&mut build)?.iter().map(|path| bind(path)).collect()
}

/// Loops of SHA-2 that are not unrolled: a page hashes a few hundred bytes.
const SMALL: [&str; 2] = ["--cfg=sha2_backend=\"soft\"", "--cfg=sha2_backend_soft=\"compact\""];

/// Flags that keep this machine's paths out of panic messages: smaller, and the same everywhere.
fn without_paths() -> Result<String> {
    let registry = cargo_home()?.join("registry").join("src");
    let indexes = registry.read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
    let sources = indexes.chain([root().to_owned()]);
    let flags = sources.map(|path| format!("--remap-path-prefix={}/=", path.display()));
    let flags = flags.chain(SMALL.map(str::to_owned));
    Ok(flags.collect::<Vec<_>>().join("\x1f"))
}

/// Whether nothing in a module tells where it was built.
fn check_places(name: &str, wasm: &[u8]) -> Result<()> {
    for place in [cargo_home()?.as_path(), root()] {
        let place = place.to_str().context("a path is UTF-8")?.as_bytes();
        let told = wasm.windows(place.len()).any(|part| part == place);
        ensure!(!told, "{name}.wasm tells where it was built, so it differs elsewhere");
    }
    Ok(())
}

fn cargo_home() -> Result<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    home.or_else(|| Some(std::env::home_dir()?.join(".cargo"))).context("no home")
}

/// The glue without its comments and indentation.
fn lean(js: &str) -> String {
    let mut comment = false;
    let kept = js.lines().map(str::trim).filter(|line| {
        let starts = line.starts_with("/*");
        let hidden = comment || starts || line.starts_with("//") || line.is_empty();
        comment = (comment || starts) && !line.ends_with("*/");
        !hidden
    });
    let lines: String = kept.flat_map(|line| [line, "\n"]).collect();
    // What is named only to be returned.
    let mut lean = String::with_capacity(lines.len());
    let mut rest = lines.as_str();
    while let Some((before, after)) = rest.split_once("const ret = ") {
        lean += before;
        rest = after;
        match after.split_once(";\nreturn ret;\n") {
            Some((value, behind)) if !value.contains('\n') => {
                lean += &format!("return {value};\n");
                rest = behind;
            }
            _ => lean += "const ret = ",
        }
    }
    lean + rest
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
    let mut js = lean(bound.js());
    let module = bound.wasm_mut();
    panics::silence(module);
    // For linkers alone.
    module.customs.remove_raw("target_features");
    // The glue's name stands at every import.
    let glue = format!("./{name}_bg.js");
    ensure!(js.contains(&glue), "{name}: the glue is not called {glue}");
    js = js.replace(&glue, "_");
    for import in module.imports.iter_mut().filter(|import| import.module == glue) {
        import.module = "_".to_owned();
    }
    // Names carry hashes, which do not compress, once in each file.
    let imports = module.imports.iter_mut().map(|import| &mut import.name);
    let closures = module.exports.iter_mut().map(|export| &mut export.name);
    let closures = closures.filter(|export| export.contains("__closures__"));
    let mut names: Vec<_> = imports.chain(closures).enumerate().collect();
    // The longest first: a name may be the start of another one.
    names.sort_by_key(|(_, name)| std::cmp::Reverse(name.len()));
    for (n, long) in names {
        let short = format!("_{n}");
        ensure!(js.contains(&*long), "{name}: the glue lacks {long}");
        js = js.replace(&*long, &short);
        *long = short;
    }
    let wasm = module.emit_wasm();
    check_places(name, &wasm)?;
    Ok(Module { name: name.to_owned(), wasm, js })
}
