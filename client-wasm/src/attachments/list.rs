//! The list of attachments, and what can be done with all of them.

use super::{
    build::{button, element, text, with},
    disk, done, preview, queue, save,
    session::{Attachment, Session, State, show_all},
    sink::Way,
};
use crate::{dom, transfer::Snapshot, words};
use std::{rc::Rc, time::Duration};
use wasm_bindgen_futures::spawn_local;
use web_sys::{HtmlButtonElement, HtmlElement, HtmlProgressElement};

/// A claim lasts no longer than this.
const LONGEST_CLAIM: Duration = Duration::from_secs(24 * 60 * 60);

/// What stands under the list and changes.
#[derive(Clone)]
pub(super) struct Foot {
    save_all: HtmlButtonElement,
    done: HtmlButtonElement,
    /// Where a question is asked.
    question: HtmlElement,
    work: HtmlElement,
    bar: HtmlProgressElement,
    amount: HtmlElement,
    cancel: HtmlButtonElement,
    said: HtmlElement,
}

/// Fills the page's place for attachments.
pub(super) fn show(session: &Rc<Session>) {
    let place: HtmlElement = dom::by_id("attachments");
    place.set_text_content(None);
    place.set_class_name("attachments stack");
    let total = session.attachments.iter().map(Attachment::size).sum();
    let count = session.attachments.len();
    let heading = text("h2", "", &words::plural(count as u64, "attachment"));
    let about = text("p", "quiet small", &about(session, total));
    let limits = text("p", "quiet small limits?", "");
    let list: HtmlElement = element("ul", "files");
    for (number, attachment) in session.attachments.iter().enumerate() {
        dom::append(&list, &attachment.row.item);
        listen(session, number);
    }
    let foot = Foot::build(session, count > 1);
    let bar = with(element::<HtmlElement>("div", "row"), &[&foot.save_all, &foot.done]);
    with(
        place.clone(),
        &[&heading, &about, &limits, &list, &foot.work, &foot.said, &foot.question, &bar],
    );
    *session.foot.borrow_mut() = Some(foot);
    may_clear(false);
    say_limits(session, limits);
}

/// Clearing the screen alone ends no claim.
fn may_clear(may: bool) {
    for button in dom::all("[data-slot=clear]") {
        dom::show(&button, may);
    }
}

fn about(session: &Session, total: u64) -> String {
    let latest = session.expires_at.min(words::now().after(LONGEST_CLAIM));
    format!(
        "{} in all. This tab can save until {} at the latest.",
        words::size(total),
        words::date(latest)
    )
}

fn listen(session: &Rc<Session>, number: usize) {
    let row = &session.attachments[number].row;
    let on = |button: &HtmlButtonElement, act: fn(&Rc<Session>, usize)| {
        let session = Rc::clone(session);
        dom::on_click(button, move || act(&session, number));
    };
    on(&row.save, |session, number| {
        let attachment = &session.attachments[number];
        if !attachment.risky {
            return save::start(session, number);
        }
        let words = "Opening this file can run a program on your device, with all that you may do. \
            Save it only if you expected it and trust who sent it.";
        let session = Rc::clone(session);
        ask(&attachment.row.question, words, "Save anyway", "Do not save", move || {
            save::start(&session, number);
        });
    });
    on(&row.cancel, |session, number| queue::cancel(session, number));
    on(&row.preview, preview::toggle);
}

/// One sentence, where the browser's limits matter to this item.
fn say_limits(session: &Rc<Session>, place: HtmlElement) {
    let largest = session.attachments.iter().map(Attachment::size).max();
    let largest = largest.unwrap_or(0);
    if largest <= save::SMALL || disk::can_ask_file() {
        return;
    }
    let session = Rc::clone(session);
    spawn_local(async move {
        let text = match save::without_asking(largest).await {
            None => save::too_large(&session),
            Some(Way::Memory) => {
                "This browser puts large files together in memory before it saves them.".to_owned()
            }
            Some(_) => {
                "This browser keeps a copy of each large file till you are done, so have twice \
                its size free."
                    .to_owned()
            }
        };
        place.set_text_content(Some(&text));
        dom::show(&place, true);
    });
}

impl Foot {
    fn build(session: &Rc<Session>, several: bool) -> Self {
        let end = if session.spent { "Done, delete now" } else { "Done" };
        let foot = Self {
            save_all: button("button primary", "Save all"),
            done: button("button", end),
            question: element("div", "note warn stack question?"),
            work: element("div", "work?"),
            bar: element("progress", "bar"),
            amount: text("p", "quiet small amount", ""),
            cancel: button("button plain", "Cancel all"),
            said: text("p", "note said?", ""),
        };
        dom::set(&foot.bar, "aria-label", "Saving all");
        dom::set(&foot.said, "role", "status");
        foot.bar.set_max(100.0);
        with(foot.work.clone(), &[&foot.bar, &foot.amount, &foot.cancel]);
        dom::show(&foot.save_all, several);
        let on = |button: &HtmlButtonElement, act: fn(&Rc<Session>)| {
            let session = Rc::clone(session);
            dom::on_click(button, move || act(&session));
        };
        on(&foot.save_all, save_all);
        on(&foot.done, |session| done::press(session, false));
        on(&foot.cancel, |session| queue::clear(session));
        foot
    }

    /// All of the queue is so far.
    pub(super) fn progress(&self, snapshot: &Snapshot) {
        self.bar.set_value(snapshot.percent() as f64);
        self.amount.set_text_content(Some(&snapshot.words()));
        dom::show(&self.work, true);
    }

    /// Something is being saved.
    pub(super) fn works(&self) {
        show_all(&[&self.save_all, &self.said, &self.question], false);
    }

    /// Nothing is being saved. `missing` = how many attachments never were.
    pub(super) fn rests(&self, missing: usize) {
        dom::show(&self.work, false);
        dom::show(&self.save_all, missing > 1);
        self.done.class_list().toggle_with_force("primary", missing == 0).ok();
    }

    /// Says something about all of it.
    pub(super) fn say(&self, text: &str) {
        self.said.set_text_content(Some(text));
        dom::show(&self.said, true);
    }

    /// Asks whether to delete what was not saved.
    pub(super) fn ask_done(&self, session: &Rc<Session>, text: &str) {
        let session = Rc::clone(session);
        ask(&self.question, text, "Delete now", "Go on saving", move || {
            done::press(&session, true);
        });
    }

    /// While the claim is being ended.
    pub(super) fn ends(&self, ends: bool) {
        self.done.set_disabled(ends);
    }

    /// Nothing can be done any more, but to clear the screen.
    pub(super) fn retire(&self) {
        may_clear(true);
        show_all(&[&self.save_all, &self.done, &self.question, &self.work], false);
    }
}

fn save_all(session: &Rc<Session>) {
    let unsaved = |(n, one): (usize, &Attachment)| (one.state.get() == State::Unsaved).then_some(n);
    let numbers: Vec<usize> = session.attachments.iter().enumerate().filter_map(unsaved).collect();
    let risky = |n: &&usize| session.attachments[**n].risky;
    let names: Vec<&str> =
        numbers.iter().filter(risky).map(|n| session.attachments[*n].name.as_str()).collect();
    let Some(foot) = session.foot().filter(|_| !names.is_empty()) else {
        return save::start_all(session, numbers);
    };
    const NAMED: usize = 5;
    let mut listed = names[..names.len().min(NAMED)].join(", ");
    if names.len() > NAMED {
        listed += &format!(" and {} more", names.len() - NAMED);
    }
    let words = format!(
        "Opening some of these files can run a program on your device: {listed}. Save them only if you \
         expected them and trust who sent them."
    );
    let session = Rc::clone(session);
    ask(&foot.question, &words, "Save all anyway", "Do not save", move || {
        save::start_all(&session, numbers.clone());
    });
}

/// Asks in `place`; `yes` is called by the click that says so.
fn ask(place: &HtmlElement, words: &str, yes: &str, no: &str, act: impl Fn() + 'static) {
    let before = dom::document().active_element();
    place.set_text_content(None);
    let (yes, no) = (button("button", yes), button("button", no));
    let question = text("p", "", words);
    dom::set(place, "role", "group");
    dom::set(place, "aria-label", words);
    let choice = with(element::<HtmlElement>("div", "row"), &[&yes, &no]);
    with(place.clone(), &[&question, &choice]);
    dom::show(place, true);
    dom::focus(&no);
    let close = {
        let place = place.clone();
        move || {
            dom::show(&place, false);
            place.set_text_content(None);
            if let Some(before) = before.clone() {
                dom::focus(&wasm_bindgen::JsCast::unchecked_into(before));
            }
        }
    };
    {
        let close = close.clone();
        dom::on_click(&no, close);
    }
    dom::on_click(&yes, move || {
        close();
        act();
    });
}
