//! Files that come in parts, in any order, from several threads.
//!
//! Invariant: what is said to be done is on the disk; a file gets its name once all of its parts are.

use super::{
    claim::Opened,
    names,
    place::{Files, Place},
    slot::Slot,
};
use crate::{
    failure::{Failure, Kind},
    places,
};
use std::{
    collections::BTreeSet,
    io::{self, ErrorKind, Seek, SeekFrom, Write},
    ops::Range,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};
use waxseal_core::{
    body::Contents,
    filename::{Names, is_risky},
    layout::PLAIN_PART,
};

/// All files of one share.
pub(super) struct Saving {
    out: PathBuf,
    force: bool,
    /// Clean, each once.
    names: Vec<String>,
    /// Where each lies in the plaintext, ascending.
    ranges: Vec<Range<u64>>,
    state: Mutex<State>,
    /// Held while a file gets its name: it must see which names the others got.
    naming: Mutex<()>,
}

struct State {
    slots: Vec<Slot>,
    /// For each part whether it is written.
    done: Vec<bool>,
    /// For each file how many parts are not; 0 for one that is saved.
    left: Vec<u64>,
    /// Files that were written to and are not surely on the disk.
    dirty: BTreeSet<usize>,
}

/// A file that was saved.
pub(super) struct Saved {
    /// Where.
    pub(super) path: PathBuf,
    /// Whether under another name than its own.
    pub(super) renamed: bool,
    /// Whether opening it may run something.
    pub(super) risky: bool,
    /// In bytes.
    pub(super) size: u64,
}

impl Saving {
    /// Makes room for all files, or finds what an earlier process made.
    ///
    /// # Errors
    /// [`crate::failure::Kind::Disk`].
    pub(super) fn begin(
        out: &std::path::Path,
        force: bool,
        opened: &Opened,
        place: &Place,
    ) -> Result<Self, Failure> {
        let out = names::folder(out)?;
        let files = &opened.head.manifest.files;
        let ranges: Vec<_> = (0..files.len()).filter_map(|n| opened.head.file_range(n)).collect();
        let mut given = Names::default();
        let names: Vec<String> = files.iter().map(|file| given.give(&file.name)).collect();

        let earlier = place.record().and_then(|record| record.files);
        let fits = |earlier: &Files| earlier.out == out && earlier.slots.len() == files.len();
        let (earlier, other) = match earlier {
            Some(earlier) if fits(&earlier) => (Some(earlier), None),
            other => (None, other),
        };
        if let Some(other) = other {
            other.slots.iter().for_each(|slot| slot.discard(&other.out));
        }
        if earlier.is_none() {
            names::check_free(&out, files.iter().map(|file| file.size).sum())?;
        }
        let parts = opened.head.size().parts();
        let mut done = vec![false; usize::try_from(parts).unwrap_or(usize::MAX)];
        for (from, to) in earlier.iter().flat_map(|earlier| &earlier.done) {
            done.iter_mut().take(*to as usize).skip(*from as usize).for_each(|part| *part = true);
        }
        // Before parts of lost files are cleared: others may share them.
        let whole: Vec<bool> =
            ranges.iter().map(|range| parts_in(range).all(|part| done[part])).collect();
        let mut slots = Vec::new();
        for (n, range) in ranges.iter().enumerate() {
            let slot = earlier.as_ref().map(|earlier| earlier.slots[n].clone());
            let slot = match slot {
                Some(slot) if slot.is_there(&out) => Some(slot),
                // It may have got its name just before a crash.
                Some(slot) if whole[n] && slot.saved().is_none() => {
                    slot.settle(&out, &names[n], force, &[]).ok().map(|path| Slot::Saved { path })
                }
                _ => None,
            };
            let slot = match slot {
                Some(slot) => slot,
                None => {
                    parts_in(range).for_each(|part| done[part] = false);
                    Slot::create(&out).map_err(|error| Failure::disk(names::shown(&out), &error))?
                }
            };
            slots.push(slot);
        }
        let left =
            slots.iter().zip(&ranges).map(|(slot, range)| left(slot, range, &done)).collect();
        let state = State { slots, done, left, dirty: BTreeSet::new() };
        let saving =
            Self { out, force, names, ranges, state: Mutex::new(state), naming: Mutex::default() };
        saving.checkpoint(place)?;
        for n in 0..saving.ranges.len() {
            if saving.state().left[n] == 0 {
                saving.settle(n)?;
            }
        }
        Ok(saving)
    }

    /// Parts that are still to come, ascending.
    pub(super) fn missing(&self) -> Vec<u64> {
        let state = self.state();
        let parts = Contents::parts_of(&self.wanted());
        parts
            .filter(|n| {
                !state.done[*n as usize] && self.files_in(*n).any(|file| state.left[file] > 0)
            })
            .collect()
    }

    /// Which bytes of the plaintext are files.
    pub(super) fn wanted(&self) -> Range<u64> {
        let start = self.ranges.first().map_or(0, |range| range.start);
        start..self.ranges.last().map_or(0, |range| range.end)
    }

    /// Writes what part `n` holds of the files.
    ///
    /// # Errors
    /// [`crate::failure::Kind::Disk`].
    pub(super) fn store(&self, n: u64, bytes: &[u8]) -> Result<(), Failure> {
        let start = self.wanted().start.max(n * PLAIN_PART);
        let end = start + bytes.len() as u64;
        for file in self.files_in(n) {
            let range = &self.ranges[file];
            let (from, to) = (range.start.max(start), range.end.min(end));
            let slot = {
                let state = self.state();
                if state.left[file] == 0 {
                    continue;
                }
                state.slots[file].clone()
            };
            let piece = &bytes[(from - start) as usize..(to - start) as usize];
            self.write(&slot, from - range.start, piece)
                .map_err(|error| self.unwritten(file, &error))?;
        }
        let whole: Vec<usize> = {
            let mut state = self.state();
            state.done[n as usize] = true;
            let mut whole = Vec::new();
            for file in self.files_in(n) {
                if state.left[file] > 0 {
                    state.left[file] -= 1;
                    state.dirty.insert(file);
                    if state.left[file] == 0 {
                        whole.push(file);
                    }
                }
            }
            whole
        };
        whole.into_iter().try_for_each(|file| self.settle(file))
    }

    /// Makes what was written so far durable, and says so in the place.
    ///
    /// # Errors
    /// [`crate::failure::Kind::Disk`].
    pub(super) fn checkpoint(&self, place: &Place) -> Result<(), Failure> {
        let (slots, done, dirty) = {
            let mut state = self.state();
            let dirty = std::mem::take(&mut state.dirty);
            (state.slots.clone(), runs(&state.done), dirty)
        };
        for file in dirty {
            match slots[file].open(&self.out, places::private_options().write(true)) {
                Ok(open) => open.sync_data().map_err(|error| self.unwritten(file, &error))?,
                // It has its name by now, and was synced for that.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(self.unwritten(file, &error)),
            }
        }
        place.keep_files(Some(Files { out: self.out.clone(), slots, done }))
    }

    /// Removes what is not whole.
    pub(super) fn discard(&self, place: &Place) -> Result<(), Failure> {
        self.state().slots.iter().for_each(|slot| slot.discard(&self.out));
        place.keep_files(None)
    }

    /// All files, once all are saved, durably.
    ///
    /// # Errors
    /// [`Kind::Disk`]; [`Kind::Interrupted`] if one is not.
    pub(super) fn finished(&self, sizes: impl Iterator<Item = u64>) -> Result<Vec<Saved>, Failure> {
        places::sync_folder(&self.out)
            .map_err(|error| Failure::disk(names::shown(&self.out), &error))?;
        let state = self.state();
        let files = state.slots.iter().zip(&self.names).zip(sizes);
        files
            .map(|((slot, name), size)| {
                let Slot::Saved { path } = slot else {
                    let message = format!("{} is not whole yet", names::shown(name.as_ref()));
                    return Err(Failure::new(Kind::Interrupted, message));
                };
                let renamed = path.file_name() != Some(name.as_ref());
                Ok(Saved { path: path.clone(), renamed, risky: is_risky(name), size })
            })
            .collect()
    }

    /// Gives a whole file its name.
    fn settle(&self, file: usize) -> Result<(), Failure> {
        let _one_at_a_time = self.naming.lock().unwrap_or_else(PoisonError::into_inner);
        let (slot, kept) = {
            let state = self.state();
            let saved = state.slots.iter().filter(|_| self.force).filter_map(Slot::saved);
            (state.slots[file].clone(), saved.collect::<Vec<_>>())
        };
        let settled = slot.settle(&self.out, &self.names[file], self.force, &kept);
        let path = settled.map_err(|error| self.unwritten(file, &error))?;
        self.state().slots[file] = Slot::Saved { path };
        Ok(())
    }

    fn write(&self, slot: &Slot, at: u64, bytes: &[u8]) -> io::Result<()> {
        let mut file = slot.open(&self.out, places::private_options().write(true))?;
        file.seek(SeekFrom::Start(at))?;
        file.write_all(bytes)
    }

    /// Which files part `n` holds something of.
    fn files_in(&self, n: u64) -> impl Iterator<Item = usize> {
        let (start, end) = (n * PLAIN_PART, (n + 1) * PLAIN_PART);
        let first = self.ranges.partition_point(|range| range.end <= start);
        let files = self.ranges[first..].iter().take_while(move |range| range.start < end);
        files.enumerate().filter(|(_, range)| !range.is_empty()).map(move |(n, _)| first + n)
    }

    fn unwritten(&self, file: usize, error: &io::Error) -> Failure {
        Failure::disk(names::shown(&self.out.join(&self.names[file])), error)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parts_in(range: &Range<u64>) -> impl Iterator<Item = usize> + use<> {
    Contents::parts_of(range).map(|n| n as usize)
}

/// How many parts a file still needs: none if it is saved, though another file may need them again.
fn left(slot: &Slot, range: &Range<u64>, done: &[bool]) -> u64 {
    if slot.saved().is_some() {
        return 0;
    }
    parts_in(range).filter(|part| !done[*part]).count() as u64
}

/// The runs of parts that are done.
fn runs(done: &[bool]) -> Vec<(u64, u64)> {
    let mut start = 0;
    let mut runs = Vec::new();
    for run in done.chunk_by(|one, next| one == next) {
        let end = start + run.len() as u64;
        if run[0] {
            runs.push((start, end));
        }
        start = end;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::runs;

    #[test]
    fn runs_are_what_is_done() {
        let done = [true, true, false, true, false, false, true];
        assert_eq!(runs(&done), [(0, 2), (3, 4), (6, 7)]);
        assert_eq!(runs(&[]), []);
        assert_eq!(runs(&[false]), []);
    }
}
