//! Folders and names for what is saved.
//!
//! Invariant: nothing that exists is written to unless its user said so, no symbolic link is followed,
//! and a file has its name only once it is whole.

use super::slot::{FileId, id_of};
use crate::{failure::Failure, places, words};
use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};
use waxseal_core::{base64url, filename::numbered, layout::BodySize};

/// How many names are tried before something else must be wrong.
const NAMES: u64 = 10_000;

/// The folder for files, made if it does not exist.
///
/// # Errors
/// If it is none, or cannot be made.
pub(super) fn folder(out: &Path) -> Result<PathBuf, Failure> {
    fs::create_dir_all(out)
        .and_then(|()| fs::canonicalize(out))
        .map_err(|error| Failure::disk(shown(out), &error))
}

/// Whether the folder takes what a share of `size` may hold, found out before it is opened. A share of
/// one part may be a text alone, and is not worth a refusal.
///
/// # Errors
/// If it does not.
pub(super) fn check_room(out: &Path, size: BodySize) -> Result<(), Failure> {
    if size.is_one_part() {
        return Ok(());
    }
    let folder = folder(out)?;
    let unusable =
        |error: io::Error| Failure::disk(shown(&folder), &error).and("; nothing was used up");
    let probe = folder.join(hidden().map_err(unusable)?);
    places::private_options().write(true).create_new(true).open(&probe).map_err(unusable)?;
    fs::remove_file(&probe).map_err(unusable)?;
    // Padding is at most an eighth of it, and need not fit.
    check_free(&folder, size.get() / 8 * 7).map_err(|failure| failure.and("; nothing was used up"))
}

/// Whether so many bytes fit.
///
/// # Errors
/// If not.
pub(super) fn check_free(folder: &Path, bytes: u64) -> Result<(), Failure> {
    // A file system that does not tell will when it is full.
    let free = fs4::available_space(folder).unwrap_or(u64::MAX);
    if free >= bytes {
        return Ok(());
    }
    let why = format!("it needs {}, and {} are free", words::size(bytes), words::size(free));
    Err(Failure::disk(shown(folder), &io::Error::new(ErrorKind::StorageFull, why)))
}

/// A name that nobody can foretell, for a file that is not whole.
///
/// # Errors
/// If there are no random numbers.
pub(super) fn hidden() -> io::Result<String> {
    let mut random = [0; 9];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    Ok(format!(".waxseal-{}.part", base64url::encode(&random)))
}

/// Gives the file at `from`, whose identity is `id`, the name `name` in `folder`, or one like it that
/// is free; also if that was begun before. With `force` it takes the place of another file that is
/// none of `kept`.
///
/// # Errors
/// Those of the file system.
pub(super) fn settle(
    from: &Path,
    id: FileId,
    folder: &Path,
    name: &str,
    force: bool,
    kept: &[PathBuf],
) -> io::Result<PathBuf> {
    if force && from.try_exists()? {
        let to = folder.join(name);
        // A folder of that name stays.
        if fs::symlink_metadata(&to).map_or(true, |there| !there.is_dir() && !is_one_of(&to, kept))
        {
            fs::rename(from, &to)?;
            return Ok(to);
        }
    }
    for n in 1..NAMES {
        let to = folder.join(if n == 1 { name.to_owned() } else { numbered(name, n) });
        match settle_as(from, id, &to) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            settled => return settled.map(|()| to),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// Whether `path` is one of these files. Their names need not be alike: some file systems take one
/// spelling of a letter for another.
fn is_one_of(path: &Path, files: &[PathBuf]) -> bool {
    let id = |path: &Path| fs::symlink_metadata(path).ok().map(|there| id_of(&there));
    match id(path) {
        None => false,
        // Where files have no numbers, the name that the system itself gives tells.
        Some(there) if there == FileId::default() => {
            let real = |path: &Path| fs::canonicalize(path).ok();
            let there = real(path);
            there.is_some() && files.iter().any(|file| real(file) == there)
        }
        there => files.iter().any(|file| id(file) == there),
    }
}

fn settle_as(from: &Path, id: FileId, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from),
        Err(error) if matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::NotFound) => {
            let there = fs::symlink_metadata(to)?;
            // A process that ended half-way may have been here.
            if id != FileId::default() && there.is_file() && id_of(&there) == id {
                places::remove(from)
            } else {
                Err(ErrorKind::AlreadyExists.into())
            }
        }
        // Not all file systems have links: then the name is taken first, and replaced.
        Err(_) => {
            OpenOptions::new().write(true).create_new(true).open(to)?;
            fs::rename(from, to)
        }
    }
}

pub(super) fn shown(path: &Path) -> String {
    words::visible(&path.to_string_lossy())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn file(folder: &Path, name: &str, text: &str) -> (PathBuf, FileId) {
        let path = folder.join(name);
        fs::write(&path, text).expect("a fresh folder takes files");
        let id = id_of(&fs::symlink_metadata(&path).expect("it was just written"));
        (path, id)
    }

    #[test]
    fn a_name_that_is_taken_is_left_alone() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let folder = folder.path();
        file(folder, "a.txt", "mine");
        symlink("/nowhere", folder.join("a (2).txt"))?;
        fs::create_dir(folder.join("a (3).txt"))?;
        let (from, id) = file(folder, "part", "theirs");
        assert_eq!(settle(&from, id, folder, "a.txt", false, &[])?, folder.join("a (4).txt"));
        assert_eq!(fs::read_to_string(folder.join("a.txt"))?, "mine");
        assert_eq!(fs::read_to_string(folder.join("a (4).txt"))?, "theirs");
        assert!(!from.exists());
        Ok(())
    }

    #[test]
    fn force_replaces_a_link_itself_and_leaves_a_folder() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let folder = folder.path();
        let (target, _) = file(folder, "target", "mine");
        symlink(&target, folder.join("a"))?;
        let (from, id) = file(folder, "part", "theirs");
        settle(&from, id, folder, "a", true, &[])?;
        assert_eq!(fs::read_to_string(&target)?, "mine");
        assert_eq!(fs::read_to_string(folder.join("a"))?, "theirs");
        fs::create_dir(folder.join("b"))?;
        let (from, id) = file(folder, "part", "theirs");
        assert_eq!(settle(&from, id, folder, "b", true, &[])?, folder.join("b (2)"));
        Ok(())
    }

    #[test]
    fn force_replaces_no_file_of_the_same_share() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let folder = folder.path();
        let (kept, _) = file(folder, "a", "theirs");
        // As on a file system that takes both for one name.
        fs::hard_link(&kept, folder.join("A"))?;
        let (from, id) = file(folder, "part", "theirs as well");
        assert_eq!(settle(&from, id, folder, "A", true, &[kept])?, folder.join("A (2)"));
        assert_eq!(fs::read_to_string(folder.join("A"))?, "theirs");
        Ok(())
    }

    #[test]
    fn a_name_that_was_given_before_a_crash_is_found_again() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let folder = folder.path();
        file(folder, "a", "another");
        let (from, id) = file(folder, "part", "theirs");
        fs::hard_link(&from, folder.join("a (2)"))?;
        assert_eq!(settle(&from, id, folder, "a", false, &[])?, folder.join("a (2)"));
        assert!(!from.exists());
        assert_eq!(settle(&from, id, folder, "a", false, &[])?, folder.join("a (2)"));
        Ok(())
    }
}
