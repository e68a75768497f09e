//! What a share holds, for people and for programs.
//!
//! Invariant: a terminal acts on nothing that a sender wrote; a pipe gets it as it was written.

use super::{claim::Opened, saving::Saved};
use crate::{failure::Failure, ui::Ui, words};
use serde::Serialize;
use std::{
    fmt::Write,
    io::{self, IsTerminal},
    path::Path,
};
use waxseal_core::{
    manifest::{Field, FieldKind, Manifest},
    time::Timestamp,
    totp::Totp,
    wire::to_json,
};
use zeroize::Zeroizing;

/// What `--json` prints.
#[derive(Serialize)]
struct Shown<'a> {
    title: &'a str,
    from: &'a str,
    fields: Vec<ShownField<'a>>,
    files: Vec<ShownFile<'a>>,
    expires_at: Timestamp,
    views_left: Option<u32>,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct ShownField<'a> {
    #[serde(flatten)]
    field: &'a Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
}

#[derive(Serialize)]
struct ShownFile<'a> {
    #[serde(flatten)]
    file: &'a waxseal_core::manifest::File,
    /// Where it was saved, unless it was left.
    path: Option<&'a Path>,
}

/// Prints the fields: one alone as its value, so that it can be piped on; several with labels.
///
/// # Errors
/// If standard output does not take it.
pub(super) fn fields(ui: &Ui, manifest: &Manifest) -> Result<(), Failure> {
    if !manifest.title.is_empty() {
        ui.say(&words::visible(&manifest.title));
    }
    if !manifest.from.is_empty() {
        ui.say(&format!("From (as they say): {}", words::visible(&manifest.from)));
    }
    let mut text = Zeroizing::new(String::new());
    match &manifest.fields[..] {
        [only] => {
            if let Some(code) = code(only) {
                ui.say(&code);
            }
            text.push_str(&only.value);
            end_line(&mut text);
        }
        several => several.iter().for_each(|field| labelled(&mut text, field)),
    }
    if io::stdout().is_terminal() {
        text = Zeroizing::new(words::lines(&text));
    }
    if text.is_empty() { Ok(()) } else { ui.print(&text) }
}

/// Prints all there is as JSON.
///
/// # Errors
/// If standard output does not take it.
pub(super) fn json(ui: &Ui, opened: &Opened, saved: &[Saved]) -> Result<(), Failure> {
    let manifest = &opened.head.manifest;
    let shown = Shown {
        title: &manifest.title,
        from: &manifest.from,
        fields: manifest
            .fields
            .iter()
            .map(|field| ShownField { field, code: now(field).map(|code| code.digits) })
            .collect(),
        files: manifest
            .files
            .iter()
            .enumerate()
            .map(|(n, file)| ShownFile { file, path: saved.get(n).map(|saved| &*saved.path) })
            .collect(),
        expires_at: opened.expires_at,
        views_left: opened.views_left,
        warnings: ui.warnings(),
    };
    let mut json = Zeroizing::new(to_json(&shown));
    json.push('\n');
    ui.print(&json)
}

fn labelled(text: &mut String, field: &Field) {
    // A label is one line, or it could pass for another field.
    text.push_str(&words::visible(&field.label));
    text.push(':');
    if field.value.contains('\n') {
        text.push('\n');
        for line in field.value.lines() {
            text.push_str("  ");
            text.push_str(line);
            text.push('\n');
        }
        return;
    }
    text.push(' ');
    text.push_str(&field.value);
    end_line(text);
    if let Some(code) = code(field) {
        // A string takes any text.
        let _ = writeln!(text, "  {code}");
    }
}

fn code(field: &Field) -> Option<String> {
    let code = now(field)?;
    Some(format!("one-time code {}, for {} s", code.digits, code.seconds_left))
}

fn now(field: &Field) -> Option<waxseal_core::totp::Code> {
    let totp = (field.kind == FieldKind::Totp).then(|| Totp::parse(&field.value)).flatten();
    totp.map(|totp| totp.at(words::now()))
}

fn end_line(text: &mut String) {
    if !text.ends_with('\n') {
        text.push('\n');
    }
}
