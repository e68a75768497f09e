//! A link as a QR code in a terminal.
//!
//! Invariant: dark is dark and light is light whatever the terminal's colours, as some cameras insist.

use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};

/// The code, two rows a line, with a quiet zone; `coloured` for a terminal.
pub(crate) fn code(link: &str, coloured: bool) -> String {
    // A link is a tenth of what a code can hold; none is better than an abort over it.
    let Ok(code) = QrCode::with_error_correction_level(link, EcLevel::M) else {
        return String::new();
    };
    let mut render = code.render::<Dense1x2>();
    if coloured {
        let image = render.build();
        // Black on white, line by line, so that the rest of the line keeps its colours.
        image.lines().map(|line| format!("\u{1b}[38;5;16;48;5;231m{line}\u{1b}[0m\n")).collect()
    } else {
        // Text is mostly light on dark.
        render.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build()
    }
}
