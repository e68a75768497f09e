//! A `.tar.gz` that is the same whoever makes it.
//!
//! Invariant: names, contents and the one time decide; no owner, no mode and no order of the disk's gets in.

use super::files;
use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use tar::{Builder, EntryType, Header};

/// What is in it, in order.
pub(super) struct Archive {
    name: String,
    time: u64,
    entries: BTreeMap<String, (u32, Vec<u8>)>,
}

impl Archive {
    /// All in one folder of this name.
    pub(super) fn new(name: &str, time: u64) -> Self {
        Self { name: name.to_owned(), time, entries: BTreeMap::new() }
    }

    /// A file, to read.
    pub(super) fn add(&mut self, name: &str, path: &Path) -> Result<()> {
        self.put(name, 0o644, path)
    }

    /// A file, to run.
    pub(super) fn add_program(&mut self, name: &str, path: &Path) -> Result<()> {
        self.put(name, 0o755, path)
    }

    /// All files below.
    pub(super) fn add_folder(&mut self, name: &str, folder: &Path) -> Result<()> {
        for path in files(folder)? {
            let below = path.strip_prefix(folder)?;
            let below = below.to_str().with_context(|| format!("{} is no text", path.display()))?;
            self.add(&format!("{name}/{}", below.replace('\\', "/")), &path)?;
        }
        Ok(())
    }

    fn put(&mut self, name: &str, mode: u32, path: &Path) -> Result<()> {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        self.entries.insert(name.to_owned(), (mode, bytes));
        Ok(())
    }

    /// Packs it.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        Ok(fs::write(path, self.bytes()?)?)
    }

    fn bytes(&self) -> Result<Vec<u8>> {
        // Neither a name nor a time of its own.
        let gzip = GzBuilder::new().write(Vec::new(), Compression::best());
        let mut tar = Builder::new(gzip);
        for (name, (mode, bytes)) in &self.entries {
            let mut header = Header::new_gnu();
            header.set_entry_type(EntryType::Regular);
            header.set_mode(*mode);
            header.set_uid(0);
            header.set_gid(0);
            header.set_mtime(self.time);
            header.set_size(bytes.len() as u64);
            tar.append_data(&mut header, format!("{}/{name}", self.name), bytes.as_slice())?;
        }
        Ok(tar.into_inner()?.finish()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn the_same_files_are_the_same_bytes_wherever_they_lie() {
        let pack = |order: [&str; 3]| {
            let folder = tempfile::tempdir().expect("a temporary folder");
            fs::create_dir(folder.path().join("b")).expect("the folder is ours");
            for name in order {
                fs::write(folder.path().join(name), name).expect("the folder is ours");
            }
            let mut archive = Archive::new("top", 1_772_546_520);
            archive.add_folder("files", folder.path()).expect("they are there");
            archive.add_program("run", &folder.path().join("a")).expect("it is there");
            archive.bytes().expect("it fits")
        };
        let bytes = pack(["a", "b/x", "c"]);
        assert_eq!(bytes, pack(["c", "b/x", "a"]));

        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let entries: Vec<_> = archive
            .entries()
            .expect("it is one")
            .map(|entry| {
                let mut entry = entry.expect("it is whole");
                let mut text = String::new();
                entry.read_to_string(&mut text).expect("it is text");
                let header = entry.header();
                assert_eq!(header.mtime().ok(), Some(1_772_546_520));
                assert_eq!((header.uid().ok(), header.gid().ok()), (Some(0), Some(0)));
                let path = entry.path().expect("it has one").display().to_string();
                (path, header.mode().expect("it has one"), text)
            })
            .collect();
        let entry = |path: &str, mode, text: &str| (format!("top/{path}"), mode, text.to_owned());
        assert_eq!(
            entries,
            [
                entry("files/a", 0o644, "a"),
                entry("files/b/x", 0o644, "b/x"),
                entry("files/c", 0o644, "c"),
                entry("run", 0o755, "a"),
            ]
        );
    }
}
