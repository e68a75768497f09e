//! Asking before what cannot be undone.

use crate::dom;
use js_sys::Promise;
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlDialogElement, HtmlElement};

const YES: &str = "yes";

/// Listens to the dialog's buttons.
pub(super) fn start() {
    dom::on_click(&super::button("confirm-yes"), || dialog().close_with_return_value(YES));
    dom::on_click(&super::button("confirm-no"), || dialog().close());
}

/// Whether the person wants it.
pub(super) async fn ask(title: &str, text: &str, action: &str) -> bool {
    for (id, words) in [("confirm-title", title), ("confirm-text", text), ("confirm-yes", action)] {
        dom::by_id::<HtmlElement>(id).set_text_content(Some(words));
    }
    let dialog = dialog();
    dialog.set_return_value("");
    let closed = Promise::new(&mut |resolve, _| dom::once(&dialog, "close", &resolve));
    dialog.show_modal().is_ok()
        && JsFuture::from(closed).await.is_ok()
        && dialog.return_value() == YES
}

fn dialog() -> HtmlDialogElement {
    dom::by_id("confirm")
}
