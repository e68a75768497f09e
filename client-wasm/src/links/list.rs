//! The list on the screen.
//!
//! Invariant: a row stays the same element for as long as its link is there, so that whoever is at it
//! keeps their place.

use super::{fate, row};
use crate::{dom, owned::OwnedLink, words};
use std::{cell::RefCell, cmp::Reverse};
use waxseal_core::{
    time::Timestamp,
    token::ShareId,
    wire::{Answer, BatchStatus},
};
use web_sys::{Element, HtmlElement};

struct Row {
    link: OwnedLink,
    status: Option<BatchStatus>,
    element: Element,
    /// Whether its time was over when last looked at.
    ended: bool,
}

thread_local! {
    static ROWS: RefCell<Vec<Row>> = const { RefCell::new(Vec::new()) };
}

impl Row {
    /// The newest first; those of which that is not known last.
    fn order(&self) -> Reverse<Option<Timestamp>> {
        let told = match &self.status {
            Some(BatchStatus::Known(status)) => Some(status.created_at),
            _ => None,
        };
        Reverse(self.link.made_at.or(told))
    }

    fn draw(&self) {
        row::draw(
            &self.element,
            &self.link,
            &fate::of(&self.link, self.status.as_ref()),
            self.revocable(),
        );
    }

    fn revocable(&self) -> bool {
        self.status.as_ref().is_some_and(|status| fate::can_be_revoked(&self.link, status))
    }
}

/// These and no others are the links.
pub(super) fn set_links(links: &[OwnedLink]) {
    ROWS.with(|rows| {
        let mut rows = rows.borrow_mut();
        rows.retain(|row| {
            let there = links.iter().any(|link| link.id == row.link.id);
            if !there {
                row.element.remove();
            }
            there
        });
        for link in links {
            match rows.iter_mut().find(|row| row.link.id == link.id) {
                Some(row) => row.link = link.clone(),
                None => {
                    let element = row::make(link.id);
                    rows.push(Row { link: link.clone(), status: None, element, ended: false });
                }
            }
        }
        arrange(&mut rows);
    });
}

/// What the server said of some of them.
pub(super) fn set_statuses(statuses: &[BatchStatus]) {
    ROWS.with(|rows| {
        let mut rows = rows.borrow_mut();
        for status in statuses {
            let id = match status {
                BatchStatus::Known(status) => status.id,
                BatchStatus::Unknown { id, .. } => *id,
            };
            if let Some(row) = rows.iter_mut().find(|row| row.link.id == id) {
                row.status = Some(status.clone());
                row.ended = false;
            }
        }
        arrange(&mut rows);
    });
}

/// Draws the rows in their order, and moves none that is where it belongs.
fn arrange(rows: &mut [Row]) {
    rows.sort_by_key(Row::order);
    let list: HtmlElement = dom::by_id("links-list");
    let mut here = list.first_element_child();
    for row in rows {
        row.draw();
        if here.as_ref().is_some_and(|here| here.is_same_node(Some(&row.element))) {
            here = row.element.next_element_sibling();
        } else {
            let before = here.as_ref().map(AsRef::as_ref);
            let placed = list.insert_before(&row.element, before);
            debug_assert!(placed.is_ok(), "a list takes rows");
        }
    }
}

/// The link with this id, as it is now.
pub(super) fn link(id: ShareId) -> Option<OwnedLink> {
    ROWS.with(|rows| rows.borrow().iter().find(|row| row.link.id == id).map(|row| row.link.clone()))
}

/// When the link with this id was first opened, as far as is known.
pub(super) fn first_opening(id: ShareId) -> Option<Timestamp> {
    ROWS.with(|rows| {
        let rows = rows.borrow();
        match rows.iter().find(|row| row.link.id == id)?.status.as_ref()? {
            BatchStatus::Known(status) => status.opened_at.first().copied(),
            BatchStatus::Unknown { .. } => None,
        }
    })
}

/// What was sent in answer to the request with this id.
pub(super) fn answer(id: ShareId) -> Option<Answer> {
    ROWS.with(|rows| {
        let rows = rows.borrow();
        match rows.iter().find(|row| row.link.id == id)?.status.as_ref()? {
            BatchStatus::Known(status) => status.answer.as_deref().cloned(),
            BatchStatus::Unknown { .. } => None,
        }
    })
}

/// Whether the server knows the link with this id as one that can be revoked.
pub(super) fn is_revocable(id: ShareId) -> bool {
    ROWS.with(|rows| rows.borrow().iter().any(|row| row.link.id == id && row.revocable()))
}

/// The links whose fate, as it was told, is such.
pub(super) fn those(such: fn(&OwnedLink, &BatchStatus) -> bool) -> Vec<OwnedLink> {
    ROWS.with(|rows| {
        let rows = rows.borrow();
        let told = rows.iter().filter_map(|row| Some((&row.link, row.status.as_ref()?)));
        told.filter(|(link, status)| such(link, status)).map(|(link, _)| link.clone()).collect()
    })
}

/// Whether there is such a link.
pub(super) fn any(such: fn(&OwnedLink, &BatchStatus) -> bool) -> bool {
    !those(such).is_empty()
}

/// All links.
pub(super) fn all() -> Vec<OwnedLink> {
    ROWS.with(|rows| rows.borrow().iter().map(|row| row.link.clone()).collect())
}

/// Moves the countdowns on; whether the first to end since the last time has.
pub(super) fn count_down() -> bool {
    ROWS.with(|rows| {
        let mut ended = false;
        for row in rows.borrow_mut().iter_mut() {
            let fate = fate::of(&row.link, row.status.as_ref());
            let Some(until) = fate.until else { continue };
            row::count_down(&row.element, &fate);
            if fate::has_passed(until) && !row.ended {
                row.ended = true;
                ended = true;
            }
        }
        ended
    })
}

/// Says how many there are, and of how many the owner should know.
pub(super) fn sum_up() {
    ROWS.with(|rows| {
        let rows = rows.borrow();
        let live = rows.iter().filter(|row| row.revocable()).count();
        let early =
            rows.iter().filter(|row| fate::of(&row.link, row.status.as_ref()).early).count();
        let over = rows
            .iter()
            .any(|row| row.status.as_ref().is_some_and(|status| fate::is_over(&row.link, status)));
        let links = words::plural(rows.len() as u64, "link");
        let text = match live {
            0 if rows.iter().any(|row| row.link.request.is_some()) => format!("{links}."),
            0 => format!("{links}. None can be opened any more."),
            _ if rows.iter().any(|row| row.link.request.is_some()) => {
                format!("{links}, of which {live} can still be opened or answered.")
            }
            _ => format!("{links}, of which {live} can still be opened."),
        };
        dom::by_id::<HtmlElement>("summary").set_text_content(Some(&text));
        let what = match early {
            1 => "1 link, marked below.".to_owned(),
            _ => format!("{early} links, marked below."),
        };
        dom::by_id::<HtmlElement>("early-words").set_text_content(Some(&what));
        dom::show(&dom::by_id::<HtmlElement>("early"), early > 0);
        dom::show(&dom::by_id::<HtmlElement>("links-revoke"), live > 0);
        dom::show(&dom::by_id::<HtmlElement>("links-forget"), over);
    });
}
