//! Copying, with an answer in place.

use crate::dom;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{HtmlButtonElement, HtmlDocument, HtmlElement, HtmlTextAreaElement};

/// How long a button says that it worked.
const FEEDBACK_MILLIS: i32 = 2000;

/// Copies what `text` gives, on every click of `button`.
pub fn on_click(button: &HtmlButtonElement, text: impl Fn() -> String + 'static) {
    let target = button.clone();
    dom::on_click(button, move || {
        let button = target.clone();
        let text = text();
        spawn_local(async move {
            let copied = copy(&text).await;
            feedback(&button, if copied { "Copied" } else { "Select it and copy" }, copied);
        });
    });
}

/// Says `text` on the button for two seconds, and to screen readers.
pub fn feedback(button: &HtmlButtonElement, text: &str, good: bool) {
    dom::announce(text);
    if button.has_attribute("data-busy") {
        return;
    }
    let before = button.text_content();
    dom::set(button, "data-busy", "");
    button.set_text_content(Some(text));
    button.class_list().toggle_with_force("done", good).ok();
    let button = button.clone();
    dom::after(FEEDBACK_MILLIS, move || {
        button.set_text_content(before.as_deref());
        button.class_list().remove_1("done").ok();
        button.remove_attribute("data-busy").ok();
    });
}

async fn copy(text: &str) -> bool {
    let clipboard = dom::property(&dom::window().navigator(), "clipboard");
    if !clipboard.is_undefined() {
        let clipboard: web_sys::Clipboard = clipboard.unchecked_into();
        if JsFuture::from(clipboard.write_text(text)).await.is_ok() {
            return true;
        }
    }
    copy_by_selection(text)
}

/// For pages without a clipboard: plain http that is not this machine, and old browsers.
fn copy_by_selection(text: &str) -> bool {
    let document: HtmlDocument = dom::document().unchecked_into();
    let area: HtmlTextAreaElement = dom::element("textarea");
    area.set_value(text);
    area.set_class_name("visually-hidden");
    let focused: Option<HtmlElement> = document.active_element().and_then(|e| e.dyn_into().ok());
    // Inside an open dialog only its own content can be selected.
    let parent = document.query_selector("dialog[open]").ok().flatten();
    let parent = parent.or_else(|| document.body().map(Into::into));
    let Some(parent) = parent.filter(|parent| parent.append_child(&area).is_ok()) else {
        return false;
    };
    area.select();
    let copied = document.exec_command("copy").unwrap_or(false);
    area.set_value("");
    parent.remove_child(&area).ok();
    if let Some(focused) = focused {
        dom::focus(&focused);
    }
    copied
}
