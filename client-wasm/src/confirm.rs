//! The page that a mail's link leads to: the number, and the button.
//!
//! Invariant: loading it asks nothing of the server; nothing is confirmed or denied without a person's
//! click, and a number that was refused is not sent twice.

mod screen;

use crate::{
    api::{self, ApiError},
    dom, theme,
};
use screen::Screen;
use std::{cell::Cell, rc::Rc};
use wasm_bindgen_futures::spawn_local;
use waxseal_core::{
    confirmation::{ConfirmationLink, ConfirmationNumber},
    wire::{ConfirmRequest, Confirmed, DenyRequest, Problem, ProblemType, ShareState},
};
use web_sys::{HtmlButtonElement, HtmlElement, HtmlInputElement};

/// One mail's link in one tab.
struct Confirmer {
    link: ConfirmationLink,
    /// The number that was refused last: a key held down must not use up every try.
    wrong: Cell<Option<ConfirmationNumber>>,
    /// Whether an answer is awaited.
    busy: Cell<bool>,
}

/// Takes over the page.
pub fn start() {
    theme::start();
    // The address bar of an open page can get another mail's link.
    dom::on(&dom::window(), "hashchange", |_| {
        dom::window().location().reload().unwrap_or_default();
    });
    let address = dom::window().location().href().unwrap_or_default();
    let Ok(link) = ConfirmationLink::in_address(&address) else { return Screen::Damaged.show() };
    let confirmer = Confirmer { link, wrong: Cell::new(None), busy: Cell::new(false) };
    Rc::new(confirmer).listen();
    screen::ask();
}

impl Confirmer {
    fn listen(self: &Rc<Self>) {
        // Enter in the field clicks this button too, and no form is ever sent.
        self.on_click("confirm", async |this| this.confirm().await);
        self.on_click("deny-yes", async |this| this.deny().await);
        dom::on_click(&dom::by_id::<HtmlElement>("deny"), screen::ask_denial);
        dom::on_click(&dom::by_id::<HtmlElement>("deny-no"), || Screen::Asking.show());
    }

    /// Does `work` on each click, one at a time.
    fn on_click(self: &Rc<Self>, id: &'static str, work: impl AsyncFn(&Self) + Copy + 'static) {
        let this = Rc::clone(self);
        let button: HtmlButtonElement = dom::by_id(id);
        dom::on_click(&button.clone(), move || {
            if this.busy.replace(true) {
                return;
            }
            let (this, button) = (Rc::clone(&this), button.clone());
            button.set_disabled(true);
            spawn_local(async move {
                work(&this).await;
                button.set_disabled(false);
                this.busy.set(false);
            });
        });
    }

    async fn confirm(&self) {
        let typed = dom::by_id::<HtmlInputElement>("number").value();
        let Ok(number) = typed.trim().parse() else {
            return screen::number_error(
                "Type the two digits of your screen. Nothing was used up.",
            );
        };
        if self.wrong.get() == Some(number) {
            return screen::number_error("This number was refused before. Nothing was used up.");
        }
        let request = ConfirmRequest { id: self.link.id, token: self.link.token.clone(), number };
        match api::confirm(&request).await {
            Ok(answer) => confirmed(&answer),
            Err(ApiError::Problem(Problem {
                kind: ProblemType::WrongNumber, tries_left, ..
            })) => {
                self.wrong.set(Some(number));
                screen::wrong_number(tries_left);
            }
            Err(error) => {
                if let Some(why) = refused(&error) {
                    screen::number_error(why);
                }
            }
        }
    }

    async fn deny(&self) {
        let request = DenyRequest { id: self.link.id, token: self.link.token.clone() };
        match api::deny(&request).await {
            Ok(_) => Screen::Denied.show(),
            Err(error) => {
                if let Some(why) = refused(&error) {
                    screen::denial_error(why);
                }
            }
        }
    }
}

/// What was confirmed now or, the answer having been lost, before.
fn confirmed(answer: &Confirmed) {
    match answer.state {
        ShareState::Live => Screen::Confirmed.show(),
        ShareState::Opened => screen::before("The item was shared, and it was opened since."),
        ShareState::Revoked => screen::before("The item was shared, and it was taken back since."),
        _ => screen::before("The item was shared, and it cannot be opened any more."),
    }
}

/// Shows how it ended; a sentence where it did not.
fn refused(error: &ApiError) -> Option<&'static str> {
    match error {
        ApiError::Unreachable => Some(
            "The server did not answer. Check your connection and press again, with the same number.",
        ),
        ApiError::Problem(problem) => match (problem.kind, problem.state) {
            (ProblemType::ShareOver, Some(state)) => {
                screen::over(state, problem.at);
                None
            }
            (ProblemType::UnknownShare, _) => {
                Screen::Unknown.show();
                None
            }
            (ProblemType::TooMany, _) => Some(
                "Too much was asked from your network within the hour. Nothing was used up: press \
                 again in a few minutes.",
            ),
            _ => Some(UNEXPECTED),
        },
        ApiError::Unexpected => Some(UNEXPECTED),
    }
}

const UNEXPECTED: &str = "The server gave an answer that this page does not understand. Try again.";
