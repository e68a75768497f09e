//! A link that its owner keeps, shown again.

use super::{list, refresh, say};
use crate::{
    copy, dom,
    extras::Qr,
    owned::{self, Change},
};
use std::cell::Cell;
use wasm_bindgen_futures::spawn_local;
use waxseal_core::token::ShareId;
use web_sys::{HtmlDialogElement, HtmlElement, HtmlTextAreaElement};

thread_local! {
    static SHOWN: Cell<Option<ShareId>> = const { Cell::new(None) };
}

/// Listens to the dialog's buttons.
pub(super) fn start() {
    copy::on_click(&super::button("copy-link"), || {
        sent();
        area().value()
    });
    let target = area();
    dom::on(&area(), "focus", move |_| target.select());
    dom::on(&area(), "copy", |_| sent());
    dom::on_click(&super::button("shown-close"), || dialog().close());
    dom::on_click(&super::button("shown-forget"), || {
        let Some(id) = SHOWN.get() else { return };
        dialog().close();
        spawn_local(async move {
            say(match owned::change(id, Change::Secret(None)).await {
                Ok(()) => "The link is kept no longer. It still opens for whoever has it.",
                Err(_) => "This browser could not forget the link.",
            });
            refresh();
        });
    });
    // The page does not go on holding it.
    dom::on_closed(&dialog(), || {
        SHOWN.set(None);
        area().set_value("");
        dom::by_id::<HtmlElement>("qr").set_text_content(None);
    });
}

/// Shows the link of a share, if it is kept.
pub(super) fn open(id: ShareId) {
    let Some(link) = list::link(id) else { return };
    let text = match (&link.token, &link.request) {
        (Some(secret), _) => secret.to_link(&dom::origin()),
        (None, Some(request)) => request.link.to_link(&dom::origin()),
        (None, None) => return,
    };
    let text = text.to_string();
    // Without it, whoever asked could not open the answer either.
    dom::show(&super::button("shown-forget"), link.request.is_none());
    SHOWN.set(Some(id));
    dom::by_id::<HtmlElement>("shown-title").set_text_content(Some(&link.label));
    area().set_value(&text);
    if dialog().show_modal().is_err() {
        return;
    }
    spawn_local(async move {
        let qr = Qr::encode(&text).await;
        let place: HtmlElement = dom::by_id("qr");
        // It may be another one by now.
        let qr = qr.filter(|_| SHOWN.get() == Some(id));
        dom::show(&place, qr.is_some());
        if let Some(qr) = qr {
            qr.show_in(&place);
        }
    });
}

fn sent() {
    let Some(id) = SHOWN.get() else { return };
    let now = super::now();
    spawn_local(async move {
        // What is not noted is not warned about.
        owned::change(id, Change::SentNow(now)).await.ok();
        refresh();
    });
}

fn dialog() -> HtmlDialogElement {
    dom::by_id("shown")
}

fn area() -> HtmlTextAreaElement {
    dom::by_id("link")
}
