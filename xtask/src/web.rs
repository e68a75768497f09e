//! `cargo xtask web`: client-wasm/ and web/ become target/web/.
//!
//! Invariant: target/web/ is a function of the sources; every asset is named by its content, every
//! reference resolves, and nothing in it needs a script or a style the server's CSP refuses.

mod assets;
mod budget;
mod css;
mod html;
mod integrity;
mod manifest;
mod output;
mod panics;
mod reproduce;
mod rules;
pub(crate) mod wasm;

use crate::tools::root;
use anyhow::{Context, Result, bail};
use assets::Assets;
pub(crate) use manifest::NAME as MANIFEST;
pub(crate) use reproduce::check;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
pub(crate) use wasm::TARGET;

/// How much time goes into compression.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Release,
    Dev,
}

/// What pages of other applications load, by a name that stays.
const EMBEDDED: [&str; 1] = ["embed.js"];

/// Builds the browser client.
pub(crate) fn build(mode: Mode) -> Result<()> {
    let web = root().join("web");
    let target = root().join("target/web");
    let _lock = lock(&target.with_extension("lock"))?;
    let mut sources = read_folder(&web.join("assets"))?;
    for (name, source) in &mut sources {
        rules::check_asset(&format!("web/assets/{name}"), source)?;
        if name.ends_with(".css") {
            *source = css::squeeze(&text(name, source.clone())?).into_bytes();
        }
    }
    let mut glue = BTreeMap::new();
    for module in wasm::build("waxseal-client")? {
        put(&mut sources, format!("{}.wasm", module.name), module.wasm)?;
        glue.insert(module.name + ".js", module.js + "\n");
    }
    for (name, boot) in read_folder(&web.join("boot"))? {
        let boot = text(&name, boot)?;
        rules::check_script(&format!("web/boot/{name}"), &boot)?;
        glue.entry(name).or_default().push_str(&boot);
    }
    for (name, script) in glue {
        put(&mut sources, name, script.into_bytes())?;
    }

    let parts = texts(&web.join("parts"))?;
    let pages = texts(&web)?;
    for (folder, files) in [("web/parts", &parts), ("web", &pages)] {
        for (name, source) in files {
            rules::check_markup(&format!("{folder}/{name}"), source)?;
        }
    }

    let mut assets = Assets::new(sources);
    let mut files = Vec::new();
    for (name, source) in &pages {
        let page = html::squeeze(&html::include(source, &parts).context(format!("web/{name}"))?);
        let page = assets.rewrite(&format!("web/{name}"), &page)?;
        let page = integrity::add(&page, |script| assets.served(script)).context(name.clone())?;
        files.push((name.clone(), page.into_bytes()));
    }
    for name in EMBEDDED {
        let script = fs::read_to_string(web.join("embed").join(name)).context(name)?;
        rules::check_embedded(&format!("web/embed/{name}"), &script)?;
        files.push((name.to_owned(), script.into_bytes()));
    }
    output::write(&target, assets.finish()?, files, mode)
}

/// Waits for other builds of the same folder.
pub(crate) fn lock(path: &Path) -> Result<fs::File> {
    fs::create_dir_all(path.parent().context("a path has a folder")?)?;
    let file = fs::File::create(path)?;
    file.lock()?;
    Ok(file)
}

fn put(sources: &mut BTreeMap<String, Vec<u8>>, name: String, content: Vec<u8>) -> Result<()> {
    if sources.contains_key(&name) {
        bail!("two assets are called {name}: one is built, one is in web/assets");
    }
    sources.insert(name, content);
    Ok(())
}

/// The files right inside `folder`, none if there is no such folder.
fn read_folder(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    if !folder.exists() {
        return Ok(BTreeMap::new());
    }
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.with_context(|| format!("{}: not UTF-8", path.display()))?;
        if path.is_file() && !name.starts_with('.') {
            let content = fs::read(&path).with_context(|| path.display().to_string())?;
            files.insert(name.to_owned(), content);
        }
    }
    Ok(files)
}

fn texts(folder: &Path) -> Result<BTreeMap<String, String>> {
    let files = read_folder(folder)?.into_iter();
    let html = files.filter(|(name, _)| name.ends_with(".html"));
    html.map(|(name, bytes)| text(&name, bytes).map(|text| (name, text))).collect()
}

fn text(name: &str, bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).with_context(|| format!("{name}: not UTF-8"))
}
