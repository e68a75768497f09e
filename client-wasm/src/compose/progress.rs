//! The dialog's face while parts are on their way.
//!
//! Invariant: a screen reader hears of it at every quarter and when the connection goes, no oftener.

use crate::{
    dom,
    transfer::{Cancel, Progress, Snapshot},
};
use std::cell::{Cell, RefCell};
use web_sys::{HtmlElement, HtmlProgressElement};

thread_local! {
    static RUNNING: RefCell<Option<Cancel>> = const { RefCell::new(None) };
}

/// Listens to “Cancel”.
pub(super) fn start() {
    dom::on_click(&part("upload-cancel"), || {
        if let Some(cancel) = RUNNING.take() {
            cancel.cancel();
        }
    });
}

/// Shows a transfer of `total` bytes from its start, and what “Cancel” cancels.
pub(super) fn begin(total: u64) -> (Progress, Cancel) {
    let cancel = Cancel::new();
    RUNNING.set(Some(cancel.clone()));
    text("busy-text", "Sealing and sending…");
    text("upload-status", "");
    dom::show(&part("upload"), true);
    let quarters = Cell::new(0);
    (Progress::new(total, move |now| show(now, &quarters)), cancel)
}

/// Back to the face of a share that needs no progress.
pub(super) fn end() {
    RUNNING.set(None);
    dom::show(&part("upload"), false);
    text("busy-text", "Sealing in your browser…");
}

fn show(now: &Snapshot, quarters: &Cell<u64>) {
    let percent = now.percent();
    dom::by_id::<HtmlProgressElement>("upload-bar").set_value(percent as f64);
    text("upload-words", &now.words());
    dom::show(&part("upload-waiting"), now.waiting);
    if percent / 25 > quarters.get() {
        quarters.set(percent / 25);
        text("upload-status", &format!("{percent} percent sent"));
    }
}

fn part(id: &str) -> HtmlElement {
    dom::by_id(id)
}

fn text(id: &str, text: &str) {
    part(id).set_text_content(Some(text));
}
