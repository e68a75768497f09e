//! What few items need and a module of its own brings: QR codes and one-time codes.

use crate::{dom, words};
use js_sys::{Array, Function, Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, CanvasRenderingContext2d, Element, HtmlAnchorElement, HtmlCanvasElement,
    Url,
};

#[wasm_bindgen]
extern "C" {
    /// Loads the module; defined by the page's bootstrap.
    #[wasm_bindgen(js_name = waxsealExtras)]
    fn load_extras() -> Promise;
}

/// White modules around the code, as the standard wants.
const QUIET_ZONE: usize = 4;
/// Pixels of a module in a PNG.
const PNG_SCALE: usize = 12;
const SVG: &str = "http://www.w3.org/2000/svg";

/// A source of one-time codes.
#[derive(Clone)]
pub struct OneTimeCodes {
    uri: String,
    totp: Function,
}

/// A one-time code, and the seconds it has left.
pub struct OneTimeCode {
    /// 6 to 8 digits.
    pub digits: String,
    /// From 1 on.
    pub seconds_left: u64,
}

impl OneTimeCodes {
    /// From an `otpauth://` URI; `None` if the maker cannot be loaded or the URI makes no codes.
    pub async fn from_uri(uri: &str) -> Option<Self> {
        let codes = Self { uri: uri.to_owned(), totp: function("totp").await? };
        codes.now().map(|_| codes)
    }

    /// The code of now.
    pub fn now(&self) -> Option<OneTimeCode> {
        let millis = words::now().unix_millis() as f64;
        let code = self.totp.call2(&JsValue::NULL, &self.uri.as_str().into(), &millis.into());
        let code = code.ok()?.as_string()?;
        let (digits, left) = code.split_once(' ')?;
        Some(OneTimeCode { digits: digits.to_owned(), seconds_left: left.parse().ok()? })
    }
}

/// The text of a QR code that joins a Wi-Fi; `None` if its maker cannot be loaded.
pub async fn wifi(network: &str, password: &str) -> Option<String> {
    let wifi = function("wifi").await?;
    wifi.call2(&JsValue::NULL, &network.into(), &password.into()).ok()?.as_string()
}

/// A function of the extra module.
async fn function(name: &str) -> Option<Function> {
    let module = JsFuture::from(load_extras()).await.ok()?;
    dom::property(&module, name).dyn_into().ok()
}

/// A QR code: `width` × `width` modules.
#[derive(Clone)]
pub struct Qr {
    width: usize,
    dark: Vec<u8>,
}

impl Qr {
    /// Encodes `text`; `None` if the encoder cannot be loaded or the text is too long for a code.
    pub async fn encode(text: &str) -> Option<Self> {
        let dark = function("modules").await?.call1(&JsValue::NULL, &text.into()).ok()?;
        Self::of(Uint8Array::new(&dark).to_vec())
    }

    /// The code of these modules, row by row, 1 = dark; `None` if there are none.
    pub fn of(dark: Vec<u8>) -> Option<Self> {
        let width = dark.len().isqrt();
        (width > 0).then_some(Self { width, dark })
    }

    /// Shows the code as the only child of `parent`.
    pub fn show_in(&self, parent: &Element) {
        draw(parent, &self.side().to_string(), &self.path());
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
            save(&blob, "waxseal-link.svg");
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
                save(&blob, "waxseal-link.png");
            }
        });
        canvas.to_blob(done.unchecked_ref()).ok();
    }

    fn side(&self) -> usize {
        self.width + 2 * QUIET_ZONE
    }

    fn dark_modules(&self) -> impl Iterator<Item = (usize, usize)> {
        let dark = self.dark.iter().enumerate().filter(|(_, dark)| **dark == 1);
        dark.map(|(n, _)| (n % self.width + QUIET_ZONE, n / self.width + QUIET_ZONE))
    }

    fn path(&self) -> String {
        self.dark_modules().map(|(x, y)| format!("M{x} {y}h1v1h-1z")).collect()
    }
}

/// Shows a QR code of `text` as the only child of `parent`; `false` if its maker cannot be loaded or the text is
/// too long for a code. For pages that do nothing else with it.
pub async fn show_qr(text: &str, parent: &Element) -> bool {
    let Some(make) = function("drawing").await else { return false };
    let drawing = make.call1(&JsValue::NULL, &text.into()).ok().and_then(|made| made.as_string());
    let drawing = drawing.unwrap_or_default();
    let Some((side, path)) = drawing.split_once(' ') else { return false };
    draw(parent, side, path);
    true
}

fn draw(parent: &Element, side: &str, dark: &str) {
    let document = dom::document();
    let create = |tag: &str| document.create_element_ns(Some(SVG), tag).ok();
    let (Some(svg), Some(path)) = (create("svg"), create("path")) else { return };
    dom::set(&svg, "viewBox", &["0 0 ", side, " ", side].concat());
    dom::set(&svg, "shape-rendering", "crispEdges");
    dom::set(&path, "d", dark);
    dom::append(&svg, &path);
    parent.set_text_content(None);
    dom::append(parent, &svg);
}

/// Hands `blob` to the browser as a download.
pub(crate) fn save(blob: &Blob, name: &str) {
    let Ok(url) = Url::create_object_url_with_blob(blob) else { return };
    let anchor: HtmlAnchorElement = dom::element("a");
    anchor.set_href(&url);
    anchor.set_download(name);
    anchor.click();
    // The download has started when the click returns, but some browsers read the URL later.
    dom::after(60_000, move || {
        Url::revoke_object_url(&url).ok();
    });
}
