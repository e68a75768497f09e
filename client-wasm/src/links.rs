//! My links: what was made in this browser, and what became of it.
//!
//! Invariant: the list is the browser's, the fates are the server's; a row shows nothing of a fate that
//! the server did not tell.

mod backup;
mod confirm;
mod fate;
mod keeping;
mod list;
mod open;
mod row;
mod show;

use crate::{
    api, dom,
    owned::{self, OwnedLink},
    theme, words,
};
use std::cell::Cell;
use wasm_bindgen_futures::spawn_local;
use waxseal_core::{
    time::Timestamp,
    wire::{BATCH_LIMIT, BatchStatus, BatchStatusRequest, OwnedShare},
};
use web_sys::{HtmlButtonElement, HtmlElement};

/// Between two looks at the clock.
const TICK_MILLIS: i32 = 1000;
/// Looks at the clock between two questions to the server, while somebody looks at the page.
const TICKS: u32 = 30;

thread_local! {
    /// Milliseconds that the server's clock is ahead of this device's.
    static AHEAD: Cell<i64> = const { Cell::new(0) };
    /// Whether the server is being asked, and whether it is to be asked again then.
    static ASKING: Cell<Asking> = const { Cell::new(Asking::No) };
    static TICKED: Cell<u32> = const { Cell::new(0) };
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Asking {
    No,
    Once,
    Again,
}

/// Takes over the page.
pub fn start() {
    theme::start();
    show::start();
    backup::start();
    keeping::start();
    confirm::start();
    dom::on_click(&dom::by_id::<HtmlElement>("again"), refresh);
    dom::on_click(&dom::by_id::<HtmlElement>("links-forget"), || spawn_local(forget_those_over()));
    dom::on_click(&dom::by_id::<HtmlElement>("links-revoke"), || spawn_local(revoke_all()));
    owned::on_change(refresh);
    // Coming back to the tab is when somebody wants to know.
    dom::on(&dom::document(), "visibilitychange", |_| {
        if !dom::document().hidden() {
            refresh();
        }
    });
    refresh();
    dom::after(TICK_MILLIS, tick);
}

/// Reads the list and asks the server anew. What is asked while an answer is awaited is asked then.
fn refresh() {
    if ASKING.replace(Asking::Again) != Asking::No {
        return;
    }
    spawn_local(async {
        while ASKING.get() == Asking::Again {
            ASKING.set(Asking::Once);
            ask().await;
        }
        ASKING.set(Asking::No);
    });
}

async fn ask() {
    let links = owned::all().await;
    dom::show(&dom::by_id::<HtmlElement>("unkept"), links.is_err());
    let links = links.unwrap_or_default();
    dom::show(&dom::by_id::<HtmlElement>("none"), links.is_empty());
    dom::show(&dom::by_id::<HtmlElement>("listed"), !links.is_empty());
    list::set_links(&links);
    keeping::reflect(!links.is_empty());
    let mut reached = true;
    for some in links.chunks(BATCH_LIMIT) {
        match ask_for(some).await {
            Ok(statuses) => list::set_statuses(&statuses),
            Err(_) => reached = false,
        }
    }
    dom::show(&dom::by_id::<HtmlElement>("offline"), !reached);
    list::sum_up();
}

async fn ask_for(links: &[OwnedLink]) -> Result<Vec<BatchStatus>, api::ApiError> {
    let shares = links.iter().map(|link| OwnedShare { id: link.id, owner: link.owner.clone() });
    let request = BatchStatusRequest { shares: shares.collect() };
    let (statuses, server_now) = api::statuses(&request).await?;
    if let Some(server_now) = server_now {
        AHEAD.set(server_now.unix_millis() as i64 - words::now().unix_millis() as i64);
    }
    Ok(statuses)
}

/// Now, by the server's clock as far as it is known.
fn now() -> Timestamp {
    let now = words::now().unix_millis();
    Timestamp::from_unix_millis(now.saturating_add_signed(AHEAD.get()))
}

/// Moves the countdowns on; asks the server when one has ended, and now and then.
fn tick() {
    dom::after(TICK_MILLIS, tick);
    if dom::document().hidden() {
        return;
    }
    TICKED.set(TICKED.get() + 1);
    let ended = list::count_down();
    if ended || (TICKED.get().is_multiple_of(TICKS) && list::any(fate::can_be_revoked)) {
        refresh();
    }
}

async fn revoke_all() {
    let links = list::those(fate::can_be_revoked);
    let what = words::plural(links.len() as u64, "link");
    let text = "Nobody can open them any more. This cannot be undone.";
    if links.is_empty() || !confirm::ask(&format!("Revoke {what}?"), text, "Revoke all").await {
        return;
    }
    let mut revoked = 0;
    for link in &links {
        revoked += u64::from(api::revoke(link.id, &link.owner).await.is_ok());
    }
    say(&if revoked == links.len() as u64 {
        format!("{what} revoked.")
    } else {
        format!(
            "Only {revoked} of {what} were revoked. The server did not answer for the others; try again."
        )
    });
    refresh();
}

async fn forget_those_over() {
    let links = list::those(fate::is_over);
    let ids = links.iter().map(|link| link.id);
    if links.is_empty() {
        say("None of them is over.");
    } else if owned::remove(ids).await.is_ok() {
        say(&format!("{} removed.", words::plural(links.len() as u64, "link")));
        refresh();
    }
    dom::focus(&dom::by_id::<HtmlElement>("title"));
}

/// Says what came of something that was asked for.
fn say(text: &str) {
    dom::by_id::<HtmlElement>("said").set_text_content(Some(text));
}

fn button(id: &str) -> HtmlButtonElement {
    dom::by_id(id)
}
