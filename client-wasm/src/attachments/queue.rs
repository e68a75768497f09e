//! What is being saved: one attachment after the other, each with several parts at once.
//!
//! Invariant: an attachment is in the queue exactly while its state says that it is being saved.

use super::{
    save,
    session::{Session, State},
    sink::Way,
};
use crate::transfer::{Cancel, Snapshot};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};
use wasm_bindgen_futures::spawn_local;

/// What waits, what is at work, and how much that is.
#[derive(Default)]
pub(super) struct Queue {
    waiting: RefCell<VecDeque<Job>>,
    current: RefCell<Option<(usize, Cancel)>>,
    working: Cell<bool>,
    /// Attachments since the queue was empty.
    count: Cell<usize>,
    /// Their bytes.
    total: Cell<u64>,
    /// The bytes of those that came to an end.
    ended: Cell<u64>,
}

struct Job {
    number: usize,
    way: Way,
    /// Its state if nothing comes of it.
    before: State,
}

impl Queue {
    /// Whether anything is being saved.
    pub(super) fn is_working(&self) -> bool {
        self.working.get()
    }

    /// Whether there is one attachment only.
    pub(super) fn is_alone(&self) -> bool {
        self.count.get() == 1
    }

    /// All of it, when the attachment at work is as far as `one`.
    pub(super) fn whole(&self, one: &Snapshot) -> Snapshot {
        let (done, total) = (self.ended.get() + one.done, self.total.get());
        let left = |speed: u64| total.saturating_sub(done).div_ceil(speed.max(1));
        Snapshot { done, total, seconds_left: one.bytes_per_second.map(left), ..*one }
    }
}

impl Job {
    /// What the attachment is if nothing comes of this: a picked file was emptied by the picker, so
    /// what may have been saved to it before is gone.
    const fn undone(&self) -> State {
        match self.way {
            Way::File(_) => State::Unsaved,
            Way::Memory | Way::Folder(_) | Way::Private(_) => self.before,
        }
    }
}

/// Stops everything.
pub(super) fn clear(session: &Session) {
    let queue = &session.queue;
    for job in queue.waiting.take() {
        give_up(session, job);
    }
    if let Some((_, cancel)) = queue.current.borrow().as_ref() {
        cancel.cancel();
    }
}

/// Saves attachment `number` when its turn comes.
pub(super) fn add(session: &Rc<Session>, number: usize, way: Way) {
    let Some(attachment) = session.attachments.get(number) else { return };
    let before = attachment.state.replace(State::Saving);
    if session.is_over() || before == State::Saving {
        attachment.state.set(before);
        return;
    }
    attachment.row.waits();
    if let Some(foot) = session.foot() {
        foot.works();
    }
    let queue = &session.queue;
    queue.waiting.borrow_mut().push_back(Job { number, way, before });
    queue.count.set(queue.count.get() + 1);
    queue.total.set(queue.total.get() + attachment.size());
    if !queue.working.replace(true) {
        spawn_local(work(Rc::clone(session)));
    }
}

/// Takes one attachment out of the queue, or stops it.
pub(super) fn cancel(session: &Session, number: usize) {
    let waiting = session.queue.waiting.borrow().iter().position(|job| job.number == number);
    if let Some(position) = waiting {
        let job = session.queue.waiting.borrow_mut().remove(position);
        if let Some(job) = job {
            give_up(session, job);
        }
    } else if let Some((current, cancel)) = session.queue.current.borrow().as_ref()
        && *current == number
    {
        cancel.cancel();
    }
}

async fn work(session: Rc<Session>) {
    let queue = &session.queue;
    loop {
        // Not in the condition: the queue would stay borrowed while one is saved.
        let Some(job) = queue.waiting.borrow_mut().pop_front() else { break };
        let attachment = &session.attachments[job.number];
        let cancel = Cancel::new();
        *queue.current.borrow_mut() = Some((job.number, cancel.clone()));
        let state = save::save(&session, job.number, &job.way, &cancel).await;
        *queue.current.borrow_mut() = None;
        attachment.state.set(state.unwrap_or_else(|| job.undone()));
        queue.ended.set(queue.ended.get() + attachment.size());
    }
    for cell in [&queue.total, &queue.ended] {
        cell.set(0);
    }
    queue.count.set(0);
    queue.working.set(false);
    super::done::settle(&session).await;
}

/// A job whose turn never came.
fn give_up(session: &Session, job: Job) {
    let attachment = &session.attachments[job.number];
    session.queue.total.set(session.queue.total.get() - attachment.size());
    attachment.state.set(job.undone());
    save::cancelled(attachment);
    if let Way::File(file) = job.way {
        // The picker made it.
        spawn_local(async move { file.discard().await });
    }
}
