//! target/web/ on disk: assets and pages, each with its compressed forms beside it.
//!
//! Invariant: a file is never seen half written, and no page ever names an asset that is not there:
//! assets come first, then pages, then stale files go. What did not change is not touched, so what
//! embeds the folder is not built again.

use super::Mode;
use super::assets::Hashed;
use super::budget::{self, Visit};
use super::manifest;
use anyhow::{Context, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;

/// A file to be served and what it compresses to, where that is smaller.
struct Served {
    path: String,
    content: Vec<u8>,
    brotli: Option<Vec<u8>>,
    gzip: Option<Vec<u8>>,
}

impl Served {
    /// Bytes that a browser loads.
    fn smallest(&self) -> usize {
        self.brotli.as_ref().unwrap_or(&self.content).len()
    }
}

/// Makes `folder` hold exactly `assets` (under `assets/`) and `pages`, and prints their sizes.
pub(super) fn write(
    folder: &Path,
    assets: BTreeMap<String, Hashed>,
    pages: Vec<(String, Vec<u8>)>,
    mode: Mode,
) -> Result<()> {
    let visits: Vec<_> = pages
        .iter()
        .filter(|(name, _)| name.ends_with(".html"))
        .map(|(name, page)| Visit::of(name, &String::from_utf8_lossy(page)))
        .collect();
    let assets =
        assets.into_values().map(|asset| (format!("assets/{}", asset.name), asset.content));
    let files = compress(assets.chain(pages).collect(), mode);
    let shipped = files.iter().map(|file| (file.path.as_str(), file.content.as_slice()));
    let manifest = manifest::of(shipped, env!("CARGO_PKG_VERSION"))?;
    let mut current = BTreeSet::new();
    for file in &files {
        let brotli = file.brotli.as_ref().map(|bytes| (".br", bytes));
        let gzip = file.gzip.as_ref().map(|bytes| (".gz", bytes));
        // The plain file last: whoever sees it finds its compressed forms.
        for (suffix, bytes) in brotli.into_iter().chain(gzip).chain([("", &file.content)]) {
            let name = format!("{}{suffix}", file.path);
            replace(&folder.join(&name), &folder.with_extension("new"), bytes)?;
            current.insert(folder.join(name));
        }
    }
    current.insert(folder.join("assets"));
    current.insert(folder.join(manifest::NAME));
    replace(&folder.join(manifest::NAME), &folder.with_extension("new"), &manifest)?;
    for place in [folder, &folder.join("assets")] {
        for entry in fs::read_dir(place)? {
            let path = entry?.path();
            if current.contains(&path) {
                continue;
            }
            if path.is_dir() { fs::remove_dir_all(path)? } else { fs::remove_file(path)? }
        }
    }
    print(&files);
    let sizes: BTreeMap<_, _> =
        files.iter().map(|file| (file.path.as_str(), file.smallest())).collect();
    budget::check(&visits, |file| sizes.get(file).copied().unwrap_or(0), mode == Mode::Release)
}

/// Puts `content` at `path` by a rename, unless it is there already.
fn replace(path: &Path, temporary: &Path, content: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|present| present == content) {
        return Ok(());
    }
    let folder = path.parent().context("a path has a folder")?;
    fs::create_dir_all(folder)?;
    fs::write(temporary, content)?;
    fs::rename(temporary, path).with_context(|| path.display().to_string())
}

/// Compresses everything, on all processors, in the order given.
fn compress(files: Vec<(String, Vec<u8>)>, mode: Mode) -> Vec<Served> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut done = Mutex::new(BTreeMap::new());
    let queue = Mutex::new(files.into_iter().enumerate());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().expect("nobody panics with the queue").next();
                    let Some((at, (path, content))) = next else { return };
                    let smaller = |bytes: Vec<u8>| (bytes.len() < content.len()).then_some(bytes);
                    let (brotli, gzip) = (smaller(brotli(&content, mode)), smaller(gzip(&content)));
                    let served = Served { path, content, brotli, gzip };
                    done.lock().expect("nobody panics with the results").insert(at, served);
                }
            });
        }
    });
    let done = done.get_mut().expect("the threads have ended");
    std::mem::take(done).into_values().collect()
}

fn brotli(content: &[u8], mode: Mode) -> Vec<u8> {
    let quality = if mode == Mode::Dev { 5 } else { 11 };
    let mut writer = brotli::CompressorWriter::new(Vec::new(), 1 << 16, quality, 24);
    writer.write_all(content).expect("a Vec takes all there is");
    writer.into_inner()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(content).expect("a Vec takes all there is");
    writer.finish().expect("a Vec takes all there is")
}

fn print(files: &[Served]) {
    println!("{:<40} {:>9} {:>9}", "file", "bytes", "brotli");
    let mut sum = (0, 0);
    for file in files {
        let brotli = file.smallest();
        println!("{:<40} {:>9} {brotli:>9}", file.path, file.content.len());
        sum = (sum.0 + file.content.len(), sum.1 + brotli);
    }
    println!("{:<40} {:>9} {:>9}", "all", sum.0, sum.1);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("the folder is there");
        let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("readable").file_name();
        let mut names: Vec<_> = entries.map(|e| name(e).to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_stale_goes_and_what_is_unchanged_is_not_touched() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let folder = folder.path().join("web");
        let put = |asset: &str, text: &str| {
            let hashed = Hashed { name: asset.into(), content: text.repeat(99).into() };
            let page = ("open.html".to_owned(), b"page".to_vec());
            write(&folder, [(asset.into(), hashed)].into(), vec![page], Mode::Dev)
                .expect("written");
            fs::metadata(folder.join("open.html")).and_then(|m| m.modified()).expect("it is there")
        };
        fs::create_dir_all(folder.join("deps/x")).expect("a stray folder");
        let first = put("a-1.css", "one");
        let second = put("a-2.css", "two");
        assert_eq!(first, second);
        assert_eq!(names(&folder.join("assets")), ["a-2.css", "a-2.css.br", "a-2.css.gz"]);
        assert_eq!(names(&folder), ["assets", "open.html", "waxseal-manifest.json"]);
    }
}
