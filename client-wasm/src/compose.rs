//! The sender's page: writing and sharing.
//!
//! Invariant: what is written leaves the page sealed or not at all.

pub mod answer;
pub mod ask;
pub(crate) mod attachments;
mod confirmation;
pub(crate) mod dialog;
mod form;
mod links;
mod page;
mod progress;
pub(crate) mod result;
mod send;
pub(crate) mod steps;
pub(crate) mod surroundings;

use crate::{
    api::{self, ApiError},
    dom, theme,
};
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen_futures::spawn_local;
use waxseal_core::wire::{IdentityMode, Policy, ProblemType};
use web_sys::{HtmlButtonElement, HtmlElement};

/// The server's policy, once it has answered.
pub(crate) type SharedPolicy = Rc<RefCell<Option<Policy>>>;

/// Takes over the page.
pub fn start() {
    theme::start();
    form::start();
    attachments::start();
    let policy = SharedPolicy::default();
    surroundings::are(Rc::new(page::Page));
    page::start();
    dialog::start(&policy);
    listen(&policy);
    links::start();
    let retry: HtmlElement = dom::by_id("retry-policy");
    {
        let policy = Rc::clone(&policy);
        dom::on_click(&retry, move || load(&policy));
    }
    load(&policy);
}

/// Listens to the button that opens the dialog.
fn listen(policy: &SharedPolicy) {
    let share: HtmlButtonElement = dom::by_id("share");
    share.set_disabled(true);
    let policy = Rc::clone(policy);
    dom::on_click(&share, move || match (form::read(), policy.borrow().as_ref()) {
        (Err(why), _) => form::error(&why),
        (Ok(_), Some(policy)) => {
            dialog::open(policy);
            if page::dialog().show_modal().is_err() {
                form::error("This browser cannot show the dialog. Use a newer one.");
            }
        }
        (Ok(_), None) => form::error("The server has not answered yet."),
    });
}

/// Asks the server what it allows; till it answers, nothing can be shared.
fn load(policy: &SharedPolicy) {
    let policy = Rc::clone(policy);
    spawn_local(async move {
        let answer = api::policy().await;
        let offline: HtmlElement = dom::by_id("offline");
        dom::show(&offline, answer.is_err());
        if let Ok(answer) = answer {
            let insecure = !dom::is_secure();
            dom::show(&dom::by_id::<HtmlElement>("insecure"), insecure);
            dom::show(&dom::by_id::<HtmlElement>("insecure-off"), !answer.allow_insecure_http);
            let elsewhere = answer.identity == IdentityMode::Grant;
            dom::show(&dom::by_id::<HtmlElement>("elsewhere"), elsewhere);
            form::allow(!elsewhere && (!insecure || answer.allow_insecure_http));
            attachments::set_limit(answer.max_bytes);
            *policy.borrow_mut() = Some(answer);
        }
    });
}

/// What to tell a person about a failed call.
fn explain(error: &ApiError) -> String {
    match error {
        ApiError::Unreachable => {
            "The server cannot be reached. What you wrote is still here; try again.".to_owned()
        }
        ApiError::Problem(problem) if problem.kind == ProblemType::TooMany => {
            "Too much was shared from your network within the hour. What you wrote is still here; try \
             again in a few minutes."
                .to_owned()
        }
        // Of what is wrong with a grant only whoever makes them can make something.
        ApiError::Problem(problem)
            if matches!(problem.kind, ProblemType::Grant | ProblemType::TokenRequired) =>
        {
            let why = problem.detail.as_deref().unwrap_or("there is none");
            format!(
                "This server did not take the application’s permission: {why}. Nothing was shared. \
                 Press “Get link” to try again."
            )
        }
        ApiError::Problem(problem) => {
            problem.detail.clone().unwrap_or_else(|| format!("{}.", problem.title))
        }
        ApiError::Unexpected => {
            "The server gave an answer that this page does not understand.".to_owned()
        }
    }
}
