//! The item: every field with what can be done with it.

use super::screen::Screen;
use crate::{
    api::Claimed,
    copy, dom,
    extras::{self, OneTimeCodes, Qr},
    words,
};
use wasm_bindgen_futures::spawn_local;
use waxseal_core::manifest::{Field, FieldKind, Manifest};
use web_sys::{Element, HtmlAnchorElement, HtmlButtonElement, HtmlElement, Url};

/// Stands for a concealed value, whatever its length.
const MASK: &str = "••••••••";

/// Shows the item. `fits` = the server's promises are the sender's choices.
pub(super) fn show(manifest: &Manifest, claimed: &Claimed, fits: bool) {
    let section = Screen::Item.section();
    let at = |name: &str| dom::slot::<HtmlElement>(&section, name);
    let title = if manifest.title.is_empty() { "Shared item" } else { &manifest.title };
    at("title").set_text_content(Some(title));
    if !manifest.from.is_empty() {
        let from = format!("Says it is from {}. A link cannot prove who sent it.", manifest.from);
        at("from").set_text_content(Some(&from));
        dom::show(&at("from"), true);
    }
    match claimed.views_left {
        Some(0) => dom::show(&at("once"), true),
        left => {
            let views = left.map_or_else(
                || "It can be viewed again".to_owned(),
                |left| format!("It can be viewed {}", words::plural(left.into(), "more time")),
            );
            let until = words::date(claimed.expires_at);
            at("again").set_text_content(Some(&format!("{views}, until {until}.")));
            dom::show(&at("again"), true);
        }
    }
    dom::show(&at("policy"), !fits);
    let fields = at("fields");
    for field in &manifest.fields {
        dom::append(&fields, &row(&section, field));
    }
    dom::show(&fields, !manifest.fields.is_empty());
    if let Some((network, password)) = wifi(&manifest.fields) {
        let button: HtmlButtonElement = dom::slot(&section, "wifi");
        dom::show(&button, true);
        let section = section.clone();
        dom::on_click(&button, move || {
            let (section, network, password) = (section.clone(), network.clone(), password.clone());
            spawn_local(async move {
                let code = extras::wifi(&network, &password).await.unwrap_or_default();
                show_qr(&section, &code, "Scan it to join the Wi-Fi.").await;
            });
        });
    }
    let spent = claimed.views_left == Some(0);
    dom::on_click(&at("clear"), move || clear(spent));
    dom::show(&dom::by_id::<Element>("attachments"), !manifest.files.is_empty());
    Screen::Item.show();
}

/// Takes the item off the screen. `spent` = it cannot be opened again.
pub(super) fn clear(spent: bool) {
    let section = Screen::Item.section();
    for name in ["fields", "title", "from"] {
        dom::slot::<HtmlElement>(&section, name).set_text_content(None);
    }
    dom::announce("");
    for gone in dom::all("[data-slot=qr-row],#attachments") {
        gone.remove();
    }
    if !spent {
        let again = "The link can be opened again.";
        dom::slot::<HtmlElement>(&Screen::Cleared.section(), "text").set_text_content(Some(again));
    }
    Screen::Cleared.show();
}

fn row(section: &Element, field: &Field) -> Element {
    let row: Element = dom::from_template("field");
    let label: HtmlElement = dom::slot(&row, "label");
    let name = if field.label.is_empty() { "Value" } else { &field.label };
    label.set_text_content(Some(name));
    let value: HtmlElement = dom::slot(&row, "value");
    let button: HtmlButtonElement = dom::slot(&row, "copy");
    dom::set(&button, "aria-label", &format!("Copy {name}"));
    let text = field.value.clone();
    match field.kind {
        FieldKind::Concealed => {
            conceal(&row, &value, name, &field.value);
            copy::on_click(&button, move || text.clone());
        }
        FieldKind::Url => {
            link(&value, &field.value);
            copy::on_click(&button, move || text.clone());
        }
        FieldKind::Totp => {
            conceal(&row, &value, name, &field.value);
            let (section, row, uri) = (section.clone(), row.clone(), field.value.clone());
            spawn_local(async move {
                match OneTimeCodes::from_uri(&uri).await {
                    Some(codes) => live_code(&section, &row, codes, uri),
                    None => copy::on_click(&button, move || text.clone()),
                }
            });
        }
        FieldKind::Multiline | FieldKind::Text => {
            if field.kind == FieldKind::Text {
                value.class_list().add_1("words").ok();
            }
            value.set_text_content(Some(&field.value));
            copy::on_click(&button, move || text.clone());
        }
    }
    row
}

/// Masks a value until its button is pressed.
fn conceal(row: &Element, value: &HtmlElement, name: &str, text: &str) {
    let button: HtmlButtonElement = dom::slot(row, "reveal");
    let mask = {
        let (value, button) = (value.clone(), button.clone());
        let (name, text) = (name.to_owned(), text.to_owned());
        move |masked: bool| {
            value.set_text_content(Some(if masked { MASK } else { &text }));
            value.class_list().toggle_with_force("masked", masked).ok();
            let action = if masked { "Show" } else { "Hide" };
            button.set_text_content(Some(action));
            dom::set(&button, "aria-label", &format!("{action} {name}"));
        }
    };
    mask(true);
    dom::show(&button, true);
    let mut masked = true;
    dom::on_click(&button, move || {
        masked = !masked;
        mask(masked);
    });
}

/// A web address can be followed; anything else that calls itself one cannot.
fn link(value: &HtmlElement, text: &str) {
    let web = |url: &Url| ["https:", "http:"].contains(&url.protocol().as_str());
    let Some(url) = Url::new(text).ok().filter(web) else {
        value.set_text_content(Some(text));
        return;
    };
    let anchor: HtmlAnchorElement = dom::element("a");
    anchor.set_href(&url.href());
    anchor.set_rel("noopener noreferrer nofollow");
    anchor.set_target("_blank");
    anchor.set_text_content(Some(text));
    dom::append(value, &anchor);
}

/// In place of the URI, the one-time code of now, renewed while the item is on screen.
fn live_code(section: &Element, row: &Element, codes: OneTimeCodes, uri: String) {
    dom::show(&dom::slot::<Element>(row, "reveal"), false);
    let value: HtmlElement = dom::slot(row, "value");
    value.set_text_content(None);
    value.class_list().remove_1("masked").ok();
    let code: HtmlElement = dom::element("span");
    code.set_class_name("code");
    let countdown: HtmlElement = dom::element("span");
    countdown.set_class_name("countdown");
    dom::append(&value, &code);
    dom::append(&value, &countdown);
    tick(code, countdown, codes.clone());
    let button: HtmlButtonElement = dom::slot(row, "copy");
    copy::on_click(&button, move || codes.now().map(|now| now.digits).unwrap_or_default());
    let button: HtmlButtonElement = dom::slot(row, "qr");
    dom::show(&button, true);
    let section = section.clone();
    dom::on_click(&button, move || {
        let (section, uri) = (section.clone(), uri.clone());
        spawn_local(async move {
            let caption = "Scan it with an authenticator app to keep making codes.";
            show_qr(&section, &uri, caption).await;
        });
    });
}

fn tick(code: HtmlElement, countdown: HtmlElement, codes: OneTimeCodes) {
    let Some(now) = codes.now() else { return };
    code.set_text_content(Some(&now.digits));
    let left = words::plural(now.seconds_left, "second");
    countdown.set_text_content(Some(&format!("One-time code, new in {left}")));
    dom::after(1000, move || {
        // Clearing the screen takes the row out.
        if code.is_connected() {
            tick(code, countdown, codes);
        }
    });
}

async fn show_qr(section: &Element, text: &str, caption: &str) {
    let figure: HtmlElement = dom::slot(section, "qr-row");
    let target: HtmlElement = dom::slot(&figure, "qr");
    let code = Qr::encode(text).await;
    let words = if code.is_some() { caption } else { "This is too long for a QR code." };
    dom::set(&target, "aria-label", caption);
    dom::slot::<HtmlElement>(&figure, "qr-caption").set_text_content(Some(words));
    if let Some(code) = code {
        code.show_in(&target);
    }
    dom::show(&figure, true);
    figure.scroll_into_view();
}

/// The network and the password, if the fields describe a Wi-Fi.
fn wifi(fields: &[Field]) -> Option<(String, String)> {
    let find = |names: &[&str]| {
        let named =
            |field: &&Field| names.iter().any(|name| field.label.trim().eq_ignore_ascii_case(name));
        fields.iter().find(named).map(|field| field.value.clone())
    };
    let network = find(&["network", "network name", "ssid", "wi-fi", "wifi"])?;
    Some((network, find(&["password", "key", "wi-fi password"]).unwrap_or_default()))
}
