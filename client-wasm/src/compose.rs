//! The sender's page: writing and sharing.
//!
//! Invariant: what is written leaves the page sealed or not at all.

mod attachments;
mod confirmation;
mod dialog;
mod form;
mod links;
mod progress;
mod result;
mod send;
mod steps;

use crate::{
    api::{self, ApiError},
    dom, theme,
};
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen_futures::spawn_local;
use waxseal_core::wire::{IdentityMode, Policy, ProblemType};
use web_sys::HtmlElement;

/// The server's policy, once it has answered.
type SharedPolicy = Rc<RefCell<Option<Policy>>>;

/// Takes over the page.
pub fn start() {
    theme::start();
    form::start();
    attachments::start();
    send::start();
    let policy = SharedPolicy::default();
    dialog::start(&policy);
    links::start();
    let retry: HtmlElement = dom::by_id("retry-policy");
    {
        let policy = Rc::clone(&policy);
        dom::on_click(&retry, move || load(&policy));
    }
    load(&policy);
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
        ApiError::Problem(problem) => {
            problem.detail.clone().unwrap_or_else(|| format!("{}.", problem.title))
        }
        ApiError::Unexpected => {
            "The server gave an answer that this page does not understand.".to_owned()
        }
    }
}
