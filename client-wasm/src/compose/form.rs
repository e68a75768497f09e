//! Writing: a title and labelled fields, from a template or one by one.

use super::attachments;
use crate::dom;
use wasm_bindgen::JsCast;
use waxseal_core::{
    manifest::{Field, FieldKind, MAX_FIELDS},
    totp::Totp,
};
use web_sys::{
    Element, HtmlButtonElement, HtmlElement, HtmlInputElement, HtmlSelectElement,
    HtmlTextAreaElement,
};

/// What was written.
pub(super) struct Written {
    pub(super) title: String,
    pub(super) fields: Vec<Field>,
}

type Blank = (&'static str, FieldKind);

/// The fields a template lays out.
fn template(name: &str) -> &'static [Blank] {
    use FieldKind::{Concealed, Multiline, Text, Totp, Url};
    match name {
        "login" => &[
            ("Username", Text),
            ("Password", Concealed),
            ("Website", Url),
            ("One-time code secret", Totp),
        ],
        "wifi" => &[("Network", Text), ("Password", Concealed)],
        "ssh" => &[
            ("Private key", Multiline),
            ("Passphrase of the key", Concealed),
            ("Host", Text),
            ("User", Text),
        ],
        "card" => &[
            ("Name on card", Text),
            ("Card number", Concealed),
            ("Expires", Text),
            ("Security code", Concealed),
        ],
        _ => &[("Text", Multiline)],
    }
}

/// Lays out the note template and listens.
pub(super) fn start() {
    lay_out("note");
    for radio in dom::all("input[name=template]") {
        let radio: HtmlInputElement = radio.unchecked_into();
        let target = radio.clone();
        dom::on(&radio, "change", move |_| lay_out(&target.value()));
    }
    dom::on_click(&dom::by_id::<HtmlElement>("add"), || {
        let row = add(("", FieldKind::Text));
        dom::focus(&dom::slot::<HtmlElement>(&row, "label"));
        limit();
    });
    dom::on(&dom::by_id::<HtmlElement>("compose"), "input", |_| error(""));
    dom::on(&dom::window(), "beforeunload", |event| {
        if has_text() || !attachments::is_empty() {
            event.prevent_default();
        }
    });
}

/// Whether the person may share at all over this connection.
pub(super) fn allow(allowed: bool) {
    dom::by_id::<HtmlButtonElement>("share").set_disabled(!allowed);
}

/// Empties the form.
pub(super) fn clear() {
    dom::by_id::<HtmlInputElement>("title").set_value("");
    for row in rows() {
        row.remove();
    }
    let note: HtmlInputElement = dom::all("input[name=template]").swap_remove(0).unchecked_into();
    note.set_checked(true);
    lay_out("note");
    attachments::clear();
}

/// Says what is wrong with the form.
pub(super) fn error(text: &str) {
    dom::by_id::<HtmlElement>("compose-error").set_text_content(Some(text));
}

/// What was written, without the fields left empty.
///
/// # Errors
/// A sentence for the person.
pub(super) fn read() -> Result<Written, String> {
    let title = dom::by_id::<HtmlInputElement>("title").value().trim().to_owned();
    let mut fields = Vec::new();
    for row in rows() {
        let (label, kind, value) = contents(&row);
        if value.is_empty() {
            continue;
        }
        let value = if kind == FieldKind::Totp {
            let uri = Totp::uri_of(&value, &title);
            uri.ok_or(format!("“{label}” is neither a base32 secret nor an otpauth address."))?
        } else {
            value
        };
        fields.push(Field { label, value, kind });
    }
    if fields.is_empty() && attachments::is_empty() {
        return Err("Write something or attach a file first.".to_owned());
    }
    attachments::check()?;
    Ok(Written { title, fields })
}

fn has_text() -> bool {
    rows().iter().any(|row| !contents(row).2.is_empty())
}

fn rows() -> Vec<HtmlElement> {
    dom::all("#fields > li")
}

/// Replaces fields that are still empty by those of a template; what was written stays.
fn lay_out(name: &str) {
    let wanted = template(name);
    for row in rows() {
        if contents(&row).2.is_empty() {
            row.remove();
        }
    }
    for blank in wanted {
        add(*blank);
    }
    limit();
}

fn add((label, kind): Blank) -> Element {
    let row: Element = dom::from_template("field");
    let name: HtmlInputElement = dom::slot(&row, "label");
    name.set_value(label);
    let select: HtmlSelectElement = dom::slot(&row, "kind");
    select.set_value(kind.as_str());
    input_for(&row, kind, "");
    {
        let row = row.clone();
        let target = select.clone();
        dom::on(&select, "change", move |_| {
            let value = contents(&row).2;
            input_for(&row, kind_named(&target), &value);
        });
    }
    {
        let row = row.clone();
        dom::on(&name, "input", move |_| label_input(&row));
    }
    let remove: HtmlButtonElement = dom::slot(&row, "remove");
    {
        let row = row.clone();
        dom::on_click(&remove, move || {
            row.remove();
            dom::announce("Field removed");
            dom::focus(&dom::by_id::<HtmlElement>("add"));
            limit();
        });
    }
    dom::append(&dom::by_id::<HtmlElement>("fields"), &row);
    row
}

/// Puts the control that fits `kind` into a row.
fn input_for(row: &Element, kind: FieldKind, value: &str) {
    let place: HtmlElement = dom::slot(row, "value");
    place.set_text_content(None);
    let control: HtmlElement = if kind == FieldKind::Multiline {
        let area: HtmlTextAreaElement = dom::element("textarea");
        area.set_value(value);
        area.unchecked_into()
    } else {
        let input: HtmlInputElement = dom::element("input");
        let (media, hint) = match kind {
            FieldKind::Url => ("url", "https://"),
            FieldKind::Totp => ("text", "JBSW Y3DP …"),
            _ => ("text", ""),
        };
        dom::set(&input, "inputmode", media);
        input.set_placeholder(hint);
        input.set_value(&value.replace('\n', " "));
        input.unchecked_into()
    };
    let class =
        if matches!(kind, FieldKind::Concealed | FieldKind::Totp) { "input mono" } else { "input" };
    control.set_class_name(class);
    dom::set(&control, "autocomplete", "off");
    dom::set(&control, "autocapitalize", "none");
    dom::set(&control, "spellcheck", "false");
    dom::append(&place, &control);
    label_input(row);
}

/// Names a row's controls after its label.
fn label_input(row: &Element) {
    let label = dom::slot::<HtmlInputElement>(row, "label").value();
    let label = if label.is_empty() { "Value" } else { &label };
    if let Some(control) = dom::slot::<Element>(row, "value").first_element_child() {
        dom::set(&control, "aria-label", label);
    }
    dom::set(&dom::slot::<Element>(row, "remove"), "aria-label", &format!("Remove {label}"));
    dom::set(&dom::slot::<Element>(row, "kind"), "aria-label", &format!("Kind of {label}"));
}

fn contents(row: &Element) -> (String, FieldKind, String) {
    let label = dom::slot::<HtmlInputElement>(row, "label").value().trim().to_owned();
    let kind = kind_named(&dom::slot(row, "kind"));
    let control = dom::slot::<Element>(row, "value").first_element_child();
    let value = control.map(|control| match control.dyn_into::<HtmlTextAreaElement>() {
        Ok(area) => area.value(),
        Err(other) => other.unchecked_into::<HtmlInputElement>().value(),
    });
    (label, kind, value.unwrap_or_default())
}

fn limit() {
    dom::by_id::<HtmlButtonElement>("add").set_disabled(rows().len() >= MAX_FIELDS);
}

fn kind_named(select: &HtmlSelectElement) -> FieldKind {
    select.value().parse().unwrap_or(FieldKind::Text)
}
