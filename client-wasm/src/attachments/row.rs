//! One attachment on the screen.

use super::{
    build::{button, element, icon, text, with},
    session::show_all,
};
use crate::{dom, kind::Kind, transfer::Snapshot, words};
use web_sys::{HtmlButtonElement, HtmlElement, HtmlProgressElement};

/// The elements of an attachment that change.
#[derive(Clone)]
pub(super) struct Row {
    name: String,
    pub(super) item: HtmlElement,
    pub(super) save: HtmlButtonElement,
    /// For what can be looked at.
    pub(super) preview: HtmlButtonElement,
    pub(super) cancel: HtmlButtonElement,
    /// The warning at what may run what it holds.
    pub(super) risk: HtmlElement,
    /// Where a question is asked.
    pub(super) question: HtmlElement,
    /// Where the attachment is shown.
    pub(super) shown: HtmlElement,
    work: HtmlElement,
    bar: HtmlProgressElement,
    amount: HtmlElement,
    said: HtmlElement,
}

/// How a sentence at an attachment is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Good,
    Bad,
}

impl Row {
    /// `name` is clean.
    pub(super) fn build(name: &str, kind: Kind, size: u64) -> Self {
        let row = Self {
            name: name.to_owned(),
            item: element("li", "file"),
            save: button("button", "Save"),
            preview: button("button", "Preview"),
            cancel: button("button plain", "Cancel"),
            risk: text("p", "small risk", "Opening it can run a program."),
            question: element("div", "note warn stack question?"),
            shown: element("figure", "shown?"),
            work: element("div", "work?"),
            bar: element("progress", "bar"),
            amount: text("p", "quiet small amount", ""),
            said: text("p", "small said?", ""),
        };
        for (button, does) in
            [(&row.save, "Save"), (&row.preview, "Preview"), (&row.cancel, "Cancel")]
        {
            row.label(button, does);
        }
        dom::set(&row.bar, "aria-label", &format!("Saving {name}"));
        row.bar.set_max(100.0);
        let label = text("bdi", "filename", name);
        dom::set(&label, "dir", "auto");
        let about = with(
            element::<HtmlElement>("div", "about"),
            &[&label, &text("p", "quiet small", &words::size(size)), &row.risk],
        );
        let actions = with(element::<HtmlElement>("div", "actions"), &[&row.preview, &row.save]);
        with(row.work.clone(), &[&row.bar, &row.amount, &row.cancel]);
        with(
            row.item.clone(),
            &[
                &icon(kind.path()),
                &about,
                &actions,
                &row.question,
                &row.work,
                &row.said,
                &row.shown,
            ],
        );
        row
    }

    /// Its turn comes later.
    pub(super) fn waits(&self) {
        self.bar.set_value(0.0);
        self.amount.set_text_content(Some("Waiting for its turn"));
        self.works(true);
    }

    /// So far it is. `alone` = nothing else tells the speed.
    pub(super) fn progress(&self, snapshot: &Snapshot, alone: bool) {
        self.bar.set_value(snapshot.percent() as f64);
        let amount = if alone {
            snapshot.words()
        } else {
            let (done, total) = (words::size(snapshot.done), words::size(snapshot.total));
            format!("{done} of {total}")
        };
        self.amount.set_text_content(Some(&amount));
        self.works(true);
    }

    /// Nothing goes on; `text` says how it ended.
    pub(super) fn rests(&self, text: &str, tone: Tone) {
        // The button that was pressed is about to vanish.
        let focused = dom::document().active_element();
        let had_focus = focused.as_ref() == Some(self.cancel.as_ref());
        self.works(false);
        self.said.set_text_content(Some(text));
        self.said.class_list().toggle_with_force("good", tone == Tone::Good).ok();
        self.said.class_list().toggle_with_force("error", tone == Tone::Bad).ok();
        dom::show(&self.said, !text.is_empty());
        let label = if tone == Tone::Good { "Save again" } else { "Save" };
        self.label(&self.save, label);
        if had_focus {
            dom::focus(&self.save);
        }
    }

    /// Gives a button of this row its text, and its name for those who do not see the row.
    pub(super) fn label(&self, button: &HtmlButtonElement, text: &str) {
        button.set_text_content(Some(text));
        dom::set(button, "aria-label", &format!("{text} {}", self.name));
    }

    /// Nothing can be done with it any more.
    pub(super) fn retire(&self) {
        self.works(false);
        show_all(&[&self.save, &self.preview, &self.question], false);
    }

    fn works(&self, works: bool) {
        show_all(&[&self.work], works);
        dom::show(&self.save, !works);
        if works {
            show_all(&[&self.said, &self.question], false);
        }
    }
}
