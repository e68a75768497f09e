//! What a power cut leaves on a disk.
//!
//! Invariant: two images have the same digest only if every name and every byte is the same, so that
//! one of them need not be looked at.

use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

/// Files and folders, by their paths in a folder, which is the first of them.
#[derive(Default)]
pub struct Image {
    /// A folder has no content. Whatever is in it comes after it.
    things: BTreeMap<PathBuf, Option<Vec<u8>>>,
}

impl Image {
    pub(super) fn put(&mut self, path: &Path, content: Option<Vec<u8>>) {
        self.things.insert(path.to_owned(), content);
    }

    /// All that is in the folder, each with what it is in before it.
    pub(super) fn things(&self) -> impl Iterator<Item = (&Path, Option<&[u8]>)> {
        self.things.iter().skip(1).map(|(path, content)| (path.as_path(), content.as_deref()))
    }

    /// Writes all of it into a folder, which may be there if it is empty.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&self, into: &Path) -> io::Result<()> {
        for (path, content) in &self.things {
            let to = into.join(path);
            match content {
                Some(content) => fs::write(to, content)?,
                None => fs::create_dir_all(to)?,
            }
        }
        Ok(())
    }

    /// SHA-256 of all of it.
    pub fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        let mut add = |bytes: &[u8]| {
            digest.update((bytes.len() as u64).to_be_bytes());
            digest.update(bytes);
        };
        for (path, content) in &self.things {
            add(path.as_os_str().as_encoded_bytes());
            add(&[u8::from(content.is_some())]);
            add(content.as_deref().unwrap_or_default());
        }
        digest.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn images_that_differ_in_anything_have_different_digests() {
        let images: [&[(&str, Option<&str>)]; 7] = [
            &[],
            &[("a", None)],
            &[("a", Some(""))],
            &[("a", Some("b"))],
            &[("b", Some("b"))],
            &[("a", Some("b")), ("b", None)],
            &[("a", Some("")), ("b", Some("b"))],
        ];
        let digest = |things: &[(&str, Option<&str>)]| {
            let mut image = Image::default();
            for (path, content) in things {
                image.put(Path::new(path), content.map(|content| content.as_bytes().to_vec()));
            }
            image.digest()
        };
        assert_eq!(digest(images[6]), digest(images[6]));
        assert_eq!(images.map(digest).into_iter().collect::<HashSet<_>>().len(), images.len());
    }
}
