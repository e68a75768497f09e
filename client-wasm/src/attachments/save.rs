//! Saving: where an attachment goes, and how it ends.
//!
//! Invariant: a picker is asked for within a person's click; what fails leaves the others as they are.

use super::{
    disk::{self, NoPlace},
    fetch, lease, queue,
    row::Tone,
    session::{Attachment, Session, State},
    sink::{Saved, Sink, Way},
};
use crate::{
    dom,
    transfer::{Cancel, Progress},
    worker::Failure,
};
use std::{cell::Cell, rc::Rc};
use wasm_bindgen_futures::spawn_local;

/// Up to this many bytes an attachment is put together in memory.
pub(super) const SMALL: u64 = 32 * 1024 * 1024;
/// The same, where the browser has no other way.
const MOST_IN_MEMORY: u64 = 256 * 1024 * 1024;
/// More files than this go into a folder: browsers ask about every download, or drop some.
const MANY: usize = 5;
/// A file system needs some room of its own.
const SPARE: u64 = 16 * 1024 * 1024;

const DAMAGED: &str = "This attachment is damaged: what the server handed out is not what the sender \
    sealed. Nothing of it was saved. Tell the sender; the others can still be saved.";
const FULL: &str = "It could not be written. The disk may be full. Nothing of it was kept; make room \
    and try again.";

/// Saves one, whose button a person pressed.
pub(super) fn start(session: &Rc<Session>, number: usize) {
    let session = Rc::clone(session);
    spawn_local(async move {
        let Some(attachment) = session.attachments.get(number) else { return };
        let way = match picked(attachment).await {
            Err(NoPlace::Dismissed) => return,
            Ok(way) => Some(way),
            Err(NoPlace::Refused) => without_asking(attachment.size()).await,
        };
        match way {
            Some(way) => queue::add(&session, number, way),
            None => attachment.row.rests(&too_large(&session), Tone::Bad),
        }
    });
}

/// Saves several, whose button a person pressed.
pub(super) fn start_all(session: &Rc<Session>, numbers: Vec<usize>) {
    let session = Rc::clone(session);
    spawn_local(async move {
        let size = |number: &usize| session.attachments[*number].size();
        let total: u64 = numbers.iter().map(size).sum();
        let folder = if total > SMALL || numbers.len() > MANY {
            match disk::ask_folder().await {
                Ok(folder) => Some(Way::Folder(folder)),
                Err(NoPlace::Dismissed) => return,
                Err(NoPlace::Refused) => None,
            }
        } else {
            None
        };
        for number in numbers {
            let way = match &folder {
                Some(folder) => Some(folder.clone()),
                None => without_asking(size(&number)).await,
            };
            match way {
                Some(way) => queue::add(&session, number, way),
                None => {
                    let row = &session.attachments[number].row;
                    row.rests(&too_large(&session), Tone::Bad);
                }
            }
        }
    });
}

async fn picked(attachment: &Attachment) -> Result<Way, NoPlace> {
    if attachment.size() <= SMALL {
        return Err(NoPlace::Refused);
    }
    disk::ask_file(&attachment.name).await.map(Way::File)
}

/// The best way that asks nothing; `None` if the browser has none for so many bytes.
pub(super) async fn without_asking(size: u64) -> Option<Way> {
    if size > SMALL
        && let Some(folder) = disk::private().await
        && disk::room().await.is_none_or(|room| room >= size.saturating_add(SPARE))
    {
        return Some(Way::Private(folder));
    }
    (size <= MOST_IN_MEMORY).then_some(Way::Memory)
}

/// What to do where there is no way.
pub(super) fn too_large(session: &Session) -> String {
    let link = session.link.as_str();
    if session.spent {
        "This browser cannot save so large a file. Ask the sender to share it again, and open the new \
         link with the command line: waxseal open 'LINK'"
            .to_owned()
    } else {
        format!(
            "This browser cannot save so large a file. Use another one, or the command line: \
             waxseal open '{link}'"
        )
    }
}

/// Saves attachment `number`; its new state, or `None` if nothing came of it.
pub(super) async fn save(
    session: &Rc<Session>,
    number: usize,
    way: &Way,
    cancel: &Cancel,
) -> Option<State> {
    let attachment = &session.attachments[number];
    let Some(sink) = open(attachment, way).await else {
        attachment.row.rests(FULL, Tone::Bad);
        return None;
    };
    let progress = progress(session, number);
    let full = Cell::new(false);
    let fetched = fetch::range(session, &attachment.range, &progress, async |place, bytes| {
        sink.write(place, &bytes).await.map_err(|_| {
            full.set(true);
            Failure::Unreadable
        })
    });
    let Some(fetched) = cancel.guard(fetched).await else {
        sink.abort().await;
        cancelled(attachment);
        return None;
    };
    if let Err(failure) = fetched {
        sink.abort().await;
        failed(session, attachment, &failure, full.get());
        return None;
    }
    let Ok(saved) = sink.finish(&attachment.name).await else {
        attachment.row.rests(FULL, Tone::Bad);
        return None;
    };
    dom::announce(&format!("{} is saved", attachment.name));
    let (text, state) = match saved {
        Saved::OnDisk(None) => ("Saved".to_owned(), State::Saved),
        Saved::OnDisk(Some(name)) => (format!("Saved as {name}"), State::Saved),
        Saved::HandedOver => ("Handed to your browser’s downloads".to_owned(), State::HandedOver),
    };
    attachment.row.rests(&text, Tone::Good);
    Some(state)
}

/// A sink, in memory if that is what is left.
async fn open(attachment: &Attachment, way: &Way) -> Option<Sink> {
    if let Ok(sink) = Sink::open(way, &attachment.name).await {
        return Some(sink);
    }
    if attachment.size() > MOST_IN_MEMORY {
        return None;
    }
    Sink::open(&Way::Memory, &attachment.name).await.ok()
}

fn progress(session: &Rc<Session>, number: usize) -> Progress {
    let attachment = &session.attachments[number];
    let row = attachment.row.clone();
    let large = attachment.size() > SMALL;
    let quarters = Cell::new(0);
    let session = Rc::clone(session);
    Progress::new(attachment.size(), move |snapshot| {
        if session.is_over() {
            return;
        }
        let alone = session.queue.is_alone();
        row.progress(snapshot, alone);
        if let Some(foot) = session.foot().filter(|_| !alone) {
            foot.progress(&session.queue.whole(snapshot));
        }
        let quarter = snapshot.percent() / 25;
        if large && quarter > quarters.replace(quarter) && quarter < 4 {
            dom::announce(&format!("{} percent", quarter * 25));
        }
    })
}

/// The person changed their mind.
pub(super) fn cancelled(attachment: &Attachment) {
    attachment.row.rests("Not saved: cancelled", Tone::Plain);
}

fn failed(session: &Rc<Session>, attachment: &Attachment, failure: &Failure, full: bool) {
    attachment.row.rests(&reason(failure, full), Tone::Bad);
    if let Failure::Problem(problem) = failure {
        lease::refused(session, problem);
    }
}

/// A failure in words.
pub(super) fn reason(failure: &Failure, full: bool) -> String {
    let reason = match failure {
        _ if full => FULL,
        Failure::Damaged => DAMAGED,
        Failure::Unreachable => "The server cannot be reached. Nothing is lost; try again.",
        Failure::Broken => "The encryption could not be loaded. Nothing is lost; try again.",
        Failure::Unreadable | Failure::Problem(_) | Failure::Unexpected => {
            "The server gave an answer that this page does not understand. Nothing is lost; try again."
        }
    };
    reason.to_owned()
}
