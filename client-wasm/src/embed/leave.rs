//! Leaving by Escape, pressed in the frame or around it.
//!
//! Invariant: nobody loses a link by a key that was not yet copied, shared or saved: they are asked.

use super::host::Host;
use crate::{
    compose::{
        result,
        steps::{self, Step},
        surroundings,
    },
    dom,
};
use web_sys::HtmlElement;

/// Listens.
pub(super) fn start(host: &Host) {
    dom::on(&dom::document(), "keydown", |event| {
        if dom::property(&event, "key") == "Escape" {
            event.prevent_default();
            escape();
        }
    });
    host.on("escape", |_| escape());
    dom::on_click(&dom::by_id::<HtmlElement>("lose"), result::finish);
    dom::on_click(&dom::by_id::<HtmlElement>("lose-not"), || ask(false));
}

fn escape() {
    match steps::current() {
        Step::Options => surroundings::get().cancelled(),
        Step::Result if result::is_sent() => result::finish(),
        Step::Result => ask(true),
        // What is under way has its own button.
        Step::Busy | Step::Identity | Step::Waiting => {}
    }
}

fn ask(visible: bool) {
    dom::show(&dom::by_id::<HtmlElement>("losing"), visible);
    dom::focus(&dom::by_id(if visible { "lose-not" } else { "copy-link" }));
}
