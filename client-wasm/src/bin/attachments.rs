//! What items with attachments need, loaded for those.
#![allow(missing_docs)] // wasm-bindgen's expansion adds items without any.

use js_sys::Uint8Array;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use waxseal_client::attachments::{self, HandOver};

fn main() {}

/// Takes over the attachments of the item on the screen. Resolves when its claim is over: to true if
/// the person is done with the item as well.
#[wasm_bindgen]
#[expect(clippy::too_many_arguments, reason = "the page's bootstrap hands them through")]
pub async fn show(
    token: String,
    key: String,
    passphrase: bool,
    claim: String,
    size: f64,
    expires_at: f64,
    spent: bool,
    head: Uint8Array,
) -> Result<bool, JsValue> {
    let item = HandOver::received(&token, &key, passphrase, &claim, size, expires_at, spent);
    attachments::show(item.ok_or(JsValue::NULL)?, &head).await
}
