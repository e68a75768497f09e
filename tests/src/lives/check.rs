//! Holding a server, just started again, to what was answered before.

use super::{
    Life, seals_in,
    state::{Outcome, State, Step},
};
use crate::{api::Api, dice::Dice, disk::in_memory};
use anyhow::{Context, Result, ensure};
use rusqlite::{Connection, OpenFlags};
use std::{collections::BTreeSet, fs, io::ErrorKind, path::Path};

/// Parts longer than this are files.
const LARGE: u64 = 64 * 1024;

impl Life {
    /// Finds which of the [`Life::possible`] states at a moment the server has the share in.
    ///
    /// # Errors
    /// If it is none of them.
    pub async fn find(&self, api: &Api, moment: u64) -> Result<State> {
        let possible = self.possible(moment);
        let sight = self.look(api).await?;
        let found = possible.iter().find(|state| self.sight(state) == sight);
        found.cloned().with_context(|| {
            let may: Vec<_> = possible.iter().map(|state| self.sight(state)).collect();
            format!("share {} is {sight:?}; it may be {may:?}; {:?}", self.number, self.steps)
        })
    }

    /// Checks that it is there for those who may have it, and for nobody else. That takes a view, if
    /// there is one; the state it is in afterwards is returned.
    ///
    /// # Errors
    /// If it is not.
    pub async fn open(&mut self, api: &Api, mut state: State, dice: &mut Dice) -> Result<State> {
        let other = self.claims.len();
        self.claim(other, dice);
        let claims = (0..=other).filter(|claim| {
            // A claim of the past is a new view where there is no end of views.
            state.claims.get(claim).copied().unwrap_or(*claim == other)
        });
        for claim in claims.collect::<Vec<_>>() {
            let expected = state.take(self, Step::Claim(claim));
            let outcome = self.ask(api, Step::Claim(claim)).await?;
            ensure!(
                outcome == expected,
                "claim {claim} of share {} is answered {outcome:?} instead of {expected:?}",
                self.number
            );
            if outcome == Outcome::Done {
                for n in 0..self.parts() {
                    let part = self.ask(api, Step::Part(claim, n)).await?;
                    ensure!(part == Outcome::Done, "part {n} of share {} is missing", self.number);
                }
            }
        }
        Ok(state)
    }

    /// Whether its seal is to be on the disk.
    pub fn has_seal(&self, state: &State) -> bool {
        state.parts.contains(&0) && !state.is_spent()
    }

    /// How many files its parts are.
    pub fn files(&self, state: &State) -> usize {
        let is_file =
            |n: &&u64| self.size.part_chunk_bytes(**n).is_some_and(|len| len as u64 > LARGE);
        if state.is_spent() { 0 } else { state.parts.iter().filter(is_file).count() }
    }
}

/// The numbers of the shares of which any file in the folder or below has a seal.
///
/// # Errors
/// Those of the file system.
pub fn seals_at_rest(folder: &Path) -> Result<BTreeSet<u32>> {
    let mut seals = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            seals.extend(seals_at_rest(&path)?);
            continue;
        }
        match fs::read(&path) {
            Ok(bytes) => seals.extend(seals_in(&bytes)),
            // A file may go while we look.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(seals)
}

/// How many parts lie beside the database as files.
///
/// # Errors
/// Those of the file system.
pub fn part_files(database: &Path) -> Result<usize> {
    let mut folder = database.as_os_str().to_owned();
    folder.push(".parts");
    Ok(fs::read_dir(folder)?.count())
}

/// Has SQLite look through a database that no process has open: as it is after a crash, in a copy.
///
/// # Errors
/// If it is damaged.
pub fn check_integrity(database: &Path) -> Result<()> {
    let copy = in_memory()?;
    let name = database.file_name().context("a database is a file")?;
    for suffix in ["", "-journal"] {
        let mut from = database.as_os_str().to_owned();
        from.push(suffix);
        let mut to = copy.path().join(name).into_os_string();
        to.push(suffix);
        match fs::copy(from, to) {
            // The first start may not have come that far.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            copied => drop(copied?),
        }
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let db = Connection::open_with_flags(copy.path().join(name), flags)?;
    let verdict: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    ensure!(verdict == "ok", "the database is damaged: {verdict}");
    let dangling = db.prepare("PRAGMA foreign_key_check")?.exists([])?;
    ensure!(!dangling, "a row belongs to a share that is not there");
    Ok(())
}
