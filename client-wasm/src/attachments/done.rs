//! The end of a claim: by itself when everything is surely on disk, else when the person says so.

use super::{
    queue,
    session::{Session, State},
    sink,
};
use crate::{
    api::{self, ApiError},
    words,
};
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use waxseal_core::wire::ProblemType;

/// Nothing is being saved any more.
pub(super) async fn settle(session: &Rc<Session>) {
    let Some(foot) = session.foot().filter(|_| !session.is_over()) else { return };
    let missing = session.count(&[State::Unsaved]);
    foot.rests(missing);
    let handed_over = session.count(&[State::HandedOver]);
    if session.count(&[State::Saved]) == session.attachments.len() {
        if acknowledge(session).await {
            let deleted = if session.spent { " The server has deleted the item." } else { "" };
            foot.say(&format!("Everything is saved.{deleted}"));
            session.end(false);
        }
    } else if handed_over > 0 {
        let them = if handed_over == 1 { "it is" } else { "they are" };
        let then = match (missing, session.spent) {
            (0, true) => ", then press Done, delete now.".to_owned(),
            (0, false) => ", then press Done.".to_owned(),
            _ => format!(". Not saved yet: {}.", words::plural(missing as u64, "attachment")),
        };
        foot.say(&format!("Handed to your browser’s downloads. Check that {them} there{then}"));
    }
}

/// The person is done; asks once more if something would be lost.
pub(super) fn press(session: &Rc<Session>, sure: bool) {
    let Some(foot) = session.foot() else { return };
    let unsaved = session.count(&[State::Unsaved, State::Saving]);
    if session.spent && unsaved > 0 && !sure {
        let were = if unsaved == 1 { "was" } else { "were" };
        let count = words::plural(unsaved as u64, "attachment");
        foot.ask_done(session, &format!("{count} {were} not saved. Delete anyway?"));
        return;
    }
    let session = Rc::clone(session);
    spawn_local(async move {
        foot.ends(true);
        queue::clear(&session);
        if acknowledge(&session).await {
            sink::forget_handed_over().await;
            session.end(true);
        } else {
            foot.ends(false);
            foot.say("The server cannot be reached, so the item is still there. Try again.");
        }
    });
}

/// Ends the claim; whether it is over.
async fn acknowledge(session: &Session) -> bool {
    match api::acknowledge(session.id, &session.claim).await {
        Ok(()) => true,
        Err(ApiError::Problem(problem)) => matches!(
            problem.kind,
            ProblemType::ClaimOver | ProblemType::ShareOver | ProblemType::UnknownShare
        ),
        Err(ApiError::Unreachable | ApiError::Unexpected) => false,
    }
}
