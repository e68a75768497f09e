//! QR codes as drawings and files, in the module of [`crate::extras`].

use crate::dom;
use js_sys::Array;
use qrcode::{Color, EcLevel, QrCode};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Blob, BlobPropertyBag, CanvasRenderingContext2d, HtmlCanvasElement};

/// White modules around the code, as the standard wants.
const QUIET_ZONE: usize = 4;
/// Pixels of a module in a PNG.
const PNG_SCALE: usize = 12;
const SVG: &str = "http://www.w3.org/2000/svg";

/// A QR code: `width` × `width` modules, row by row.
pub struct Qr {
    width: usize,
    modules: Vec<Color>,
}

impl Qr {
    /// Of a text; `None` if it is too long for a code.
    pub fn encode(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        Some(Self { width: code.width(), modules: code.into_colors() })
    }

    /// How many modules a side of the drawing has, a space, and the path of the dark ones.
    pub fn drawing(&self) -> String {
        format!("{} {}", self.side(), self.path())
    }

    /// Saves the code as an SVG file.
    pub fn save_svg(&self) {
        let svg = format!(
            r##"<svg xmlns="{SVG}" viewBox="0 0 {side} {side}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{side}v{side}H0z"/><path d="{}"/></svg>"##,
            self.path(),
            side = self.side(),
        );
        let options = BlobPropertyBag::new();
        options.set_type("image/svg+xml");
        let parts = Array::of1(&svg.into());
        if let Ok(blob) = Blob::new_with_str_sequence_and_options(&parts, &options) {
            dom::save(&blob, "waxseal-link.svg");
        }
    }

    /// Saves the code as a PNG file.
    pub fn save_png(&self) {
        let canvas: HtmlCanvasElement = dom::element("canvas");
        let pixels = self.side() * PNG_SCALE;
        canvas.set_width(pixels as u32);
        canvas.set_height(pixels as u32);
        let Some(context) = canvas.get_context("2d").ok().flatten() else { return };
        let context: CanvasRenderingContext2d = context.unchecked_into();
        context.set_fill_style_str("#fff");
        context.fill_rect(0.0, 0.0, pixels as f64, pixels as f64);
        context.set_fill_style_str("#000");
        for (x, y) in self.dark_modules() {
            let scale = PNG_SCALE as f64;
            context.fill_rect(x as f64 * scale, y as f64 * scale, scale, scale);
        }
        let done = Closure::once_into_js(|blob: Option<Blob>| {
            if let Some(blob) = blob {
                dom::save(&blob, "waxseal-link.png");
            }
        });
        canvas.to_blob(done.unchecked_ref()).ok();
    }

    fn side(&self) -> usize {
        self.width + 2 * QUIET_ZONE
    }

    fn dark_modules(&self) -> impl Iterator<Item = (usize, usize)> {
        let dark = self.modules.iter().enumerate().filter(|(_, color)| **color == Color::Dark);
        dark.map(|(n, _)| (n % self.width + QUIET_ZONE, n / self.width + QUIET_ZONE))
    }

    fn path(&self) -> String {
        self.dark_modules().map(|(x, y)| format!("M{x} {y}h1v1h-1z")).collect()
    }
}
