//! What few items need, loaded for those: QR codes and one-time codes.
#![allow(missing_docs)] // wasm-bindgen's expansion adds items without any.

use wasm_bindgen::prelude::wasm_bindgen;
use waxseal_client::qr::Qr;
use waxseal_core::{time::Timestamp, totp::Totp};

fn main() {}

/// A QR code of `text`: how many modules a side has, a space, and the path of the dark ones; empty if the
/// text is too long for a code.
#[wasm_bindgen]
pub fn drawing(text: &str) -> String {
    Qr::encode(text).map_or_else(String::new, |code| code.drawing())
}

/// Saves the same as an SVG file.
#[wasm_bindgen]
pub fn save_svg(text: &str) {
    if let Some(code) = Qr::encode(text) {
        code.save_svg();
    }
}

/// Saves the same as a PNG file.
#[wasm_bindgen]
pub fn save_png(text: &str) {
    if let Some(code) = Qr::encode(text) {
        code.save_png();
    }
}

/// The text of a QR code that joins a Wi-Fi.
#[wasm_bindgen]
pub fn wifi(network: &str, password: &str) -> String {
    waxseal_core::wifi::code(network, password)
}

/// The one-time code of an `otpauth://` URI at `millis` after the Unix epoch, a space, and the
/// seconds it has left; empty if the URI makes no codes.
#[wasm_bindgen]
pub fn totp(uri: &str, millis: f64) -> String {
    let now = Timestamp::from_unix_millis(millis as u64);
    let code = Totp::parse(uri).map(|totp| totp.at(now));
    code.map_or_else(String::new, |code| format!("{} {}", code.digits, code.seconds_left))
}
