//! The ways in: the picker, a drop anywhere on the page, the clipboard.
//!
//! Invariant: text that is pasted or dropped into a field stays text; a file dropped beside the
//! target never replaces the page.

use super::{Attachment, add, error, folders, names, too_many};
use crate::{compose::page, dom};
use js_sys::Date;
use std::cell::Cell;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use waxseal_core::manifest::MAX_FILES;
use web_sys::{
    ClipboardEvent, DataTransfer, DataTransferItem, DragEvent, Element, Event, File, FileList,
    FileSystemEntry, HtmlElement, HtmlInputElement,
};

/// Browsers tell of a drag several times a second; after such a silence it has ended elsewhere.
const SILENCE_MILLIS: i32 = 2000;

thread_local! {
    /// When a drag over the page was last heard of.
    static HEARD: Cell<f64> = const { Cell::new(0.0) };
}

/// Listens.
pub(super) fn start() {
    let pick: HtmlInputElement = dom::by_id("pick");
    let target = pick.clone();
    dom::on(&pick, "change", move |_| {
        error("");
        let files = target.files().map(|files| files_of(&files)).unwrap_or_default();
        add(files.into_iter().map(|file| Attachment { name: file.name(), file }).collect());
        // So that the same file can be picked again after it was removed.
        target.set_value("");
    });
    let document = dom::document();
    dom::on(&document, "dragenter", |event| drag_over(&event));
    dom::on(&document, "dragover", |event| drag_over(&event));
    dom::on(&document, "dragleave", |event| {
        // Into another element of the page is not out of it.
        if event.unchecked_ref::<DragEvent>().related_target().is_none() {
            dropping(false);
        }
    });
    dom::on(&document, "drop", |event| {
        dropping(false);
        let Some(transfer) = files_in(&event) else { return };
        event.prevent_default();
        if !page::dialog().open() {
            take(&transfer, File::name);
        }
    });
    dom::on(&document, "paste", |event| {
        let transfer = event.unchecked_ref::<ClipboardEvent>().clipboard_data();
        let Some(transfer) = transfer.filter(has_files) else { return };
        if !page::dialog().open() && !is_text_for_a_field(&event, &transfer) {
            event.prevent_default();
            take(&transfer, names::of_pasted);
        }
    });
}

fn drag_over(event: &Event) {
    let Some(transfer) = files_in(event) else { return };
    event.prevent_default();
    let taken = !page::dialog().open();
    transfer.set_drop_effect(if taken { "copy" } else { "none" });
    HEARD.set(Date::now());
    if taken && dropping(true) {
        watch_the_end();
    }
}

/// Hides the target in the end: not every drag that is given up leaves the page.
fn watch_the_end() {
    dom::after(SILENCE_MILLIS, || {
        if Date::now() - HEARD.get() < f64::from(SILENCE_MILLIS) {
            watch_the_end();
        } else {
            dropping(false);
        }
    });
}

/// Shows that a drop would be taken, or no longer; whether that is new.
fn dropping(visible: bool) -> bool {
    let target: HtmlElement = dom::by_id("dropping");
    let new = target.has_attribute("hidden") == visible;
    dom::show(&target, visible);
    new
}

/// What is dragged, if it is files.
fn files_in(event: &Event) -> Option<DataTransfer> {
    event.unchecked_ref::<DragEvent>().data_transfer().filter(has_files)
}

fn has_files(transfer: &DataTransfer) -> bool {
    transfer.types().includes(&"Files".into(), 0)
}

/// Whether somebody in a field wants text: a word processor puts a picture of it beside it, and file
/// managers put the names of files beside the files.
fn is_text_for_a_field(event: &Event, transfer: &DataTransfer) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let in_field = target.is_some_and(|at| matches!(at.tag_name().as_str(), "INPUT" | "TEXTAREA"));
    let text = transfer.get_data("text/plain").unwrap_or_default();
    let names: Vec<String> = transfer
        .files()
        .map(|files| files_of(&files).iter().map(File::name).collect())
        .unwrap_or_default();
    in_field && !text.lines().all(|line| names.iter().any(|name| line.ends_with(name.as_str())))
}

fn files_of(files: &FileList) -> Vec<File> {
    (0..files.length()).filter_map(|n| files.get(n)).collect()
}

/// One thing that came in.
enum Item {
    File(File),
    Folder(FileSystemEntry),
    /// A file, or a folder in a browser that does not tell.
    Unknown(File),
}

/// Adds what `transfer` holds, named by `name`.
fn take(transfer: &DataTransfer, name: fn(&File) -> String) {
    error("");
    // All of it is gone when the event is over.
    let items = transfer.items();
    let items: Vec<Item> = (0..items.length())
        .filter_map(|n| items.get(n))
        .filter_map(|item| look_at(&item))
        .collect();
    spawn_local(async move {
        let mut found = Vec::new();
        let mut trouble = None;
        for item in items {
            match item {
                Item::File(file) => found.push(Attachment { name: name(&file), file }),
                Item::Unknown(file) if can_be_read(&file).await => {
                    found.push(Attachment { name: name(&file), file });
                }
                Item::Unknown(file) => {
                    trouble = Some(format!(
                        "“{}” cannot be read. If it is a folder, pack it into an archive first.",
                        file.name()
                    ));
                }
                Item::Folder(folder) => {
                    let folder_name = folder.name();
                    let before = found.len();
                    if folders::list(folder, &mut found).await.is_err() {
                        found.truncate(before);
                        trouble = Some(format!("The folder “{folder_name}” cannot be read."));
                    } else if found.len() == before {
                        trouble = Some(format!("There is no file in the folder “{folder_name}”."));
                    }
                }
            }
        }
        if found.len() > MAX_FILES {
            // A part of a folder is of no use to anybody.
            return error(&too_many());
        }
        add(found);
        if let Some(trouble) = trouble {
            error(&trouble);
        }
    });
}

fn look_at(item: &DataTransferItem) -> Option<Item> {
    if item.kind() != "file" {
        return None;
    }
    let file = |item: &DataTransferItem| item.get_as_file().ok().flatten();
    match item.webkit_get_as_entry() {
        Ok(Some(entry)) if entry.is_directory() => Some(Item::Folder(entry)),
        Ok(Some(_)) => file(item).map(Item::File),
        Ok(None) | Err(_) => file(item).map(Item::Unknown),
    }
}

async fn can_be_read(file: &File) -> bool {
    let Ok(first) = file.slice_with_f64_and_f64(0.0, 1.0) else { return false };
    let read: Result<JsValue, JsValue> = JsFuture::from(first.array_buffer()).await;
    read.is_ok()
}
