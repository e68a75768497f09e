//! What is shared, at a glance: its title, what its fields are called, its attachments. Not what is in it.

use crate::{compose::surroundings::Item, dom, kind::Kind, words};
use web_sys::Element;

/// Shows it, above the choices.
pub(super) fn show(item: &Item) {
    let what: Element = dom::from_template("what");
    let title: Element = dom::slot(&what, "title");
    title.set_text_content(Some(&item.title));
    dom::show(&title, !item.title.is_empty());
    let labels: Vec<_> = item
        .fields
        .iter()
        .map(|field| field.label.as_str())
        .filter(|label| !label.is_empty())
        .collect();
    let row: Element = dom::slot(&what, "labels");
    row.set_text_content(Some(&labels.join(", ")));
    dom::show(&row, !labels.is_empty());
    let files: Element = dom::slot(&what, "files");
    for attachment in &item.files {
        let row: Element = dom::from_template("file");
        let kind = Kind::of(&attachment.name, &attachment.file.type_());
        dom::set(&dom::slot::<Element>(&row, "icon"), "d", kind.path());
        dom::slot::<Element>(&row, "name").set_text_content(Some(&attachment.name));
        let size = words::size(attachment.size());
        dom::slot::<Element>(&row, "size").set_text_content(Some(&size));
        dom::append(&files, &row);
    }
    dom::show(&files, !item.files.is_empty());
    let heading: Element = dom::by_id("dialog-title");
    let shown = heading.insert_adjacent_element("afterend", &what);
    debug_assert!(shown.is_ok(), "a heading has something around it");
}
