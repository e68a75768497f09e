//! How many links this browser has made: the way to their own page.

use crate::{dom, owned, words};
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlElement;

/// Counts them, now and whenever somebody comes back to the page.
pub(super) fn start() {
    dom::on(&dom::document(), "visibilitychange", |_| {
        if !dom::document().hidden() {
            refresh();
        }
    });
    refresh();
}

/// Counts them anew.
pub(super) fn refresh() {
    spawn_local(async {
        let count = owned::count().await.unwrap_or_default();
        dom::show(&dom::by_id::<HtmlElement>("links"), count > 0);
        let words = format!("{} made here", words::plural(count, "link"));
        dom::by_id::<HtmlElement>("links-count").set_text_content(Some(&words));
    });
}
