//! The screens of the recipient's page; all stand in `open.html`, one is shown.

use crate::{dom, words, worker};
use wasm_bindgen::JsCast;
use waxseal_core::{
    layout::SEAL,
    time::Timestamp,
    wire::{Landing, ShareState},
};
use web_sys::{HtmlButtonElement, HtmlElement, HtmlInputElement};

/// A screen without anything to fill in, or one that [`section`] fills.
#[derive(Clone, Copy)]
pub(super) enum Screen {
    Landing,
    Item,
    Cleared,
    DamagedLink,
    NewerLink,
    Opened,
    Expired,
    Revoked,
    Burned,
    Unknown,
    ClaimOver,
    Unreachable,
    Uncertain,
    Damaged,
    Failed,
}

impl Screen {
    const fn name(self) -> &'static str {
        match self {
            Self::Landing => "landing",
            Self::Item => "item",
            Self::Cleared => "cleared",
            Self::DamagedLink => "damaged-link",
            Self::NewerLink => "newer-link",
            Self::Opened => "opened",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Burned => "burned",
            Self::Unknown => "unknown",
            Self::ClaimOver => "claim-over",
            Self::Unreachable => "unreachable",
            Self::Uncertain => "uncertain",
            Self::Damaged => "damaged",
            Self::Failed => "failed",
        }
    }

    pub(super) fn section(self) -> HtmlElement {
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
        let seal = match self {
            Self::Item => "broken".to_owned(),
            _ => section.dataset().get("look").unwrap_or_else(|| "whole".to_owned()),
        };
        if let Some(body) = dom::document().body() {
            dom::set(&body, "data-seal", &seal);
        }
        if let Some(heading) = section.query_selector("h1").ok().flatten() {
            let heading: HtmlElement = heading.unchecked_into();
            // An item's own title would get into the browser's history.
            let title = match self {
                Self::Item => "Shared item".to_owned(),
                _ => heading.text_content().unwrap_or_default(),
            };
            dom::document().set_title(&format!("{} · Waxseal", title.trim()));
            dom::focus(&heading);
        }
    }
}

/// What the server says before anything is spent.
pub(super) fn landing(landing: &Landing, exposed: bool) {
    let section = Screen::Landing.section();
    let left = words::span(landing.expires_at.since(words::now()));
    fill(&section, "expires", &format!("Until {} ({left})", words::date(landing.expires_at)));
    let views = match landing.views_left {
        Some(1) => "Can be viewed only once".to_owned(),
        Some(n) => format!("Can be viewed {n} more times"),
        None => "Can be viewed any number of times until then".to_owned(),
    };
    fill(&section, "views", &views);
    let size = landing.size.get() - SEAL as u64;
    fill(&section, "size", &format!("Up to {}", words::size(size)));
    dom::show(&dom::slot::<HtmlElement>(&section, "exposed"), exposed);
    dom::show(&dom::slot::<HtmlElement>(&section, "insecure"), !dom::is_secure());
    dom::show(&dom::slot::<HtmlElement>(&section, "passphrase-row"), landing.passphrase);
    if landing.passphrase {
        worker::warm_up();
    }
    if landing.passphrase && landing.tries_left.is_some_and(|left| left < 10) {
        tries_left(landing.tries_left);
    }
    Screen::Landing.show();
}

/// The share is spent, perhaps by this tab, whose claim can ask again.
pub(super) fn resume(passphrase: bool, until: Timestamp) {
    let section = Screen::Landing.section();
    fill(&section, "heading", "You were opening this item");
    let expires = format!("This tab keeps your place until {}", words::clock(until));
    fill(&section, "expires", &expires);
    dom::show(&dom::slot::<HtmlElement>(&section, "views-row"), false);
    dom::show(&dom::slot::<HtmlElement>(&section, "size-row"), false);
    dom::show(&dom::slot::<HtmlElement>(&section, "insecure"), !dom::is_secure());
    dom::show(&dom::slot::<HtmlElement>(&section, "passphrase-row"), passphrase);
    fill(&section, "promise", "Asking again uses nothing more up.");
    Screen::Landing.show();
}

/// Whether the landing page asks for a passphrase.
pub(super) fn asks_passphrase() -> bool {
    !dom::slot::<HtmlElement>(&Screen::Landing.section(), "passphrase-row").hidden()
}

/// Makes the landing page ask for a passphrase.
pub(super) fn ask_passphrase() {
    dom::show(&dom::slot::<HtmlElement>(&Screen::Landing.section(), "passphrase-row"), true);
}

/// Says what is wrong with the passphrase, at its field.
pub(super) fn passphrase_error(text: &str) {
    let error: HtmlElement = dom::by_id("passphrase-error");
    error.set_text_content(Some(text));
    let input: HtmlInputElement = dom::by_id("passphrase");
    dom::set(&input, "aria-invalid", "true");
    input.select();
    dom::focus(&input);
}

/// The server counted a wrong passphrase.
pub(super) fn wrong_passphrase(left: Option<u32>) {
    passphrase_error("");
    tries_left(left);
    let error: HtmlElement = dom::by_id("passphrase-error");
    let tries = error.text_content().unwrap_or_default();
    error.set_text_content(Some(&format!("Wrong passphrase. {tries}")));
}

fn tries_left(left: Option<u32>) {
    let text = match left {
        Some(1) => "One try left; a wrong one destroys the item.".to_owned(),
        Some(left) => format!("{left} tries left."),
        None => String::new(),
    };
    dom::by_id::<HtmlElement>("passphrase-error").set_text_content(Some(&text));
}

/// While the passphrase is stretched.
pub(super) fn busy(busy: bool) {
    let button: HtmlButtonElement = dom::by_id("view");
    let text = if busy { "Checking the passphrase…" } else { "View shared item" };
    button.set_text_content(Some(text));
}

/// The share's life has ended.
pub(super) fn over(state: ShareState, at: Option<Timestamp>) {
    let screen = match state {
        ShareState::Opened => Screen::Opened,
        ShareState::Expired => Screen::Expired,
        ShareState::Revoked => Screen::Revoked,
        ShareState::Burned => Screen::Burned,
        _ => return failed("The server says that this item cannot be opened now."),
    };
    let at = at.map(|at| format!("on {}", words::date(at))).unwrap_or_default();
    fill(&screen.section(), "at", &at);
    screen.show();
}

/// No answer to a claim that was sent.
pub(super) fn uncertain(until: Timestamp) {
    fill(&Screen::Uncertain.section(), "before", &words::clock(until));
    Screen::Uncertain.show();
}

/// A fault without a page of its own.
pub(super) fn failed(detail: &str) {
    fill(&Screen::Failed.section(), "detail", detail);
    Screen::Failed.show();
}

/// Calls `retry` when a person presses a “Try again”.
pub(super) fn on_retry(retry: impl Fn() + Clone + 'static) {
    for button in dom::all("[data-slot=retry]") {
        dom::on_click(&button, retry.clone());
    }
}

fn fill(section: &HtmlElement, name: &str, text: &str) {
    dom::slot::<HtmlElement>(section, name).set_text_content(Some(text));
}
