//! Where files of our own are: settings, owner tokens, openings that can be carried on.
//!
//! Invariant: what holds a token is readable by its user alone, and replaced whole or not at all.

use crate::failure::{Failure, Kind};
use etcetera::{AppStrategy, AppStrategyArgs, app_strategy::choose_native_strategy};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};
use waxseal_core::wire::to_json;

/// The folder that replaces all of the platform's.
const HOME: &str = "WAXSEAL_HOME";
/// What a file ends in that is not whole.
const FRESH: &str = "new";

/// The folders.
#[derive(Clone)]
pub(crate) struct Places {
    /// The settings' file.
    pub(crate) config: PathBuf,
    /// One file for each share made here.
    pub(crate) shares: PathBuf,
    /// One file for each opening under way.
    pub(crate) openings: PathBuf,
}

impl Places {
    /// The platform's, or those under `WAXSEAL_HOME`.
    ///
    /// # Errors
    /// [`Kind::Failed`] if the user has no home.
    pub(crate) fn find() -> Result<Self, Failure> {
        if let Some(home) = std::env::var_os(HOME).filter(|home| !home.is_empty()) {
            return Ok(Self::under(Path::new(&home)));
        }
        let app = AppStrategyArgs {
            top_level_domain: "org".to_owned(),
            author: "Waxseal".to_owned(),
            app_name: "Waxseal".to_owned(),
        };
        let native = choose_native_strategy(app).map_err(|_| {
            Failure::new(Kind::Failed, format!("there is no home folder; name one in {HOME}"))
        })?;
        Ok(Self {
            config: native.config_dir().join("config.toml"),
            shares: native.data_dir().join("shares"),
            openings: native.state_dir().unwrap_or_else(|| native.data_dir()).join("openings"),
        })
    }

    fn under(home: &Path) -> Self {
        Self {
            config: home.join("config.toml"),
            shares: home.join("shares"),
            openings: home.join("openings"),
        }
    }
}

/// Writes `value` to `path` as a whole, readable by this user alone.
///
/// # Errors
/// Those of the file system.
pub(crate) fn keep(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let folder = path.parent().ok_or(ErrorKind::InvalidInput)?;
    private_folder(folder)?;
    let fresh = path.with_extension(FRESH);
    // Left by a process that ended half-way; two at once are kept apart by the caller's lock.
    remove(&fresh)?;
    let mut file = private_options().write(true).create_new(true).open(&fresh)?;
    file.write_all(to_json(value).as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    sync_folder(folder)
}

/// What [`keep`] wrote to `path`; `None` if nothing did.
///
/// # Errors
/// Those of the file system; `InvalidData` for anything else than was written.
pub(crate) fn kept<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match fs::read(path) {
        Ok(json) => Ok(Some(serde_json::from_slice(&json)?)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Removes what [`keep`] wrote, and what it left if its process ended half-way.
///
/// # Errors
/// Those of the file system.
pub(crate) fn forget(path: &Path) -> io::Result<()> {
    remove(&path.with_extension(FRESH))?;
    remove(path)
}

/// Removes a file that may be gone.
///
/// # Errors
/// Those of the file system.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes a folder for this user alone, unless it exists.
///
/// # Errors
/// Those of the file system.
pub(crate) fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Options for files of this user alone; a symbolic link is never followed.
pub(crate) fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let no_follow = rustix::fs::OFlags::NOFOLLOW.bits();
        options.mode(0o600).custom_flags(no_follow.cast_signed());
    }
    options
}

/// Makes the names in a folder durable, where a system has that.
///
/// # Errors
/// Those of the file system.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    fs::File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
