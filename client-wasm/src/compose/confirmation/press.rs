//! The buttons of confirming, as something to wait for.
//!
//! Invariant: a press is a person's, and is heard once; while nobody waits, the last one is kept.

use crate::dom;
use std::{
    cell::Cell,
    future::poll_fn,
    task::{Poll, Waker},
};
use web_sys::HtmlElement;

/// What was pressed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Press {
    /// “Send mail”.
    Send,
    /// “Send again”.
    Again,
    /// “Cancel”.
    Cancel,
}

thread_local! {
    static PRESSED: Cell<Option<Press>> = const { Cell::new(None) };
    static WAITING: Cell<Option<Waker>> = const { Cell::new(None) };
}

/// Listens.
pub(super) fn start() {
    for (id, press) in [
        ("send-mail", Press::Send),
        ("send-again", Press::Again),
        ("identity-cancel", Press::Cancel),
        ("waiting-cancel", Press::Cancel),
    ] {
        dom::on_click(&dom::by_id::<HtmlElement>(id), move || {
            PRESSED.set(Some(press));
            if let Some(waiting) = WAITING.take() {
                waiting.wake();
            }
        });
    }
}

/// Forgets what was pressed before.
pub(super) fn clear() {
    PRESSED.set(None);
}

/// What is pressed next.
pub(super) async fn next() -> Press {
    poll_fn(|context| match PRESSED.take() {
        Some(press) => Poll::Ready(press),
        None => {
            WAITING.set(Some(context.waker().clone()));
            Poll::Pending
        }
    })
    .await
}

/// Waits for “Cancel”, whatever else is pressed.
pub(super) async fn cancel() {
    while next().await != Press::Cancel {}
}
