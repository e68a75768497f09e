//! What is around the share dialog: the sender's page, or the page of another application.

use super::{attachments::Attachment, result::Made};
use futures_util::future::LocalBoxFuture;
use std::{cell::OnceCell, rc::Rc};
use waxseal_core::manifest::Field;
use zeroize::Zeroizing;

/// What is to be shared.
#[derive(Clone)]
pub(crate) struct Item {
    /// What the sender calls it, or nothing.
    pub(crate) title: String,
    /// What was written.
    pub(crate) fields: Vec<Field>,
    /// What goes with it.
    pub(crate) files: Vec<Attachment>,
}

/// What the dialog asks of the page that it is in.
pub(crate) trait Surroundings {
    /// What is to be shared now.
    ///
    /// # Errors
    /// A sentence for the person: it cannot be shared as it is.
    fn item(&self) -> Result<Item, String>;

    /// A new grant of the application that knows the person, where the server wants one.
    ///
    /// # Errors
    /// A sentence for the person: there is none.
    fn grant(&self) -> LocalBoxFuture<'_, Result<Zeroizing<String>, String>>;

    /// Whether this browser's “My links” has what is shared here.
    fn keeps_links(&self) -> bool;

    /// There is a link, and the dialog shows it.
    fn shared(&self, made: &Made);

    /// The person wants no link; the dialog is to be hidden.
    fn cancelled(&self);

    /// The link that was shown is revoked; the dialog has forgotten it and is to be hidden.
    fn revoked(&self);

    /// The person is done with the link; the dialog has forgotten it and is to be hidden.
    fn done(&self);
}

thread_local! {
    static AROUND: OnceCell<Rc<dyn Surroundings>> = const { OnceCell::new() };
}

/// Says, once, what is around the dialog.
pub(crate) fn are(surroundings: Rc<dyn Surroundings>) {
    let first = AROUND.with(|around| around.set(surroundings)).is_ok();
    debug_assert!(first, "a dialog is not moved");
}

/// What is around the dialog.
pub(crate) fn get() -> Rc<dyn Surroundings> {
    AROUND.with(|around| Rc::clone(around.get().expect("it is said before the dialog starts")))
}
