//! The link that was made: copy it, show it, hand it on.

use super::{
    explain,
    steps::{self, Step},
    surroundings,
};
use crate::{
    api, copy, dom,
    extras::Qr,
    owned::{self, Change},
    words,
};
use js_sys::Function;
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use waxseal_core::{
    link::LinkSecret,
    time::Timestamp,
    token::{OwnerToken, ShareId},
    wire::Views,
};
use web_sys::{HtmlButtonElement, HtmlElement, HtmlInputElement, HtmlTextAreaElement, ShareData};

/// A link that was made.
#[derive(Clone)]
pub(crate) struct Made {
    pub(crate) link: String,
    pub(super) secret: LinkSecret,
    pub(crate) id: ShareId,
    pub(crate) owner: OwnerToken,
    /// When it was published, by the server's clock.
    pub(super) made_at: Timestamp,
    /// Whether this browser keeps it among “My links”.
    pub(super) listed: bool,
    pub(crate) expires_at: Timestamp,
    pub(crate) views: Option<Views>,
    pub(super) passphrase: String,
    /// How many attachments of what size, where there are any.
    pub(super) attachments: Option<String>,
}

#[derive(Default)]
struct Shown {
    made: Option<Made>,
    qr: Option<Qr>,
    /// When, by this device's clock.
    since: Option<Timestamp>,
}

thread_local! {
    static SHOWN: Rc<RefCell<Shown>> = Rc::default();
}

/// Listens to the buttons of the result.
pub(super) fn start() {
    copy::on_click(&button("copy-link"), || {
        sent();
        with(|made| made.link.clone())
    });
    copy::on_click(&button("copy-instructions"), || {
        sent();
        with(instructions)
    });
    let can_share = dom::property(&dom::window().navigator(), "share").is_instance_of::<Function>();
    dom::show(&button("system-share"), can_share);
    dom::on_click(&button("system-share"), || {
        let data = ShareData::new();
        data.set_title("A shared item");
        data.set_url(&with(|made| made.link.clone()));
        let shared = JsFuture::from(dom::window().navigator().share_with_data(&data));
        spawn_local(async move {
            // Closing the system's sheet is an error to the browser, not to the person.
            if shared.await.is_ok() {
                sent();
            }
        });
    });
    for (id, save) in [("qr-svg", Qr::save_svg as fn(&Qr)), ("qr-png", Qr::save_png)] {
        dom::on_click(&button(id), move || {
            sent();
            with_qr(save);
        });
    }
    dom::on(&input("sent"), "change", |_| note_sent());
    dom::on(&input("keep"), "change", |_| note_kept());
    dom::on_click(&button("done"), finish);
    dom::on_click(&button("revoke"), || {
        let Some(made) = SHOWN.with(|shown| shown.borrow().made.clone()) else { return };
        spawn_local(async move {
            match api::revoke(made.id, &made.owner).await {
                Ok(_) => {
                    forget();
                    surroundings::get().revoked();
                }
                Err(error) => result_error(&explain(&error)),
            }
        });
    });
    // Selecting all of it is what a click into the link is for.
    let area: HtmlTextAreaElement = dom::by_id("link");
    let target = area.clone();
    dom::on(&area, "focus", move |_| target.select());
    dom::on(&area, "copy", |_| sent());
}

/// Whatever hands the link on says that it was sent; the person may say otherwise.
fn sent() {
    if !input("sent").checked() {
        input("sent").set_checked(true);
        note_sent();
    }
}

fn note_sent() {
    let Some((made, since)) = SHOWN.with(|shown| {
        let shown = shown.borrow();
        shown.made.clone().zip(shown.since)
    }) else {
        return;
    };
    if !made.listed {
        return;
    }
    // This device's clock may be wrong, but it runs.
    let now = made.made_at.after(words::now().since(since));
    let sent_at = input("sent").checked().then_some(now);
    spawn_local(async move {
        // What is not noted is not warned about.
        owned::change(made.id, Change::Sent(sent_at)).await.ok();
    });
}

fn note_kept() {
    let Some(made) = SHOWN.with(|shown| shown.borrow().made.clone()) else { return };
    let secret = input("keep").checked().then_some(made.secret);
    spawn_local(async move {
        if owned::change(made.id, Change::Secret(secret)).await.is_err() {
            input("keep").set_checked(false);
            result_error("This browser could not keep it.");
        }
    });
}

/// Shows a link.
pub(super) async fn show(made: &Made) {
    let qr = Qr::encode(&made.link).await;
    let area: HtmlTextAreaElement = dom::by_id("link");
    area.set_value(&made.link);
    let target: HtmlElement = dom::by_id("qr");
    dom::show(&target, qr.is_some());
    if let Some(qr) = &qr {
        qr.show_in(&target);
    }
    let mut facts = format!("Expires {}. {}", words::date(made.expires_at), views(made.views));
    if let Some(attachments) = &made.attachments {
        facts += &format!(" {attachments}.");
    }
    dom::by_id::<HtmlElement>("result-facts").set_text_content(Some(&facts));
    let note: HtmlElement = dom::by_id("result-passphrase");
    dom::show(&note, !made.passphrase.is_empty());
    dom::by_id::<HtmlElement>("result-passphrase-text").set_text_content(Some(&made.passphrase));
    result_error("");
    for id in ["sent", "keep"] {
        input(id).set_checked(false);
        input(id).set_disabled(!made.listed);
    }
    dom::show(&dom::by_id::<HtmlElement>("result-kept"), surroundings::get().keeps_links());
    dom::show(&dom::by_id::<HtmlElement>("result-unlisted"), !made.listed);
    let since = Some(words::now());
    SHOWN.with(|shown| *shown.borrow_mut() = Shown { made: Some(made.clone()), qr, since });
    steps::show(Step::Result);
}

fn views(views: Option<Views>) -> String {
    match views {
        Some(Views::ONE) => "It can be viewed only 1 time.".to_owned(),
        Some(views) => format!("It can be viewed {} times.", views.get()),
        None => "It can be viewed any number of times until then.".to_owned(),
    }
}

/// What to send along with a link to somebody who has never seen one.
fn instructions(made: &Made) -> String {
    let passphrase = if made.passphrase.is_empty() {
        ""
    } else {
        " You will need the passphrase I send you some other way."
    };
    format!(
        "I am sharing something with you: {}\n\nOpen the link and press “View shared item”.{passphrase} {} The link expires {}.",
        made.link,
        views(made.views),
        words::date(made.expires_at),
    )
}

/// Whether the link was copied, shared or saved.
pub(crate) fn is_sent() -> bool {
    input("sent").checked()
}

/// Done: the page forgets the secret.
pub(crate) fn finish() {
    for id in ["new-passphrase", "from"] {
        input(id).set_value("");
    }
    forget();
    surroundings::get().done();
}

fn forget() {
    SHOWN.with(|shown| *shown.borrow_mut() = Shown::default());
    dom::by_id::<HtmlTextAreaElement>("link").set_value("");
    dom::by_id::<HtmlElement>("qr").set_text_content(None);
    dom::by_id::<HtmlElement>("result-passphrase-text").set_text_content(None);
}

fn with(text: impl Fn(&Made) -> String) -> String {
    SHOWN.with(|shown| shown.borrow().made.as_ref().map(text).unwrap_or_default())
}

fn with_qr(action: impl Fn(&Qr)) {
    SHOWN.with(|shown| {
        if let Some(qr) = &shown.borrow().qr {
            action(qr);
        }
    });
}

fn result_error(text: &str) {
    dom::by_id::<HtmlElement>("result-error").set_text_content(Some(text));
}

fn button(id: &str) -> HtmlButtonElement {
    dom::by_id(id)
}

fn input(id: &str) -> HtmlInputElement {
    dom::by_id(id)
}
