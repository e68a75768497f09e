//! One item with attachments in one tab: what is known of it, and how far each attachment is.
//!
//! Invariant: after [`Session::end`] nothing is fetched, and no request of this claim is made.

use super::{
    HandOver, disk,
    list::Foot,
    look::Look,
    queue::{self, Queue},
    row::Row,
    sink,
};
use crate::{
    dom,
    kind::Kind,
    storage::{self, Place},
    worker::PartKey,
};
use js_sys::{Function, Promise, Uint8Array};
use std::{
    cell::{Cell, RefCell},
    ops::Range,
    rc::Rc,
};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use waxseal_core::{
    body::{Contents, OpenedHead},
    chunk::ChunkKey,
    filename::{self, Names},
    keys::LinkKeys,
    layout::SEAL,
    manifest::File,
    time::Timestamp,
    token::{ClaimToken, ShareId},
};
use web_sys::HtmlElement;
use zeroize::Zeroizing;

/// An item whose attachments are on the screen.
pub(super) struct Session {
    pub(super) id: ShareId,
    pub(super) claim: ClaimToken,
    pub(super) key: PartKey,
    pub(super) chunk_key: ChunkKey,
    pub(super) contents: Contents,
    /// Part 0 without the seal.
    pub(super) head: Uint8Array,
    pub(super) attachments: Vec<Attachment>,
    /// Its link, for other ways to open it.
    pub(super) link: Zeroizing<String>,
    pub(super) spent: bool,
    pub(super) expires_at: Timestamp,
    pub(super) queue: Queue,
    /// Where messages about the whole list stand, once it is there.
    pub(super) foot: RefCell<Option<Foot>>,
    over: Cell<bool>,
    resolve: Function,
}

/// One attachment.
pub(super) struct Attachment {
    /// Clean, and unlike the others'.
    pub(super) name: String,
    /// Where it lies in the body's plaintext.
    pub(super) range: Range<u64>,
    /// What it can be looked at as.
    pub(super) look: Option<Look>,
    /// Whether opening it may run what it holds.
    pub(super) risky: bool,
    pub(super) state: Cell<State>,
    pub(super) row: Row,
}

/// How far an attachment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing was done yet, or what was done came to nothing.
    Unsaved,
    /// It waits for its turn, or it is being saved.
    Saving,
    /// The browser has it, and does not say what became of it.
    HandedOver,
    /// Surely on disk.
    Saved,
}

impl Attachment {
    pub(super) fn size(&self) -> u64 {
        self.range.end - self.range.start
    }
}

impl Session {
    /// The session, and a promise of its end: true if the person is done with the item.
    pub(super) fn start(
        item: &HandOver,
        opened: &OpenedHead,
        head: &Uint8Array,
    ) -> (Rc<Self>, Promise) {
        let mut resolve = None;
        let ended = Promise::new(&mut |done, _| resolve = Some(done));
        let mut names = Names::default();
        let files = opened.manifest.files.iter().enumerate();
        let attachments =
            files.filter_map(|(n, file)| Some(attachment(&mut names, file, opened.file_range(n)?)));
        let session = Self {
            id: LinkKeys::derive(&item.secret).id,
            claim: item.claim.clone(),
            key: opened.key().into(),
            chunk_key: opened.key().clone(),
            contents: opened.contents(),
            head: head.slice(SEAL as u32, head.length()),
            attachments: attachments.collect(),
            link: item.secret.to_link(&dom::origin()),
            spent: item.spent,
            expires_at: item.expires_at,
            queue: Queue::default(),
            foot: RefCell::default(),
            over: Cell::new(false),
            resolve: resolve.expect("a promise calls its executor at once"),
        };
        (Rc::new(session), ended)
    }

    /// Whether the claim is over.
    pub(super) fn is_over(&self) -> bool {
        self.over.get()
    }

    /// The claim is over: the place is forgotten and nothing goes on. `done` = so is the item.
    pub(super) fn end(&self, done: bool) {
        if self.over.replace(true) {
            return;
        }
        queue::clear(self);
        storage::forget_place(self.id);
        for attachment in &self.attachments {
            attachment.row.retire();
        }
        if let Some(foot) = self.foot.borrow().as_ref() {
            foot.retire();
        }
        if !done {
            // Nobody will say that the downloads are there.
            dom::after(disk::LEFT_ALONE.as_millis() as i32, || {
                spawn_local(sink::forget_handed_over());
            });
        }
        self.resolve.call1(&JsValue::NULL, &done.into()).ok();
    }

    /// The place of this tab is kept until then.
    pub(super) fn keep_place_until(&self, until: Timestamp) {
        if let Some(mut place) = Place::of(self.id) {
            place.until = until;
            place.keep(self.id);
        }
    }

    /// How many attachments are in one of `states`.
    pub(super) fn count(&self, states: &[State]) -> usize {
        self.attachments.iter().filter(|one| states.contains(&one.state.get())).count()
    }

    /// Where to say something about the whole list.
    pub(super) fn say(&self, text: &str) {
        if let Some(foot) = self.foot.borrow().as_ref() {
            foot.say(text);
        }
    }

    /// The list's elements that change.
    pub(super) fn foot(&self) -> Option<Foot> {
        self.foot.borrow().clone()
    }
}

fn attachment(names: &mut Names, file: &File, range: Range<u64>) -> Attachment {
    let name = names.give(&file.name);
    let risky = filename::is_risky(&name);
    let look = Look::of(&name, &file.media_type, file.size);
    let kind = Kind::of(&name, &file.media_type);
    let row = Row::build(&name, kind, file.size);
    dom::show(&row.preview, look.is_some());
    dom::show(&row.risk, risky);
    Attachment { name, range, look, risky, state: Cell::new(State::Unsaved), row }
}

/// Shows or hides several.
pub(super) fn show_all(elements: &[&HtmlElement], visible: bool) {
    for element in elements {
        dom::show(element, visible);
    }
}
