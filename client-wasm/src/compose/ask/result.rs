//! The link of a request that was made: copy it, show it, send it.

use super::super::{
    explain,
    steps::{self, Step},
};
use crate::{
    api, copy, dom,
    extras::Qr,
    owned::{self, OwnedLink},
    words,
};
use js_sys::Function;
use std::cell::RefCell;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use waxseal_core::{time::Timestamp, wire::ShareState};
use web_sys::{HtmlButtonElement, HtmlElement, HtmlTextAreaElement, ShareData};

thread_local! {
    static SHOWN: RefCell<Option<(OwnedLink, Option<Qr>)>> = const { RefCell::new(None) };
}

/// Listens to the buttons of the result.
pub(super) fn start() {
    copy::on_click(&button("copy-link"), || area().value());
    let can_share = dom::property(&dom::window().navigator(), "share").is_instance_of::<Function>();
    dom::show(&button("system-share"), can_share);
    dom::on_click(&button("system-share"), || {
        let data = ShareData::new();
        data.set_title("Somebody asks you for a secret");
        data.set_url(&area().value());
        let shared = JsFuture::from(dom::window().navigator().share_with_data(&data));
        // Closing the system's sheet is an error to the browser, not to the person.
        spawn_local(async move { drop(shared.await) });
    });
    for (id, save) in [("qr-svg", Qr::save_svg as fn(&Qr)), ("qr-png", Qr::save_png)] {
        dom::on_click(&button(id), move || {
            SHOWN.with_borrow(|shown| {
                if let Some((_, Some(qr))) = shown {
                    save(qr);
                }
            });
        });
    }
    dom::on_click(&button("done"), || {
        super::area().set_value("");
        back();
    });
    dom::on_click(&button("revoke"), || {
        let Some(link) = SHOWN.with_borrow(|shown| shown.as_ref().map(|(link, _)| link.clone()))
        else {
            return;
        };
        spawn_local(async move {
            match api::revoke(link.id, &link.owner).await {
                Ok(ShareState::Answered) => {
                    result_error("Somebody has answered it. The answer waits in My links.");
                }
                Ok(_) => {
                    // A row of “withdrawn” is no harm.
                    owned::remove([link.id].into_iter()).await.ok();
                    back();
                    super::note(
                        "It was withdrawn: nobody can answer it. What you wrote is still here.",
                    );
                }
                Err(error) => result_error(&explain(&error)),
            }
        });
    });
    // Selecting all of it is what a click into the link is for.
    let target = area();
    dom::on(&area(), "focus", move |_| target.select());
}

/// Shows the link.
pub(super) async fn show(link: OwnedLink, expires_at: Timestamp) {
    let Some(request) = &link.request else { return };
    let text = request.link.to_link(&dom::origin());
    let qr = Qr::encode(&text).await;
    area().set_value(&text);
    let place: HtmlElement = dom::by_id("qr");
    dom::show(&place, qr.is_some());
    if let Some(qr) = &qr {
        qr.show_in(&place);
    }
    let facts = format!("It waits for one answer, until {}.", words::date(expires_at));
    dom::by_id::<HtmlElement>("result-facts").set_text_content(Some(&facts));
    result_error("");
    SHOWN.set(Some((link, qr)));
    steps::show(Step::Result);
}

/// Back to the note; the page forgets the link.
fn back() {
    SHOWN.set(None);
    area().set_value("");
    dom::by_id::<HtmlElement>("qr").set_text_content(None);
    steps::show(Step::Options);
}

fn result_error(text: &str) {
    dom::by_id::<HtmlElement>("result-error").set_text_content(Some(text));
}

fn area() -> HtmlTextAreaElement {
    dom::by_id("link")
}

fn button(id: &str) -> HtmlButtonElement {
    dom::by_id(id)
}
