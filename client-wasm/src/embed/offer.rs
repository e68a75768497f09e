//! What an application wants shared, out of its message.
//!
//! Invariant: an [`Offer`] fits into a share. What is too long or too many is refused before it is copied,
//! and a refusal repeats nothing of what was offered.

use super::look::Look;
use crate::{
    compose::{attachments::Attachment, surroundings::Item},
    dom,
};
use js_sys::{Array, JsString};
use std::mem;
use wasm_bindgen::{JsCast, JsValue};
use waxseal_core::{
    manifest::{Field, FieldKind, MAX_BYTES, MAX_FIELDS, MAX_FILES, Manifest},
    totp::Totp,
};
use web_sys::File;
use zeroize::Zeroizing;

/// What is to be shared, and how.
pub(super) struct Offer {
    pub(super) item: Item,
    /// Whether the application is to get the owner's token.
    pub(super) owner_token: bool,
    pub(super) look: Look,
}

/// Reads a message.
///
/// # Errors
/// A sentence for whoever writes the application.
pub(super) fn read(message: &JsValue) -> Result<Offer, String> {
    let item = dom::property(message, "item");
    let mut room = MAX_BYTES as u32;
    let title = text(&item, "title", &mut room)?.unwrap_or_default();
    let mut fields = Vec::new();
    if let Some(value) = text(&item, "text", &mut room)? {
        fields.push(Field { label: "Text".to_owned(), value, kind: FieldKind::Multiline });
    }
    for field in list(&item, "fields", MAX_FIELDS)? {
        fields.push(self::field(&field, &title, &mut room)?);
    }
    fields.retain(|field| !field.value.is_empty());
    let mut files = Vec::new();
    for file in list(&item, "files", MAX_FILES)? {
        let file: File = file.dyn_into().map_err(|_| "files: each is a File".to_owned())?;
        files.push(Attachment { name: file.name(), file });
    }
    if fields.is_empty() && files.is_empty() {
        return Err("there is nothing to share: give text, fields or files".to_owned());
    }
    // What is sealed in the end has some words more, for which there is room between the two limits.
    let mut manifest = Manifest::default();
    (manifest.title, manifest.fields) = (title, fields);
    manifest.to_json().map(Zeroizing::new).map_err(|error| error.to_string())?;
    let (title, fields) = (mem::take(&mut manifest.title), mem::take(&mut manifest.fields));
    let owner_token = dom::property(message, "ownerToken") == true;
    let look = Look::read(&dom::property(message, "look"));
    Ok(Offer { item: Item { title, fields, files }, owner_token, look })
}

fn field(field: &JsValue, title: &str, room: &mut u32) -> Result<Field, String> {
    let label = text(field, "label", room)?.unwrap_or_default();
    let value = text(field, "value", room)?.ok_or("fields: each has a value, which is a string")?;
    let kind = match text(field, "kind", room)? {
        None => FieldKind::Text,
        Some(kind) => KINDS
            .into_iter()
            .find(|known| known.as_str() == kind)
            .ok_or("fields: a kind is text, multiline, concealed, url or totp")?,
    };
    let value = if kind == FieldKind::Totp && !value.is_empty() {
        let uri = Totp::uri_of(&value, title);
        uri.ok_or("fields: a totp is a base32 secret or an otpauth:// address")?
    } else {
        value
    };
    Ok(Field { label, value, kind })
}

const KINDS: [FieldKind; 5] =
    [FieldKind::Text, FieldKind::Multiline, FieldKind::Concealed, FieldKind::Url, FieldKind::Totp];

/// A text, if there is one; its length counts against `room`.
fn text(object: &JsValue, name: &str, room: &mut u32) -> Result<Option<String>, String> {
    let text = dom::property(object, name);
    if text.is_undefined() || text.is_null() {
        return Ok(None);
    }
    let text: &JsString = text.dyn_ref().ok_or_else(|| format!("{name}: not a string"))?;
    *room = room.checked_sub(text.length()).ok_or("the text is longer than 512 KiB")?;
    if !text.is_valid_utf16() {
        return Err(format!("{name}: has half a character"));
    }
    Ok(text.as_string())
}

/// The entries of a list, if there is one.
fn list(object: &JsValue, name: &str, most: usize) -> Result<Vec<JsValue>, String> {
    let list = dom::property(object, name);
    if list.is_undefined() || list.is_null() {
        return Ok(Vec::new());
    }
    let list: Array = list.dyn_into().map_err(|_| format!("{name}: not an array"))?;
    if list.length() as usize > most {
        return Err(format!("{name}: more than {most}"));
    }
    Ok(list.iter().collect())
}
