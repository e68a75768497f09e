//! How an application wants the dialog to look.
//!
//! Invariant: nothing of it gets into a style but colours, a length and names of fonts that were read and
//! written again; what is none of these counts as not said.

use super::accent::Rgb;
use crate::dom;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    CanvasRenderingContext2d, CssStyleDeclaration, HtmlCanvasElement, HtmlElement, MediaQueryList,
};

/// The longest value that is looked at.
const LONGEST: usize = 200;
/// The largest radius, in pixels.
const LARGEST: u8 = 24;
/// Names that mean something to browsers, which quotes would take away.
const GENERIC: [&str; 10] = [
    "serif",
    "sans-serif",
    "monospace",
    "cursive",
    "fantasy",
    "system-ui",
    "ui-serif",
    "ui-sans-serif",
    "ui-monospace",
    "ui-rounded",
];

/// What was said, as far as it can be used.
#[derive(Default)]
pub(super) struct Look {
    accent: Option<Rgb>,
    radius: Option<u8>,
    font: Option<String>,
    /// Dark or not; else as the system says.
    dark: Option<bool>,
}

impl Look {
    /// Reads what the application says.
    pub(super) fn read(said: &JsValue) -> Self {
        let text = |name: &str| {
            let text = dom::property(said, name).as_string()?;
            let text = text.trim();
            (!text.is_empty() && text.len() <= LONGEST).then(|| text.to_owned())
        };
        Self {
            accent: text("accent").and_then(|text| colour(&text)),
            radius: text("radius").and_then(|text| radius(&text)),
            font: text("font").and_then(|text| fonts(&text)),
            dark: match text("scheme").as_deref() {
                Some("dark") => Some(true),
                Some("light") => Some(false),
                _ => None,
            },
        }
    }
}

/// Gives the page this look.
pub(super) fn apply(look: Look) {
    let root: HtmlElement =
        dom::document().document_element().expect("a document has a root").unchecked_into();
    if let Some(dark) = look.dark {
        dom::set(&root, "data-theme", if dark { "dark" } else { "light" });
    }
    let style = root.style();
    if let Some(radius) = look.radius {
        set(&style, "--radius", &format!("{radius}px"));
    }
    if let Some(font) = &look.font {
        set(&style, "--sans", font);
    }
    let Some(accent) = look.accent else { return };
    let system = dom::window().match_media("(prefers-color-scheme: dark)").ok().flatten();
    let colour = move |system: Option<&MediaQueryList>| {
        let dark = look.dark.unwrap_or_else(|| system.is_some_and(MediaQueryList::matches));
        let (accent, on) = accent.legible(dark);
        set(&style, "--wax", &accent.write());
        set(&style, "--on-wax", &on.write());
    };
    colour(system.as_ref());
    if let Some(system) = system {
        let query = system.clone();
        dom::on(&system, "change", move |_| colour(Some(&query)));
    }
}

fn set(style: &CssStyleDeclaration, name: &str, value: &str) {
    let set = style.set_property(name, value);
    debug_assert!(set.is_ok(), "{name} takes any value");
}

/// A colour of sRGB without transparency, however it is written: the browser reads it, as a canvas does.
fn colour(text: &str) -> Option<Rgb> {
    let canvas: HtmlCanvasElement = dom::element("canvas");
    let context: CanvasRenderingContext2d =
        canvas.get_context("2d").ok().flatten()?.unchecked_into();
    // What is no colour leaves the one before.
    let [one, two] = ["#000000", "#ffffff"].map(|before| {
        context.set_fill_style_str(before);
        context.set_fill_style_str(text);
        context.fill_style().as_string()
    });
    if one == two { Rgb::read(&one?) } else { None }
}

/// `12px`, `0px`. Whole numbers: reading others is much code.
fn radius(text: &str) -> Option<u8> {
    let digits =
        text.strip_suffix("px").filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    digits?.parse().ok().filter(|number| *number <= LARGEST)
}

/// Names of fonts, in quotes where they are not the browser's own words.
fn fonts(text: &str) -> Option<String> {
    let names: Option<Vec<_>> = text.split(',').map(font).collect();
    names.map(|names| names.join(", "))
}

fn font(name: &str) -> Option<String> {
    let name = name.trim();
    let quoted = |quote: char| name.strip_prefix(quote)?.strip_suffix(quote);
    let bare = quoted('"').or_else(|| quoted('\'')).unwrap_or(name);
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.');
    if bare.is_empty() || !bare.chars().all(fits) {
        return None;
    }
    let generic = bare == name && (GENERIC.contains(&name) || name == "-apple-system");
    Some(if generic { name.to_owned() } else { format!("\"{bare}\"") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_fonts_are_written_again() {
        for (text, names) in [
            ("Inter", "\"Inter\""),
            ("'Open Sans', system-ui,sans-serif", "\"Open Sans\", system-ui, sans-serif"),
            ("-apple-system, \"Segoe UI\"", "-apple-system, \"Segoe UI\""),
            ("\"serif\"", "\"serif\""),
        ] {
            assert_eq!(fonts(text).as_deref(), Some(names), "{text}");
        }
        for text in ["", ",", "a;b", "url(x)", "var(--x)", "\"a", "a\"b", "}", "a\\b", "a, ", "é"]
        {
            assert_eq!(fonts(text), None, "{text}");
        }
    }

    #[test]
    fn a_radius_is_a_few_pixels() {
        assert_eq!(["12px", "0px", "24px"].map(radius), [Some(12), Some(0), Some(24)]);
        for text in
            ["-1px", "+1px", "25px", "4.5px", "0", "1rem", "12 px", "NaN", "inf", "px", "calc(1px)"]
        {
            assert_eq!(radius(text), None, "{text}");
        }
    }
}
