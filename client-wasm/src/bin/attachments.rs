//! What items with attachments need, loaded for those.
#![allow(missing_docs)] // wasm-bindgen's expansion adds items without any.

use js_sys::Uint8Array;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

fn main() {}

/// Takes over the attachments of the item on the screen. Resolves when its claim is over: to true if
/// the person is done with the item as well.
#[wasm_bindgen]
pub async fn show(to_know: String, head: Uint8Array) -> Result<bool, JsValue> {
    waxseal_client::attachments::show(&to_know, &head).await
}
