//! What is shared beside files: texts and fields.
//!
//! Invariant: nothing is shared that nobody gave: an empty share is refused.

use crate::{
    args,
    failure::{Failure, Kind},
    ui::{Ui, without_line_break},
    words::visible,
};
use std::{
    io::{self, IsTerminal, Read},
    path::{Path, PathBuf},
};
use waxseal_core::{
    manifest::{self, Field, FieldKind, Manifest},
    totp::Totp,
};
use zeroize::Zeroizing;

/// The label of a text.
const TEXT: &str = "Text";

/// Whether the text is in standard input, and the names that are files.
pub(super) fn split(names: &[PathBuf]) -> (bool, Vec<&Path>) {
    let is_input = |path: &&PathBuf| path.as_os_str() == "-";
    let files = names.iter().filter(|path| !is_input(path)).map(PathBuf::as_path).collect();
    (names.iter().any(|path| is_input(&path)), files)
}

/// The fields that the command line asks for; `input` that the text is in standard input.
///
/// # Errors
/// [`Kind::Usage`] if there is nothing to share; [`Kind::Source`] if the text cannot be read.
pub(super) fn fields(
    ui: &Ui,
    args: &args::Send,
    input: bool,
    no_files: bool,
) -> Result<Vec<Field>, Failure> {
    let mut fields: Vec<Field> =
        args.fields.iter().map(|(label, value)| of(label, value.clone())).collect();
    for label in &args.secrets {
        let question = format!("{}: ", visible(label));
        let value = ui.ask_hidden(&question, || {
            let message = "no terminal to ask at: use --field, or send it as a text";
            Failure::new(Kind::Usage, message)
        })?;
        let kind =
            if Totp::parse(&value).is_some() { FieldKind::Totp } else { FieldKind::Concealed };
        fields.push(Field { label: label.clone(), value: value.to_string(), kind });
    }
    if let Some(text) = &args.text {
        fields.push(text_field(text));
    }
    let nothing = fields.is_empty() && no_files;
    if input || nothing {
        let text = from_input(ui)?;
        let text = without_line_break(&text);
        if !text.is_empty() || input {
            fields.push(text_field(text));
        } else {
            let message =
                "nothing to share: name a file, or give a text with --text or on standard input";
            return Err(Failure::new(Kind::Usage, message));
        }
    }
    Ok(fields)
}

/// What `list` calls the share.
pub(super) fn label(manifest: &Manifest) -> String {
    if !manifest.title.is_empty() {
        return manifest.title.clone();
    }
    let file = manifest.files.first().map(|file| file.name.clone());
    file.unwrap_or_else(|| manifest.fields.first().map_or(TEXT, |field| &field.label).to_owned())
}

fn text_field(text: &str) -> Field {
    Field { label: TEXT.to_owned(), value: text.to_owned(), kind: FieldKind::Multiline }
}

/// A field whose kind its value tells.
fn of(label: &str, value: String) -> Field {
    let kind = if Totp::parse(&value).is_some() {
        FieldKind::Totp
    } else if value.starts_with("https://") || value.starts_with("http://") {
        FieldKind::Url
    } else if value.contains('\n') {
        FieldKind::Multiline
    } else {
        FieldKind::Text
    };
    Field { label: label.to_owned(), value, kind }
}

fn from_input(ui: &Ui) -> Result<Zeroizing<String>, Failure> {
    if io::stdin().is_terminal() {
        ui.say("Write the text; Ctrl-D on a line of its own ends it.");
    }
    // More is refused for its length later, and need not be read for that.
    let mut bytes = Zeroizing::new(Vec::new());
    let read = io::stdin().lock().take(manifest::MAX_BYTES as u64 + 1).read_to_end(&mut bytes);
    let unread = |why: String| Failure::new(Kind::Source, why);
    read.map_err(|error| unread(format!("cannot read standard input: {error}")))?;
    let cut = bytes.len() > manifest::MAX_BYTES;
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        // The last character may have been cut in two.
        Err(error) if cut && error.error_len().is_none() => {
            Err(unread("the text is longer than 512 KiB: put it into a file and send that".into()))
        }
        Err(_) => Err(unread("standard input is no text: put it into a file and send that".into())),
    }
}
