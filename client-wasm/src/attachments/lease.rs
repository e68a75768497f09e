//! The claim's place on the server: kept while there is something to save, and its end.

use super::session::{Session, State};
use crate::{
    api::{self, ApiError},
    dom, words,
};
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use waxseal_core::wire::{Problem, ProblemType, ShareState};

/// Between two renewals; a lease is fifteen times as long.
const RENEWAL_MILLIS: i32 = 60_000;

/// Renews the lease till the claim is over, and warns who leaves too early.
pub(super) fn keep(session: &Rc<Session>) {
    warn_before_leaving(session);
    renew_later(Rc::clone(session));
}

fn renew_later(session: Rc<Session>) {
    dom::after(RENEWAL_MILLIS, move || {
        spawn_local(async move {
            if session.is_over() {
                return;
            }
            match api::renew(session.id, &session.claim).await {
                Ok(until) if !session.is_over() => session.keep_place_until(until),
                Err(ApiError::Problem(problem)) => refused(&session, &problem),
                _ => {}
            }
            renew_later(session);
        });
    });
}

/// The server refused this claim; if it is over, so is everything here.
pub(super) fn refused(session: &Rc<Session>, problem: &Problem) {
    let at = problem.at.map(|at| format!(" on {}", words::date(at))).unwrap_or_default();
    let why = match (problem.kind, problem.state) {
        (ProblemType::ShareOver, Some(ShareState::Expired)) => format!("The link expired{at}."),
        (ProblemType::ShareOver, Some(ShareState::Revoked)) => {
            format!("This item was taken back{at}, by the sender or by whoever runs this server.")
        }
        (ProblemType::ClaimOver, _) => {
            "This tab’s place is over: it lapsed, or the item was taken back.".to_owned()
        }
        (ProblemType::ShareOver | ProblemType::UnknownShare, _) => {
            "The server has this item no longer.".to_owned()
        }
        _ => return,
    };
    if session.is_over() {
        return;
    }
    let missing = session.count(&[State::Unsaved, State::Saving]);
    let rest = match missing {
        0 => "Everything was saved before.".to_owned(),
        _ => format!(
            "{} cannot be saved any more. Ask the sender to share {} again.",
            words::plural(missing as u64, "attachment"),
            if missing == 1 { "it" } else { "them" },
        ),
    };
    session.say(&format!("{why} {rest}"));
    session.end(false);
}

/// Leaving stops what is being saved, and loses for good what is not saved of a spent item.
fn warn_before_leaving(session: &Rc<Session>) {
    let session = Rc::clone(session);
    dom::on(&dom::window(), "beforeunload", move |event| {
        let unsaved = session.spent && session.count(&[State::Unsaved]) > 0;
        if !session.is_over() && (unsaved || session.queue.is_working()) {
            event.prevent_default();
            // Older browsers look at this one.
            js_sys::Reflect::set(&event, &"returnValue".into(), &true.into()).ok();
        }
    });
}
