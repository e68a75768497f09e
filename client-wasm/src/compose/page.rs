//! The sender's page, around the dialog.

use super::{
    attachments, form, links,
    result::Made,
    steps,
    surroundings::{Item, Surroundings},
};
use crate::dom;
use futures_util::future::LocalBoxFuture;
use web_sys::{HtmlDialogElement, HtmlElement};
use zeroize::Zeroizing;

/// The sender's own page.
pub(super) struct Page;

/// The dialog's frame.
pub(super) fn dialog() -> HtmlDialogElement {
    dom::by_id("dialog")
}

/// Listens to what would close the dialog.
pub(super) fn start() {
    // Escape must not lose a link that was just made.
    dom::on(&dialog(), "cancel", |event| {
        if steps::current() != steps::Step::Options {
            event.prevent_default();
        }
    });
    // The browser asks only once whether it may close; after that this is the only way to be asked.
    dom::on(&dialog(), "keydown", |event| {
        if dom::property(&event, "key") == "Escape" && steps::current() != steps::Step::Options {
            event.prevent_default();
        }
    });
}

impl Surroundings for Page {
    fn item(&self) -> Result<Item, String> {
        let written = form::read()?;
        Ok(Item { title: written.title, fields: written.fields, files: attachments::all() })
    }

    fn grant(&self) -> LocalBoxFuture<'_, Result<Zeroizing<String>, String>> {
        // Nobody gets here: where the server wants one, the page cannot share.
        Box::pin(async { Err("Sharing starts in your application.".to_owned()) })
    }

    fn keeps_links(&self) -> bool {
        true
    }

    fn shared(&self, _: &Made) {
        links::refresh();
    }

    fn cancelled(&self) {
        dialog().close();
    }

    fn revoked(&self) {
        dialog().close();
        links::refresh();
        dom::announce("The link was revoked. What you wrote is still here.");
    }

    fn done(&self) {
        dialog().close();
        form::clear();
        dom::focus(&dom::by_id::<HtmlElement>("title"));
    }
}
