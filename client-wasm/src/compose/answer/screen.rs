//! The screens of the page that answers; all stand in `answer.html`, one is shown.

use crate::{dom, words};
use wasm_bindgen::JsCast;
use waxseal_core::{
    request::Note,
    time::Timestamp,
    wire::{ExpiresIn, ShareState},
};
use web_sys::HtmlElement;

/// A screen without anything to fill in, or one that is filled before.
#[derive(Clone, Copy)]
pub(super) enum Screen {
    Write,
    Sent,
    DamagedLink,
    NewerLink,
    Answered,
    Expired,
    Withdrawn,
    Unknown,
    Unreachable,
    Damaged,
    Failed,
}

impl Screen {
    const fn name(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Sent => "sent",
            Self::DamagedLink => "damaged-link",
            Self::NewerLink => "newer-link",
            Self::Answered => "answered",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Unknown => "unknown",
            Self::Unreachable => "unreachable",
            Self::Damaged => "damaged",
            Self::Failed => "failed",
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
        if let Some(heading) = self.section().query_selector("h1").ok().flatten() {
            let title = heading.text_content().unwrap_or_default();
            dom::document().set_title(&format!("{} · Waxseal", title.trim()));
            dom::focus(&heading.unchecked_into());
        }
    }
}

/// What is asked for, and the form to answer it.
pub(super) fn note(note: &Note, expires_in: ExpiresIn, until: Timestamp, exposed: bool) {
    let section = Screen::Write.section();
    let fill = |name: &str, text: &str| {
        dom::slot::<HtmlElement>(&section, name).set_text_content(Some(text));
    };
    fill("note", &note.text);
    fill("from", &note.from);
    dom::show(&dom::slot(&section, "from-row"), !note.from.is_empty());
    let left = words::span(until.since(words::now()));
    fill("until", &format!("Until {} ({left})", words::date(until)));
    fill("kept", &words::expiry(expires_in));
    dom::show(&dom::slot(&section, "exposed"), exposed);
    Screen::Write.show();
}

/// There is nothing to answer any more.
pub(super) fn over(state: ShareState, at: Option<Timestamp>) {
    let screen = match state {
        ShareState::Answered => Screen::Answered,
        ShareState::Expired => Screen::Expired,
        ShareState::Revoked => Screen::Withdrawn,
        _ => return Screen::Failed.show(),
    };
    let at = at.map(|at| format!("on {}", words::date(at))).unwrap_or_default();
    dom::slot::<HtmlElement>(&screen.section(), "at").set_text_content(Some(&at));
    screen.show();
}
