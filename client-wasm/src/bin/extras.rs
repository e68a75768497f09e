//! What few items need, loaded for those: QR codes and one-time codes.
#![allow(missing_docs)] // wasm-bindgen's expansion adds items without any.

use qrcode::{Color, EcLevel, QrCode};
use wasm_bindgen::prelude::wasm_bindgen;
use waxseal_client::extras::Qr;
use waxseal_core::{time::Timestamp, totp::Totp};

fn main() {}

/// The modules of a QR code of `text`, row by row, 1 = dark; empty if it is too long for one.
#[wasm_bindgen]
pub fn modules(text: &str) -> Vec<u8> {
    QrCode::with_error_correction_level(text, EcLevel::M).map_or_else(
        |_| Vec::new(),
        |code| code.into_colors().into_iter().map(|c| u8::from(c == Color::Dark)).collect(),
    )
}

/// The same as a drawing: how many modules a side has, a space, and the path of the dark ones; empty if it is
/// too long for a code.
#[wasm_bindgen]
pub fn drawing(text: &str) -> String {
    Qr::of(modules(text)).map_or_else(String::new, |code| code.drawing())
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
