//! Light or dark: as the system says, until the person switches.

use crate::dom;
use web_sys::{Element, HtmlElement};

const KEY: &str = "waxseal.theme";

/// Applies the choice made before and listens to the switch.
pub fn start() {
    let root = dom::document().document_element().expect("a document has a root");
    if let Some(theme) = storage().and_then(|storage| storage.get_item(KEY).ok().flatten()) {
        apply(&root, &theme);
    }
    let switch: HtmlElement = dom::by_id("theme");
    dom::on_click(&switch, move || {
        let theme = if is_dark(&root) { "light" } else { "dark" };
        apply(&root, theme);
        if let Some(storage) = storage() {
            // Without storage the choice lasts as long as the page.
            storage.set_item(KEY, theme).ok();
        }
    });
}

fn is_dark(root: &Element) -> bool {
    match root.get_attribute("data-theme").as_deref() {
        Some(theme) => theme == "dark",
        None => dom::window()
            .match_media("(prefers-color-scheme: dark)")
            .ok()
            .flatten()
            .is_some_and(|query| query.matches()),
    }
}

fn apply(root: &Element, theme: &str) {
    if ["light", "dark"].contains(&theme) {
        dom::set(root, "data-theme", theme);
    }
}

fn storage() -> Option<web_sys::Storage> {
    dom::window().local_storage().ok().flatten()
}
