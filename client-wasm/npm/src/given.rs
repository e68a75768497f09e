//! What a program hands in: values of JavaScript, which may be anything.
//!
//! Invariant: a text is whole (half of a surrogate pair is refused), and what is refused is named, never repeated.

use crate::refusal::Refusal;
use js_sys::{Array, JSON, JsString, Reflect};
use serde::Serialize;
use wasm_bindgen::{JsCast, JsValue};
use waxseal_core::{passphrase::Passphrase, wire::to_json};
use zeroize::Zeroizing;

/// A property; undefined where there is none.
pub(crate) fn property(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// Whether nothing was given.
pub(crate) fn is_absent(value: &JsValue) -> bool {
    value.is_undefined() || value.is_null()
}

/// A text, if there is one.
pub(crate) fn text(object: &JsValue, name: &str) -> Result<Option<String>, Refusal> {
    let text = property(object, name);
    if is_absent(&text) {
        return Ok(None);
    }
    let text: &JsString = whole(&text).ok_or_else(|| unfit(name, "a string"))?;
    Ok(text.as_string())
}

/// The entries of a list, if there is one.
pub(crate) fn list(object: &JsValue, name: &str) -> Result<Vec<JsValue>, Refusal> {
    let list = property(object, name);
    if is_absent(&list) {
        return Ok(Vec::new());
    }
    let list: Array = list.dyn_into().map_err(|_| unfit(name, "an array"))?;
    Ok(list.iter().collect())
}

/// A number that is one and has no fraction, from 0 on.
pub(crate) fn whole_number(value: &JsValue) -> Option<u64> {
    // What a double tells apart.
    const MOST: f64 = 9_007_199_254_740_991.0;
    let number = value.as_f64()?;
    (number.fract() == 0.0 && (0.0..=MOST).contains(&number)).then_some(number as u64)
}

/// The same where it has to fit 32 bits.
pub(crate) fn small_number(value: &JsValue) -> Option<u32> {
    u32::try_from(whole_number(value)?).ok()
}

/// A passphrase, normalized by the platform, which has Unicode's tables. None, or an empty one, is none.
pub(crate) fn passphrase(value: &JsValue) -> Result<Option<Passphrase>, Refusal> {
    if is_absent(value) {
        return Ok(None);
    }
    let typed = whole(value).ok_or_else(|| unfit("passphrase", "a string"))?;
    Ok(Passphrase::from_normalized(typed.normalize("NFC").into())?)
}

/// As JavaScript has it.
pub(crate) fn plain(value: &impl Serialize) -> JsValue {
    let json = Zeroizing::new(to_json(value));
    JSON::parse(&json).unwrap_or(JsValue::UNDEFINED)
}

/// That `name` is not `what`.
pub(crate) fn unfit(name: &str, what: &str) -> Refusal {
    Refusal::invalid(format!("{name}: not {what}"))
}

fn whole(value: &JsValue) -> Option<&JsString> {
    value.dyn_ref().filter(|text: &&JsString| text.is_valid_utf16())
}
