//! An answer to a request, opened by whoever asked.
//!
//! Invariant: what is opened here is the answer's link, not the answer: the recipient's page opens that,
//! once, as it does for everybody.

use super::{list, say};
use crate::dom;
use waxseal_core::token::ShareId;

/// Goes to the share that answers a request.
pub(super) fn answer(id: ShareId) {
    let Some((request, answer)) =
        list::link(id).and_then(|link| link.request).zip(list::answer(id))
    else {
        return;
    };
    let Ok(secret) = request.key.open(id, answer.share, &answer.sealed) else {
        return say(
            "This answer cannot be opened: it was not sealed for this request, or was damaged.",
        );
    };
    let gone = dom::window().location().set_href(&secret.to_link(&dom::origin()));
    debug_assert!(gone.is_ok(), "a link is an address");
}
