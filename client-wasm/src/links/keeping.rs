//! Whether the browser will keep the list, and asking it to.

use crate::dom;
use std::cell::Cell;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{HtmlElement, StorageManager};

thread_local! {
    static ASKED: Cell<bool> = const { Cell::new(false) };
}

/// Listens to the button that asks again.
pub(super) fn start() {
    dom::on_click(&super::button("persist"), || {
        spawn_local(async {
            let kept = persist().await;
            show(kept);
            let no = "The browser said no. Export the list to be safe.";
            let said = if kept { "" } else { no };
            dom::by_id::<HtmlElement>("refused").set_text_content(Some(said));
            if kept {
                dom::focus(&dom::by_id::<HtmlElement>("title"));
            }
        });
    });
}

/// Says how long the list lasts; `any`: whether there is something in it. Asks the browser to keep it the
/// first time that there is.
pub(super) fn reflect(any: bool) {
    dom::show(&dom::by_id::<HtmlElement>("safe"), true);
    if !any {
        for id in ["lasting", "fleeting"] {
            dom::show(&dom::by_id::<HtmlElement>(id), false);
        }
        return;
    }
    if !ASKED.replace(true) {
        spawn_local(async { show(persist().await) });
    }
}

fn show(kept: bool) {
    dom::show(&dom::by_id::<HtmlElement>("lasting"), kept);
    dom::show(&dom::by_id::<HtmlElement>("fleeting"), !kept);
}

/// Asks the browser; some ask the person, others decide by themselves, and know what they said before.
async fn persist() -> bool {
    let storage = dom::property(&dom::window().navigator(), "storage");
    // Pages that are not encrypted have none.
    let Ok(storage) = storage.dyn_into::<StorageManager>() else { return false };
    let Ok(promise) = storage.persist() else { return false };
    JsFuture::from(promise).await.is_ok_and(|kept| kept.is_truthy())
}
