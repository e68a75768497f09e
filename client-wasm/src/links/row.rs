//! One link of the list, and what can be done with it.

use super::{confirm, fate, fate::Fate, list, open, refresh, say, show};
use crate::{
    api, dom,
    owned::{self, Change, OwnedLink, Sent},
    words,
};
use wasm_bindgen_futures::spawn_local;
use waxseal_core::token::ShareId;
use web_sys::{Element, HtmlElement, HtmlInputElement};

/// A row, with nothing in it yet.
pub(super) fn make(id: ShareId) -> Element {
    let row: Element = dom::from_template("link-row");
    on_click(&row, "open", move |_| open::answer(id));
    on_click(&row, "show", move |_| show::open(id));
    on_click(&row, "sent", move |_| change(id, Change::Sent(Some(super::now()))));
    on_click(&row, "expected", move |_| {
        if let Some(first) = list::first_opening(id) {
            change(id, Change::Sent(Some(first)));
        }
    });
    on_click(&row, "revoke", move |row| spawn_local(revoke(id, row.clone())));
    on_click(&row, "remove", move |row| spawn_local(remove(id, row.clone())));
    on_click(&row, "rename", move |row| {
        let input: HtmlInputElement = dom::slot(row, "label");
        input.set_value(&list::link(id).map(|link| link.label).unwrap_or_default());
        rename(row, true);
        dom::focus(&input);
        input.select();
    });
    on_click(&row, "cancel", |row| rename(row, false));
    on_click(&row, "save", move |row| {
        let label = dom::slot::<HtmlInputElement>(row, "label").value().trim().to_owned();
        rename(row, false);
        if !label.is_empty() {
            change(id, Change::Label(label));
        }
    });
    let target = row.clone();
    dom::on(&dom::slot::<Element>(&row, "renaming"), "keydown", move |event| {
        if dom::property(&event, "key") == "Escape" {
            rename(&target, false);
        }
    });
    row
}

/// Fills a row.
pub(super) fn draw(row: &Element, link: &OwnedLink, fate: &Fate, revocable: bool) {
    let text = |slot: &str, text: &str| {
        let place: HtmlElement = dom::slot(row, slot);
        // What has not changed is not read out again, nor does a selection in it get lost.
        if place.text_content().as_deref() != Some(text) {
            place.set_text_content(Some(text));
        }
    };
    text("name", &link.label);
    text("state", &fate.state);
    text("detail", &detail(fate));
    dom::set(row, "data-fate", fate.look.name());
    let unsent = link.sent_at == Sent::NotYet && fate.opened.is_empty() && revocable;
    for (slot, verb, shown) in [
        ("rename", "Rename", true),
        ("open", "Open the answer to", fate.answered),
        ("show", "Show link of", link.token.is_some() || link.request.is_some() && revocable),
        ("sent", "I have sent it:", unsent),
        ("revoke", taking_back(link), revocable),
        ("remove", "Remove", true),
    ] {
        let button: Element = dom::slot(row, slot);
        dom::set(&button, "aria-label", &format!("{verb} {}", link.label));
        dom::show(&button, shown);
    }
    text("revoke", taking_back(link));
    dom::show(&dom::slot(row, "early"), fate.early);
    let openings: Element = dom::slot(row, "openings");
    dom::show(&openings, fate.opened.len() > 1);
    let times: Element = dom::slot(row, "times");
    if times.child_element_count() != fate.opened.len() as u32 {
        times.set_text_content(None);
        for at in fate.opened.iter().rev() {
            let item: HtmlElement = dom::element("li");
            item.set_text_content(Some(&words::date(*at)));
            dom::append(&times, &item);
        }
    }
}

const fn taking_back(link: &OwnedLink) -> &'static str {
    if link.request.is_some() { "Withdraw" } else { "Revoke" }
}

/// Moves a row's countdown on.
pub(super) fn count_down(row: &Element, fate: &Fate) {
    let place: HtmlElement = dom::slot(row, "detail");
    let text = detail(fate);
    if place.text_content().as_deref() != Some(&text) {
        place.set_text_content(Some(&text));
    }
}

fn detail(fate: &Fate) -> String {
    match fate.until {
        Some(until) => format!("{} {}", fate.detail, fate::countdown(until)),
        None => fate.detail.clone(),
    }
}

fn on_click(row: &Element, slot: &str, handler: impl Fn(&Element) + 'static) {
    let target = row.clone();
    dom::on_click(&dom::slot::<Element>(row, slot), move || handler(&target));
}

/// Shows the title, or the form to change it.
fn rename(row: &Element, renaming: bool) {
    dom::show(&dom::slot(row, "renaming"), renaming);
    dom::show(&dom::slot(row, "naming"), !renaming);
    if !renaming {
        dom::focus(&dom::slot(row, "rename"));
    }
}

fn change(id: ShareId, change: Change) {
    spawn_local(async move {
        if owned::change(id, change).await.is_err() {
            say("This browser could not keep the change.");
        }
        refresh();
    });
}

async fn revoke(id: ShareId, row: Element) {
    let Some(link) = list::link(id) else { return };
    let verb = taking_back(&link);
    let (text, done) = if link.request.is_some() {
        ("Nobody can answer it any more. This cannot be undone.", "withdrawn")
    } else {
        ("Nobody can open it any more. This cannot be undone.", "revoked")
    };
    if !confirm::ask(&format!("{verb} “{}”?", link.label), text, verb).await {
        return;
    }
    let label = &link.label;
    if api::revoke(id, &link.owner).await.is_ok() {
        say(&format!("“{label}” was {done}."));
        // The button is about to go.
        dom::focus(&dom::slot(&row, "name"));
    } else {
        say(&format!("“{label}” was not {done}: the server did not answer. Try again."));
    }
    refresh();
}

async fn remove(id: ShareId, row: Element) {
    let Some(link) = list::link(id) else { return };
    let answered = list::answer(id).is_some_and(|answer| !fate::has_passed(answer.expires_at));
    let text = if answered {
        "The key that opens its answer goes with it. If you have not opened the answer, nobody ever will."
    } else if link.request.is_some() {
        "It can still be answered, and nobody could open the answer. To end it, withdraw it first."
    } else {
        "It can still be opened, and without the list you cannot revoke it. To end it, revoke it first."
    };
    if (list::is_revocable(id) || answered)
        && !confirm::ask(&format!("Remove “{}” from the list?", link.label), text, "Remove").await
    {
        return;
    }
    let next = row.next_element_sibling().or_else(|| row.previous_element_sibling());
    if owned::remove([id].into_iter()).await.is_err() {
        say("This browser could not remove it.");
        return;
    }
    let next = next.map(|row| dom::slot(&row, "name"));
    dom::focus(&next.unwrap_or_else(|| dom::by_id::<HtmlElement>("title")));
    dom::announce("Removed");
    refresh();
}
