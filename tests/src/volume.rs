//! A file system of a test's own, of the size it wants: one that can really be full.
//!
//! It is a tmpfs in a mount namespace, which root may make, and everybody where the system lets them
//! make user namespaces. Invariant: it ends with the value, and nothing outside ever sees it mounted.

use crate::process::{Output, Process};
use anyhow::{Context, Result};
use std::{
    fs::{File, remove_file},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    process::Command,
};

/// Longer than any test: if this one is killed, the volume ends by itself.
const SECONDS: &str = "900";

/// Both ways to a namespace, and how to get into it from outside.
const WAYS: [(&[&str], &[&str]); 2] = [
    (&["--user", "--map-root-user", "--mount"], &["--user", "--preserve-credentials", "--mount"]),
    (&["--mount"], &["--mount"]),
];

/// A mounted file system.
pub struct Volume {
    holder: Process,
    /// Where it is mounted, for those inside.
    mounted: PathBuf,
    enter: Vec<String>,
}

impl Volume {
    /// Mounts an empty one of so many bytes in a folder.
    ///
    /// # Errors
    /// If the system does not let us.
    pub fn mount(folder: &Path, bytes: u64) -> Result<Self> {
        let script =
            "mount -t tmpfs -o size=\"$0\" waxseal \"$1\" && echo ready && exec sleep \"$2\"";
        let said = Output::default();
        for (make, enter) in WAYS {
            let mut command = Command::new("unshare");
            command.args(make).args(["sh", "-c", script, &bytes.to_string()]);
            let mut holder = Process::start(command.arg(folder).arg(SECONDS), &said)?;
            if holder.first_line().is_ok() {
                let target = format!("--target={}", holder.id());
                let enter = ["nsenter", &target].into_iter().chain(enter.iter().copied());
                let enter = enter.map(str::to_owned).collect();
                return Ok(Self { holder, mounted: folder.to_owned(), enter });
            }
        }
        let said = String::from_utf8_lossy(&said.bytes()).into_owned();
        Err(anyhow::anyhow!(said)).context(
            "a full disk is tested on a tmpfs, which needs `unshare` (util-linux) and root with \
             CAP_SYS_ADMIN, or a system that lets users make user namespaces",
        )
    }

    /// The program that starts another one inside.
    pub fn launcher(&self) -> Vec<String> {
        self.enter.clone()
    }

    /// Where it is from outside.
    pub fn path(&self) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.holder.id()));
        root.join(self.mounted.strip_prefix("/").unwrap_or(&self.mounted))
    }

    /// Fills it to the last byte, as any other program may.
    ///
    /// # Errors
    /// Those of the file system, but that it is full.
    pub fn fill(&self) -> Result<()> {
        let mut file = File::options().create(true).append(true).open(self.ballast())?;
        for piece in [1024 * 1024, 4096, 1] {
            loop {
                match file.write_all(&vec![1; piece]) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    /// Removes what it was filled with.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn make_room(&self) -> Result<()> {
        Ok(remove_file(self.ballast())?)
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }
}
