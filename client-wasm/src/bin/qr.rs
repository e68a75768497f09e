//! QR codes, loaded where one is shown: a page without one does not carry the encoder.
#![allow(missing_docs)] // wasm-bindgen's expansion adds items without any.

use qrcode::{Color, EcLevel, QrCode};
use wasm_bindgen::prelude::wasm_bindgen;

fn main() {}

/// The modules of a QR code of `text`, row by row, 1 = dark; empty if it is too long for one.
#[wasm_bindgen]
pub fn modules(text: &str) -> Vec<u8> {
    QrCode::with_error_correction_level(text, EcLevel::M).map_or_else(
        |_| Vec::new(),
        |code| code.into_colors().into_iter().map(|c| u8::from(c == Color::Dark)).collect(),
    )
}
