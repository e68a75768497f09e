//! The files to send: looked at first, read where and when a part needs them.
//!
//! Invariant: what is sealed of a file is of the length and the time it had when it was looked at, or
//! the whole is given up.

use crate::{
    failure::{Failure, Kind},
    words::visible,
};
use std::{
    fs::{self, File, Metadata},
    io::{ErrorKind, Read, Seek, SeekFrom},
    ops::Range,
    path::{Path, PathBuf},
    time::SystemTime,
};
use waxseal_core::manifest::{self, MAX_FILES};

/// Files, in the order of the command line.
pub(super) struct Sources(Vec<Source>);

struct Source {
    path: PathBuf,
    size: u64,
    modified: Option<SystemTime>,
}

/// Reads stretches of them, for one thread: the last file stays open.
pub(super) struct Reader<'a> {
    sources: &'a Sources,
    open: Option<(usize, File)>,
}

impl Sources {
    /// Looks at all of them and reads none.
    ///
    /// # Errors
    /// [`Kind::Source`] if one is missing, a folder, or no file.
    pub(super) fn look_at(paths: &[&Path]) -> Result<Self, Failure> {
        if paths.len() > MAX_FILES {
            let message = format!("at most {MAX_FILES} files: pack them into an archive first");
            return Err(Failure::new(Kind::Source, message));
        }
        paths.iter().map(|path| Source::look_at(path)).collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes of all together.
    pub(super) fn bytes(&self) -> u64 {
        self.0.iter().fold(0, |sum, source| sum.saturating_add(source.size))
    }

    /// As the manifest lists them.
    pub(super) fn files(&self) -> Vec<manifest::File> {
        self.0.iter().map(Source::file).collect()
    }

    /// Whether all are as they were.
    ///
    /// # Errors
    /// [`Kind::Source`] if one is not.
    pub(super) fn check(&self) -> Result<(), Failure> {
        self.0.iter().try_for_each(|source| match fs::metadata(&source.path) {
            Ok(now) => source.check(&now),
            Err(_) => Err(changed(&source.shown())),
        })
    }
}

impl Source {
    fn look_at(path: &Path) -> Result<Self, Failure> {
        let shown = shown(path);
        let unfit = |why: String| Failure::new(Kind::Source, why);
        let metadata =
            fs::metadata(path).map_err(|error| unfit(format!("cannot read {shown}: {error}")))?;
        if metadata.is_dir() {
            return Err(unfit(format!(
                "{shown} is a folder: name its files, or pack it first (tar -czf folder.tar.gz {shown})"
            )));
        }
        if !metadata.is_file() {
            return Err(unfit(format!(
                "{shown} is no ordinary file: save what it gives, and send that"
            )));
        }
        // Found out now rather than half-way.
        File::open(path).map_err(|error| unfit(format!("cannot read {shown}: {error}")))?;
        let (size, modified) = (metadata.len(), metadata.modified().ok());
        Ok(Self { path: path.to_owned(), size, modified })
    }

    fn file(&self) -> manifest::File {
        let name = self.path.file_name().map(|name| name.to_string_lossy().into_owned());
        let guess = mime_guess::from_path(&self.path).first_raw();
        manifest::File {
            name: name.unwrap_or_default(),
            media_type: guess.unwrap_or_default().to_owned(),
            size: self.size,
        }
    }

    fn check(&self, now: &Metadata) -> Result<(), Failure> {
        if now.is_file() && now.len() == self.size && now.modified().ok() == self.modified {
            Ok(())
        } else {
            Err(changed(&self.shown()))
        }
    }

    fn shown(&self) -> String {
        shown(&self.path)
    }
}

impl<'a> Reader<'a> {
    pub(super) const fn new(sources: &'a Sources) -> Self {
        Self { sources, open: None }
    }

    /// Appends the bytes `range` of file `index` to `out`.
    ///
    /// # Errors
    /// [`Kind::Source`] if it is not as it was, or cannot be read.
    pub(super) fn read(
        &mut self,
        index: usize,
        range: &Range<u64>,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let source = &self.sources.0[index];
        let unread = |error: std::io::Error| {
            let message = format!("cannot read {}: {error}", source.shown());
            Failure::new(Kind::Source, message)
        };
        let file = match self.open.take() {
            Some((open, file)) if open == index => file,
            _ => {
                let file = File::open(&source.path).map_err(unread)?;
                source.check(&file.metadata().map_err(unread)?)?;
                file
            }
        };
        let (_, file) = self.open.insert((index, file));
        file.seek(SeekFrom::Start(range.start)).map_err(unread)?;
        let start = out.len();
        let len = range.end - range.start;
        match file.take(len).read_to_end(out) {
            Ok(read) if read as u64 == len => Ok(()),
            Ok(_) => Err(changed(&source.shown())),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(changed(&source.shown())),
            Err(error) => Err(unread(error)),
        }
        .inspect_err(|_| out.truncate(start))
    }
}

/// A file is not what it was when it was looked at.
pub(super) fn changed(shown: &str) -> Failure {
    let message = format!("{shown} changed while it was being sent; nothing was shared");
    Failure::new(Kind::Source, message)
}

fn shown(path: &Path) -> String {
    visible(&path.to_string_lossy())
}
