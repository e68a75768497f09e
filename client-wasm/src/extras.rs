//! What few items need and a module of its own brings: QR codes and one-time codes.

use crate::{dom, words};
use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::Element;

#[wasm_bindgen]
extern "C" {
    /// Loads the module; defined by the page's bootstrap.
    #[wasm_bindgen(js_name = waxsealExtras)]
    fn load_extras() -> Promise;
}

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
    dom::property(&module().await?, name).dyn_into().ok()
}

async fn module() -> Option<JsValue> {
    JsFuture::from(load_extras()).await.ok()
}

fn call(module: &JsValue, name: &str, text: &str) -> Option<JsValue> {
    let function: Function = dom::property(module, name).dyn_into().ok()?;
    function.call1(&JsValue::NULL, &text.into()).ok()
}

/// A QR code of a text.
#[derive(Clone)]
pub struct Qr {
    text: String,
    drawing: String,
    module: JsValue,
}

impl Qr {
    /// Encodes `text`; `None` if the encoder cannot be loaded or the text is too long for a code.
    pub async fn encode(text: &str) -> Option<Self> {
        let module = module().await?;
        let drawing = call(&module, "drawing", text).and_then(|drawing| drawing.as_string())?;
        (!drawing.is_empty()).then(|| Self { text: text.to_owned(), drawing, module })
    }

    /// Shows the code as the only child of `parent`.
    pub fn show_in(&self, parent: &Element) {
        let document = dom::document();
        let create = |tag: &str| document.create_element_ns(Some(SVG), tag).ok();
        let (Some(svg), Some(path)) = (create("svg"), create("path")) else { return };
        let (side, dark) = self.drawing.split_once(' ').unwrap_or_default();
        dom::set(&svg, "viewBox", &["0 0 ", side, " ", side].concat());
        dom::set(&svg, "shape-rendering", "crispEdges");
        dom::set(&path, "d", dark);
        dom::append(&svg, &path);
        parent.set_text_content(None);
        dom::append(parent, &svg);
    }

    /// Saves the code as an SVG file.
    pub fn save_svg(&self) {
        call(&self.module, "save_svg", &self.text);
    }

    /// Saves the code as a PNG file.
    pub fn save_png(&self) {
        call(&self.module, "save_png", &self.text);
    }
}
