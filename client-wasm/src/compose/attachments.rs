//! Attachments: the files that go with what is written.
//!
//! Invariant: a file is not read before it is sealed; what is shown of it is what its system says.

mod folders;
mod incoming;
mod names;

use super::form;
use crate::{dom, kind::Kind, words};
use std::cell::RefCell;
use waxseal_core::manifest::{self, MAX_FILES};
use web_sys::{Element, File, HtmlButtonElement, HtmlElement};

/// A file that is to be shared.
#[derive(Clone)]
pub(crate) struct Attachment {
    /// Its name, with the folders of a folder that was dropped.
    pub(crate) name: String,
    /// Its content.
    pub(crate) file: File,
}

impl Attachment {
    /// Bytes.
    pub(crate) fn size(&self) -> u64 {
        self.file.size() as u64
    }

    /// What the manifest says of it.
    pub(super) fn describe(&self) -> manifest::File {
        let media_type = match self.file.type_() {
            none if none.is_empty() => "application/octet-stream".to_owned(),
            media_type => media_type,
        };
        manifest::File { name: self.name.clone(), media_type, size: self.size() }
    }
}

#[derive(Default)]
struct Chosen {
    /// Each with the row that shows it.
    files: Vec<(Attachment, Element)>,
    /// The most bytes of all together, once the server has said it.
    limit: Option<u64>,
}

thread_local! {
    static CHOSEN: RefCell<Chosen> = RefCell::default();
}

/// Listens to the picker, to what is dropped and to what is pasted.
pub(super) fn start() {
    incoming::start();
}

/// From now on all together may have so many bytes.
pub(super) fn set_limit(bytes: u64) {
    CHOSEN.with(|chosen| chosen.borrow_mut().limit = Some(bytes));
    reflect();
}

/// Those chosen, in their order.
pub(super) fn all() -> Vec<Attachment> {
    CHOSEN.with(|chosen| chosen.borrow().files.iter().map(|(file, _)| file.clone()).collect())
}

/// Whether there is none.
pub(super) fn is_empty() -> bool {
    CHOSEN.with(|chosen| chosen.borrow().files.is_empty())
}

/// Forgets them all.
pub(super) fn clear() {
    let files = CHOSEN.with(|chosen| std::mem::take(&mut chosen.borrow_mut().files));
    for (_, row) in files {
        row.remove();
    }
    error("");
    reflect();
}

/// What keeps them from being shared, in a sentence.
///
/// # Errors
/// The sentence.
pub(super) fn check() -> Result<(), String> {
    CHOSEN.with(|chosen| {
        let chosen = chosen.borrow();
        check_size(chosen.bytes(), chosen.limit.unwrap_or(u64::MAX))
            .map_err(|why| format!("{why} Remove some."))
    })
}

/// That so many bytes are not too many, else a sentence that says so.
///
/// # Errors
/// The sentence.
pub(crate) fn check_size(bytes: u64, limit: u64) -> Result<(), String> {
    if bytes <= limit {
        return Ok(());
    }
    Err(format!(
        "The attachments are {} too large: this server takes {} in one share.",
        words::size(bytes - limit),
        words::size(limit)
    ))
}

/// “3 attachments, 12.4 MB”; `None` if there is none.
pub(super) fn summary(files: &[Attachment]) -> Option<String> {
    let bytes = files.iter().map(Attachment::size).sum();
    let count = words::plural(files.len() as u64, "attachment");
    (!files.is_empty()).then(|| format!("{count}, {}", words::size(bytes)))
}

/// Adds files behind those that are there; what does not fit is left out and told.
fn add(files: Vec<Attachment>) {
    let list: HtmlElement = dom::by_id("files");
    let free = MAX_FILES - CHOSEN.with(|chosen| chosen.borrow().files.len());
    let left_out = files.len().saturating_sub(free);
    for file in files.into_iter().take(free) {
        let row = row(&file);
        dom::append(&list, &row);
        CHOSEN.with(|chosen| chosen.borrow_mut().files.push((file, row)));
    }
    reflect();
    if left_out > 0 {
        error(&too_many());
    }
    form::error("");
}

fn too_many() -> String {
    format!("A share has at most {MAX_FILES} attachments. Pack many files into one archive.")
}

fn row(file: &Attachment) -> Element {
    let row: Element = dom::from_template("file");
    let kind = Kind::of(&file.name, &file.file.type_());
    dom::set(&dom::slot::<Element>(&row, "icon"), "d", kind.path());
    dom::slot::<Element>(&row, "name").set_text_content(Some(&file.name));
    let size = words::size(file.size());
    dom::slot::<Element>(&row, "size").set_text_content(Some(&size));
    let remove: HtmlButtonElement = dom::slot(&row, "remove");
    dom::set(&remove, "aria-label", &format!("Remove {}", file.name));
    let target = row.clone();
    dom::on_click(&remove, move || take_out(&target));
    row
}

fn take_out(row: &Element) {
    let next = row.next_element_sibling().or_else(|| row.previous_element_sibling());
    CHOSEN.with(|chosen| chosen.borrow_mut().files.retain(|(_, shown)| shown != row));
    row.remove();
    match next {
        Some(next) => dom::focus(&dom::slot(&next, "remove")),
        None => dom::focus(&dom::by_id("pick")),
    }
    error("");
    reflect();
}

/// Shows how much it is, and whether it is too much.
fn reflect() {
    let total = CHOSEN.with(|chosen| {
        let chosen = chosen.borrow();
        if chosen.files.is_empty() {
            return String::new();
        }
        let count = words::plural(chosen.files.len() as u64, "attachment");
        let bytes = words::size(chosen.bytes());
        match chosen.limit {
            Some(limit) => format!("{count}, {bytes} of {}", words::size(limit)),
            None => format!("{count}, {bytes}"),
        }
    });
    dom::by_id::<HtmlElement>("files-total").set_text_content(Some(&total));
    if let Err(why) = check() {
        error(&why);
    }
}

fn error(text: &str) {
    dom::by_id::<HtmlElement>("files-error").set_text_content(Some(text));
}

impl Chosen {
    fn bytes(&self) -> u64 {
        self.files.iter().map(|(file, _)| file.size()).sum()
    }
}
