//! Elements by hand: this module's markup comes with its code, not with every recipient's page.

use crate::dom;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlButtonElement, HtmlElement};

const SVG: &str = "http://www.w3.org/2000/svg";

/// An element of a class, hidden if the class ends in `?`.
pub(super) fn element<T: JsCast + AsRef<Element>>(tag: &str, class: &str) -> T {
    let element: T = dom::element(tag);
    let shown = class.strip_suffix('?');
    let base: &Element = element.as_ref();
    base.set_class_name(shown.unwrap_or(class));
    dom::show(base, shown.is_none());
    element
}

/// The same with a text.
pub(super) fn text(tag: &str, class: &str, text: &str) -> HtmlElement {
    let element: HtmlElement = element(tag, class);
    element.set_text_content(Some(text));
    element
}

/// A button.
pub(super) fn button(class: &str, text: &str) -> HtmlButtonElement {
    let button: HtmlButtonElement = element("button", class);
    button.set_type("button");
    button.set_text_content(Some(text));
    button
}

/// Puts `children` behind what `parent` has, and gives it back.
pub(super) fn with<T: AsRef<Element>>(parent: T, children: &[&Element]) -> T {
    for child in children {
        dom::append(parent.as_ref(), child);
    }
    parent
}

/// A picture out of one path, which says nothing that the text does not.
pub(super) fn icon(path: &str) -> Element {
    let document = dom::document();
    let create = |tag: &str| {
        document.create_element_ns(Some(SVG), tag).expect("the names are valid and constant")
    };
    let (svg, line) = (create("svg"), create("path"));
    dom::set(&svg, "class", "icon");
    dom::set(&svg, "viewBox", "0 0 24 24");
    dom::set(&svg, "aria-hidden", "true");
    dom::set(&line, "d", path);
    dom::append(&svg, &line);
    svg
}
