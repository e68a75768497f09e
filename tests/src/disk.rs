//! A disk whose power may be cut: what was synced is there, of the rest nobody knows.
//!
//! Invariant: no more is taken for granted than POSIX says. A sync of a file does not make its name
//! last, one of a folder does not make the content of its files last; what is not synced may be there
//! in any part, a write in sectors of 512 bytes.

mod image;

pub use image::Image;

use crate::{dice::Dice, trace::Event};
use anyhow::{Context, Result, bail};
use std::{
    collections::BTreeMap,
    ffi::OsString,
    io,
    path::{Component, Path},
};
use tempfile::TempDir;

/// A folder where syncs take no time, if the system has one; what they are worth is up to [`Disk`], and
/// the end of a process takes nothing from it.
///
/// # Errors
/// Those of the file system.
pub fn in_memory() -> io::Result<TempDir> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }
}

/// What is written whole or not at all.
const SECTOR: usize = 512;

/// A disk with one folder.
pub struct Disk {
    /// Everything that ever was, the folder first.
    things: Vec<Thing>,
}

/// What becomes of something that is not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is there, as after the end of a process.
    Kept,
    /// It is not.
    Lost,
    /// Some of it is there.
    Torn,
    /// Any of these, for each file and folder another one.
    Mixed,
}

enum Thing {
    File { synced: Vec<u8>, since: Vec<Change> },
    Folder { now: Names, synced: Names, since: Vec<(OsString, Option<usize>)> },
}

type Names = BTreeMap<OsString, usize>;

enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

impl Default for Disk {
    fn default() -> Self {
        Self { things: vec![Thing::folder()] }
    }
}

impl Disk {
    /// One that holds what a power cut left, all of it for good.
    ///
    /// # Errors
    /// If something in it is in a folder that is not.
    pub fn of(image: &Image) -> Result<Self> {
        let mut disk = Self::default();
        for (path, content) in image.things() {
            disk.name(path, content.map_or_else(Thing::folder, Thing::file))?;
        }
        disk.things.iter_mut().for_each(Thing::sync);
        Ok(disk)
    }

    /// Does what a process did.
    ///
    /// # Errors
    /// If that cannot be: something is done to a file that is not there.
    pub fn play(&mut self, event: &Event) -> Result<()> {
        match event {
            Event::File(path) if self.find(path).is_none() => self.name(path, Thing::file(&[]))?,
            Event::File(_) => {}
            Event::Folder(path) => self.name(path, Thing::folder())?,
            Event::Write(path, at, bytes) => {
                self.change(path, Change::Write(*at, bytes.clone()))?
            }
            Event::Truncate(path, len) => self.change(path, Change::Truncate(*len))?,
            Event::Remove(path) => self.set_name(path, None)?,
            Event::Sync(path) => {
                let thing = self.find(path).context("it is there")?;
                self.things[thing].sync();
            }
        }
        Ok(())
    }

    /// Cuts the power.
    pub fn cut(&self, fate: Fate, dice: &mut Dice) -> Image {
        let mut image = Image::default();
        self.leave(0, fate, dice, Path::new(""), &mut image);
        image
    }

    fn leave(&self, thing: usize, fate: Fate, dice: &mut Dice, path: &Path, image: &mut Image) {
        let own = match fate {
            Fate::Mixed => *dice.pick(&[Fate::Kept, Fate::Lost, Fate::Torn]),
            same => same,
        };
        match &self.things[thing] {
            Thing::File { synced, since } => {
                let mut content = synced.clone();
                since.iter().for_each(|change| change.apply(&mut content, own, dice));
                image.put(path, Some(content));
            }
            Thing::Folder { synced, since, .. } => {
                let mut names = synced.clone();
                for (name, thing) in since {
                    if own.keeps(dice) {
                        rename(&mut names, name, *thing);
                    }
                }
                image.put(path, None);
                for (name, thing) in names {
                    self.leave(thing, fate, dice, &path.join(name), image);
                }
            }
        }
    }

    fn find(&self, path: &Path) -> Option<usize> {
        path.components().try_fold(0, |folder, component| match &self.things[folder] {
            Thing::Folder { now, .. } => now.get(component.as_os_str()).copied(),
            Thing::File { .. } => None,
        })
    }

    fn name(&mut self, path: &Path, thing: Thing) -> Result<()> {
        self.things.push(thing);
        self.set_name(path, Some(self.things.len() - 1))
    }

    fn set_name(&mut self, path: &Path, thing: Option<usize>) -> Result<()> {
        let Some(Component::Normal(name)) = path.components().next_back() else {
            bail!("it has no name")
        };
        let folder = path.parent().and_then(|path| self.find(path)).context("a folder")?;
        let Thing::Folder { now, since, .. } = &mut self.things[folder] else { bail!("no folder") };
        rename(now, name, thing);
        since.push((name.to_owned(), thing));
        Ok(())
    }

    fn change(&mut self, path: &Path, change: Change) -> Result<()> {
        let file = self.find(path).context("it is there")?;
        match &mut self.things[file] {
            Thing::File { since, .. } => since.push(change),
            Thing::Folder { .. } => bail!("a folder is written to"),
        }
        Ok(())
    }
}

impl Thing {
    fn file(content: &[u8]) -> Self {
        Self::File { synced: content.to_owned(), since: Vec::new() }
    }

    const fn folder() -> Self {
        Self::Folder { now: Names::new(), synced: Names::new(), since: Vec::new() }
    }

    fn sync(&mut self) {
        match self {
            Self::File { synced, since } => {
                for change in since.drain(..) {
                    change.apply(synced, Fate::Kept, &mut Dice::new(0));
                }
            }
            Self::Folder { now, synced, since } => {
                synced.clone_from(now);
                since.clear();
            }
        }
    }
}

impl Fate {
    fn keeps(self, dice: &mut Dice) -> bool {
        match self {
            Self::Kept => true,
            Self::Lost => false,
            Self::Torn | Self::Mixed => dice.percent(50),
        }
    }
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>, fate: Fate, dice: &mut Dice) {
        match self {
            Self::Truncate(len) => {
                if fate.keeps(dice) {
                    content.resize(*len, 0);
                }
            }
            Self::Write(at, bytes) => match fate {
                Fate::Lost => {}
                Fate::Kept => write(content, *at, bytes),
                Fate::Torn | Fate::Mixed => {
                    let (mut at, mut rest) = (*at, &bytes[..]);
                    while !rest.is_empty() {
                        let (sector, others) = rest.split_at(rest.len().min(SECTOR - at % SECTOR));
                        if fate.keeps(dice) {
                            write(content, at, sector);
                        }
                        at += sector.len();
                        rest = others;
                    }
                }
            },
        }
    }
}

/// Writes at an offset; a hole before it is zeros.
fn write(content: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[at..end].copy_from_slice(bytes);
}

fn rename(names: &mut Names, name: &std::ffi::OsStr, thing: Option<usize>) {
    match thing {
        Some(thing) => names.insert(name.to_owned(), thing),
        None => names.remove(name),
    };
}
