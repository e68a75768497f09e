//! Asking before what cannot be undone.
//!
//! Invariant: every question has one answer, which is no unless the person says yes to that very one.

use crate::dom;
use js_sys::{Function, Promise};
use std::cell::RefCell;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlDialogElement, HtmlElement};

thread_local! {
    /// Takes the answer to the question that is asked.
    static ASKED: RefCell<Option<Function>> = const { RefCell::new(None) };
}

/// Listens to the dialog's buttons.
pub(super) fn start() {
    dom::on_click(&super::button("confirm-yes"), || {
        answer(true);
        dialog().close();
    });
    dom::on_click(&super::button("confirm-no"), || dialog().close());
    dom::on_closed(&dialog(), || answer(false));
}

/// Whether the person wants it.
pub(super) async fn ask(title: &str, text: &str, action: &str) -> bool {
    answer(false);
    for (id, words) in [("confirm-title", title), ("confirm-text", text), ("confirm-yes", action)] {
        dom::by_id::<HtmlElement>(id).set_text_content(Some(words));
    }
    let answered = Promise::new(&mut |resolve, _| drop(ASKED.replace(Some(resolve))));
    dialog().show_modal().is_ok() && JsFuture::from(answered).await.is_ok_and(|yes| yes == true)
}

fn answer(yes: bool) {
    if let Some(resolve) = ASKED.take() {
        let told = resolve.call1(&JsValue::UNDEFINED, &yes.into());
        debug_assert!(told.is_ok(), "a promise takes an answer");
    }
}

fn dialog() -> HtmlDialogElement {
    dom::by_id("confirm")
}
