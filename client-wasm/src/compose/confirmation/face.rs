//! The dialog's faces of confirming: who one is, and then the number.

use super::super::steps::{self, Step};
use crate::{dom, words};
use std::time::Duration;
use wasm_bindgen::JsValue;
use waxseal_core::{
    mail_address::MailAddress,
    wire::{ConfirmationAsked, ConfirmationPolicy, ConfirmationRequest},
};
use web_sys::{HtmlButtonElement, HtmlElement, HtmlInputElement, Storage};

/// Where the address is kept that was used last.
const KEY: &str = "waxseal.address";

/// Asks for an address, and whether to keep its confirmation where the server offers that.
pub(super) fn ask_address(policy: Option<ConfirmationPolicy>) {
    let address = input("address");
    if address.value().is_empty()
        && let Some(before) = storage().and_then(|storage| storage.get_item(KEY).ok().flatten())
    {
        address.set_value(&before);
    }
    address_error("");
    // In a frame of another site the cookie would not be sent, or be another one.
    let session = policy.map(|policy| policy.session).filter(|lasts| *lasts > 0 && !is_framed());
    dom::show(&part("stay-row"), session.is_some());
    input("stay").set_checked(false);
    if let Some(lasts) = session {
        let lasts = words::span(Duration::from_secs(lasts));
        text("stay-words", &format!("Keep this confirmation in this browser for {lasts}"));
    }
    sending(false);
    offline(false);
    steps::show(Step::Identity);
}

/// What was filled in; else it says what is wrong.
pub(super) fn address() -> Option<ConfirmationRequest> {
    let field = input("address");
    let typed = dom::typed(&field).ok().and_then(|typed| typed.trim().parse::<MailAddress>().ok());
    let Some(address) = typed else {
        address_error("Enter an e-mail address, such as ann@example.org.");
        dom::focus(&field);
        return None;
    };
    address_error("");
    if let Some(storage) = storage() {
        // Without storage it is typed again.
        storage.set_item(KEY, address.as_str()).ok();
    }
    let keep = !part("stay-row").hidden() && input("stay").checked();
    Some(ConfirmationRequest { address, keep })
}

/// Says what is wrong with the address, or that nothing is.
pub(super) fn address_error(why: &str) {
    text("address-error", why);
    let invalid = if why.is_empty() { "false" } else { "true" };
    dom::set(&input("address"), "aria-invalid", invalid);
}

/// While the first mail is asked for.
pub(super) fn sending(sending: bool) {
    let button: HtmlButtonElement = dom::by_id("send-mail");
    button.set_disabled(sending);
    button.set_text_content(Some(if sending { "Sending…" } else { "Send mail" }));
}

/// Whether the server cannot be reached.
pub(super) fn offline(offline: bool) {
    for id in ["identity-offline", "waiting-offline"] {
        dom::show(&part(id), offline);
    }
}

/// Shows the number, till when and where it counts.
pub(super) fn wait(address: &MailAddress, asked: &ConfirmationAsked) {
    text("waiting-address", address.as_str());
    said("", "");
    number(Some(asked));
    steps::show(Step::Waiting);
}

/// While another mail is asked for, no number is known to count.
pub(super) fn sending_again() {
    number(None);
    said("Sending again…", "");
    again(false);
}

/// Another mail is on its way.
pub(super) fn mailed_again(asked: &ConfirmationAsked) {
    number(Some(asked));
    said("Another mail is on its way, with a new number. The mail before is void.", "");
}

/// There is no other mail; the number that still counts, if one does.
pub(super) fn not_mailed_again(asked: Option<&ConfirmationAsked>, why: &str) {
    number(asked);
    said("", why);
}

fn number(asked: Option<&ConfirmationAsked>) {
    let digits = asked.map(|asked| asked.number.to_string());
    text("number", digits.as_deref().unwrap_or("··"));
    // “4 2”: to be read digit by digit.
    let spoken = digits.map(|digits| format!("{} {}", &digits[..1], &digits[1..]));
    text("number-spoken", &spoken.map(|spoken| format!("Number {spoken}")).unwrap_or_default());
    if let Some(asked) = asked {
        text("waiting-until", &words::clock(asked.pending_until));
    }
    again(true);
}

fn again(enabled: bool) {
    dom::by_id::<HtmlButtonElement>("send-again").set_disabled(!enabled);
}

fn said(note: &str, error: &str) {
    text("waiting-note", note);
    text("waiting-error", error);
}

fn is_framed() -> bool {
    let window = dom::window();
    dom::property(&window, "top") != JsValue::from(window)
}

fn storage() -> Option<Storage> {
    dom::window().local_storage().ok().flatten()
}

fn part(id: &str) -> HtmlElement {
    dom::by_id(id)
}

fn input(id: &str) -> HtmlInputElement {
    dom::by_id(id)
}

fn text(id: &str, text: &str) {
    part(id).set_text_content(Some(text));
}
