//! The screens of the page for confirming; all stand in `confirm.html`, one is shown.

use crate::{dom, words};
use wasm_bindgen::JsCast;
use waxseal_core::{time::Timestamp, wire::ShareState};
use web_sys::{HtmlElement, HtmlInputElement};

/// A screen.
#[derive(Clone, Copy)]
pub(super) enum Screen {
    Asking,
    Denying,
    Confirmed,
    Before,
    Denied,
    Cancelled,
    Burned,
    Late,
    Unknown,
    Damaged,
}

impl Screen {
    const fn name(self) -> &'static str {
        match self {
            Self::Asking => "asking",
            Self::Denying => "denying",
            Self::Confirmed => "confirmed",
            Self::Before => "before",
            Self::Denied => "denied",
            Self::Cancelled => "cancelled",
            Self::Burned => "burned",
            Self::Late => "late",
            Self::Unknown => "unknown",
            Self::Damaged => "damaged",
        }
    }

    fn section(self) -> HtmlElement {
        let selector = format!("[data-screen={}]", self.name());
        let found = dom::document().query_selector(&selector).ok().flatten();
        found.unwrap_or_else(|| panic!("the page lacks {selector}")).unchecked_into()
    }

    /// Shows this screen and no other, and moves reading to its heading.
    pub(super) fn show(self) {
        for section in dom::all("[data-screen]") {
            dom::show(&section, section.dataset().get("screen").as_deref() == Some(self.name()));
        }
        let section = self.section();
        let seal = section.dataset().get("look").unwrap_or_else(|| "whole".to_owned());
        if let Some(body) = dom::document().body() {
            dom::set(&body, "data-seal", &seal);
        }
        if let Some(heading) = section.query_selector("h1").ok().flatten() {
            let heading: HtmlElement = heading.unchecked_into();
            let title = heading.text_content().unwrap_or_default();
            dom::document().set_title(&format!("{} · Waxseal", title.trim()));
            dom::focus(&heading);
        }
    }
}

/// Asks for the number.
pub(super) fn ask() {
    let host = dom::window().location().host().unwrap_or_default();
    fill(Screen::Asking, "host", &host);
    Screen::Asking.show();
}

/// Asks whether it really was somebody else.
pub(super) fn ask_denial() {
    denial_error("");
    Screen::Denying.show();
}

/// Says at the field what is wrong.
pub(super) fn number_error(why: &str) {
    dom::by_id::<HtmlElement>("number-error").set_text_content(Some(why));
    let input: HtmlInputElement = dom::by_id("number");
    dom::set(&input, "aria-invalid", "true");
    input.select();
    dom::focus(&input);
}

/// The server counted a wrong number.
pub(super) fn wrong_number(left: Option<u32>) {
    let tries = match left {
        Some(1) => " One try left; another wrong number destroys the item.".to_owned(),
        Some(left) => format!(" {left} tries left."),
        None => String::new(),
    };
    number_error(&format!("That is not the number on your screen.{tries}"));
}

/// Says why it was not denied.
pub(super) fn denial_error(why: &str) {
    dom::by_id::<HtmlElement>("deny-error").set_text_content(Some(why));
}

/// It was confirmed before, and this became of it.
pub(super) fn before(what: &str) {
    fill(Screen::Before, "detail", what);
    Screen::Before.show();
}

/// It can no longer be confirmed.
pub(super) fn over(state: ShareState, at: Option<Timestamp>) {
    match state {
        ShareState::Burned => Screen::Burned.show(),
        ShareState::Revoked => Screen::Cancelled.show(),
        _ => {
            let at = at.map(|at| format!(" since {}", words::clock(at))).unwrap_or_default();
            fill(Screen::Late, "at", &at);
            Screen::Late.show();
        }
    }
}

fn fill(screen: Screen, name: &str, text: &str) {
    dom::slot::<HtmlElement>(&screen.section(), name).set_text_content(Some(text));
}
