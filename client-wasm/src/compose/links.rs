//! My links: what was made in this browser, and what became of it.

use crate::{
    api, dom,
    storage::{self, OwnedLink},
    words,
};
use wasm_bindgen_futures::spawn_local;
use waxseal_core::wire::{
    BATCH_LIMIT, BatchStatus, BatchStatusRequest, OwnedShare, ShareState, Status,
};
use web_sys::{Element, HtmlButtonElement, HtmlElement};

/// Shows the list and listens to its buttons.
pub(super) fn start() {
    dom::on_click(&dom::by_id::<HtmlElement>("links-forget"), || {
        spawn_local(async {
            let Ok(rows) = ask().await else { return };
            let over = |id| rows.iter().any(|(link, status)| link.id == id && !is_live(status));
            // As they are now: another tab may have made one while the server answered.
            let kept: Vec<_> = storage::links().into_iter().filter(|link| !over(link.id)).collect();
            storage::set_links(&kept);
            refresh();
        });
    });
    dom::on_click(&dom::by_id::<HtmlElement>("links-revoke"), || {
        spawn_local(async {
            let Ok(rows) = ask().await else { return };
            for (link, _) in rows.iter().filter(|(_, status)| is_live(status)) {
                // One that fails stays in the list as it is, with its own button.
                api::revoke(link.id, &link.owner).await.ok();
            }
            refresh();
        });
    });
    // Coming back to the tab is when somebody wants to know.
    dom::on(&dom::document(), "visibilitychange", |_| {
        if !dom::document().hidden() {
            refresh();
        }
    });
    refresh();
}

/// Asks the server and shows the list anew.
pub(super) fn refresh() {
    let known = !storage::links().is_empty();
    dom::show(&dom::by_id::<HtmlElement>("links"), known);
    if !known {
        return;
    }
    spawn_local(async {
        let list: HtmlElement = dom::by_id("links-list");
        if let Ok(rows) = ask().await {
            list.set_text_content(None);
            for (link, status) in rows.iter().rev() {
                dom::append(&list, &row(link, status));
            }
        }
    });
}

/// Every link with its status, as many calls as it takes.
async fn ask() -> Result<Vec<(OwnedLink, BatchStatus)>, api::ApiError> {
    let mut rows = Vec::new();
    for links in storage::links().chunks(BATCH_LIMIT) {
        let shares = links.iter().map(|link| OwnedShare { id: link.id, owner: link.owner.clone() });
        let request = BatchStatusRequest { shares: shares.collect() };
        let statuses = api::statuses(&request).await?;
        rows.extend(links.iter().cloned().zip(statuses));
    }
    Ok(rows)
}

const fn is_live(status: &BatchStatus) -> bool {
    matches!(status, BatchStatus::Known(Status { state: ShareState::Live, .. }))
}

fn row(link: &OwnedLink, status: &BatchStatus) -> Element {
    let row: Element = dom::from_template("link-row");
    dom::slot::<HtmlElement>(&row, "name").set_text_content(Some(&link.label));
    dom::slot::<HtmlElement>(&row, "state").set_text_content(Some(&describe(status)));
    let button: HtmlButtonElement = dom::slot(&row, "revoke");
    dom::set(&button, "aria-label", &format!("Revoke {}", link.label));
    dom::show(&button, is_live(status));
    let link = link.clone();
    let target = button.clone();
    dom::on_click(&button, move || {
        target.set_disabled(true);
        let (link, target) = (link.clone(), target.clone());
        spawn_local(async move {
            if api::revoke(link.id, &link.owner).await.is_ok() {
                dom::announce("Revoked");
                refresh();
            }
            target.set_disabled(false);
        });
    });
    row
}

fn describe(status: &BatchStatus) -> String {
    let BatchStatus::Known(status) = status else {
        return "Over, and forgotten by the server".to_owned();
    };
    let opened = status.opened_at.last().map(|at| words::date(*at));
    let at = |time: Option<_>| time.map(|at| format!(" {}", words::date(at))).unwrap_or_default();
    match status.state {
        ShareState::Live => {
            let left = status.expires_at.map(|at| words::span(at.since(words::now())));
            let left = left.map(|left| format!(" · expires in {left}")).unwrap_or_default();
            match opened {
                None => format!("Waiting{left}"),
                Some(when) => {
                    let count = words::plural(status.opened_at.len() as u64, "time");
                    format!("Opened {count}, last {when}{left}")
                }
            }
        }
        ShareState::Opened => format!("Opened{}", at(status.opened_at.last().copied())),
        ShareState::Expired => format!("Expired{}", at(status.expires_at)),
        ShareState::Revoked => format!("Revoked{}", at(status.revoked_at)),
        ShareState::Burned => "Destroyed after ten wrong passphrases".to_owned(),
        ShareState::Staged | ShareState::Pending | ShareState::Unknown => "Not finished".to_owned(),
    }
}
