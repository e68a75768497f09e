//! The page: finding its parts, filling them, listening to them.
//!
//! Invariant: the ids and slots named here exist in `web/*.html`; a missing one is a build fault and
//! stops the page with its name.

use js_sys::{Function, JsString};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{
    AddEventListenerOptions, Blob, Document, DocumentFragment, Element, Event, FocusOptions,
    HtmlAnchorElement, HtmlDialogElement, HtmlElement, HtmlInputElement, HtmlTemplateElement, Url,
    Window,
};

/// The window.
pub fn window() -> Window {
    web_sys::window().expect("screens run in a window")
}

/// The document.
pub fn document() -> Document {
    window().document().expect("a window of a page has a document")
}

/// The element with this id.
pub fn by_id<T: JsCast>(id: &str) -> T {
    cast(document().get_element_by_id(id), id)
}

/// The element within `root` with `data-slot="name"`.
pub fn slot<T: JsCast>(root: &Element, name: &str) -> T {
    cast(root.query_selector(&format!("[data-slot={name}]")).ok().flatten(), name)
}

/// Every element that fits `selector`.
pub fn all(selector: &str) -> Vec<HtmlElement> {
    let Ok(list) = document().query_selector_all(selector) else { return Vec::new() };
    (0..list.length()).filter_map(|n| list.item(n)?.dyn_into().ok()).collect()
}

/// The one element inside the template with this id, cloned.
pub fn from_template<T: JsCast>(id: &str) -> T {
    let template: HtmlTemplateElement = by_id(id);
    let clone = template.content().clone_node_with_deep(true).ok();
    let fragment: Option<DocumentFragment> = clone.map(JsCast::unchecked_into);
    cast(fragment.and_then(|fragment| fragment.first_element_child()), id)
}

/// A new element.
pub fn element<T: JsCast>(tag: &str) -> T {
    cast(document().create_element(tag).ok(), tag)
}

/// Puts `child` behind what `parent` has.
pub fn append(parent: &Element, child: &Element) {
    let done = parent.append_child(child);
    debug_assert!(done.is_ok(), "an element takes children");
}

/// Shows or hides.
pub fn show(element: &Element, visible: bool) {
    let done = element.toggle_attribute_with_force("hidden", !visible);
    debug_assert!(done.is_ok(), "hidden is a valid attribute");
}

/// Sets an attribute.
pub fn set(element: &Element, name: &str, value: &str) {
    let done = element.set_attribute(name, value);
    debug_assert!(done.is_ok(), "{name} is a valid attribute");
}

/// Calls `handler` on every event `name` at `target`, for the life of the page.
pub fn on(target: &web_sys::EventTarget, name: &str, handler: impl FnMut(Event) + 'static) {
    listen(target, name, Box::new(handler));
}

/// Calls `handler` whenever `dialog` was closed. The event comes late: where the dialog is open again by
/// then, it is nobody's.
pub fn on_closed(dialog: &HtmlDialogElement, mut handler: impl FnMut() + 'static) {
    let closed = dialog.clone();
    on(dialog, "close", move |_| {
        if !closed.open() {
            handler();
        }
    });
}

/// Calls `handler` on the next event `name` at `target`.
pub fn once(target: &web_sys::EventTarget, name: &str, handler: &Function) {
    let options = AddEventListenerOptions::new();
    options.set_once(true);
    let done = target
        .add_event_listener_with_callback_and_add_event_listener_options(name, handler, &options);
    debug_assert!(done.is_ok(), "a listener can be added");
}

/// One copy for all handlers, which are many.
fn listen(target: &web_sys::EventTarget, name: &str, handler: Box<dyn FnMut(Event)>) {
    let closure = Closure::wrap(handler);
    let done = target.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
    debug_assert!(done.is_ok(), "a listener can be added");
    closure.forget();
}

/// Calls `handler` on every click of a person; clicks that a script makes up are ignored.
pub fn on_click(target: &Element, handler: impl FnMut() + 'static) {
    listen_to_clicks(target, Box::new(handler));
}

fn listen_to_clicks(target: &Element, mut handler: Box<dyn FnMut()>) {
    on(target, "click", move |event| {
        event.prevent_default();
        if event.is_trusted() {
            handler();
        }
    });
}

/// Calls `handler` once after `millis`, unless the handle returned is cleared before.
pub fn after(millis: i32, handler: impl FnOnce() + 'static) -> i32 {
    let callback: Function = Closure::once_into_js(handler).unchecked_into();
    window()
        .set_timeout_with_callback_and_timeout_and_arguments_0(&callback, millis)
        .unwrap_or_default()
}

/// Hands `blob` to the browser as a download.
pub fn save(blob: &Blob, name: &str) {
    let Ok(url) = Url::create_object_url_with_blob(blob) else { return };
    let anchor: HtmlAnchorElement = element("a");
    anchor.set_href(&url);
    anchor.set_download(name);
    anchor.click();
    // The download has started when the click returns, but some browsers read the URL later.
    after(60_000, move || {
        Url::revoke_object_url(&url).ok();
    });
}

/// Moves the focus without moving the page more than needed.
pub fn focus(element: &HtmlElement) {
    let done = element.focus();
    debug_assert!(done.is_ok(), "an element takes the focus");
}

/// Moves the focus and nothing else.
pub fn focus_where_it_is(element: &HtmlElement) {
    let options = FocusOptions::new();
    options.set_prevent_scroll(true);
    let done = element.focus_with_options(&options);
    debug_assert!(done.is_ok(), "an element takes the focus");
}

/// What stands in `input`, or a sentence why it cannot be used: half a surrogate pair has no UTF-8.
///
/// # Errors
/// The sentence, for the person.
pub fn typed(input: &HtmlInputElement) -> Result<String, &'static str> {
    let text: JsString = property(input, "value").unchecked_into();
    text.as_string()
        .filter(|_| text.is_valid_utf16())
        .ok_or("It contains half a character. Type it again.")
}

/// Says `text` to screen readers.
pub fn announce(text: &str) {
    let region: HtmlElement = by_id("announce");
    region.set_text_content(None);
    let text = text.to_owned();
    after(50, move || region.set_text_content(Some(&text)));
}

/// Whether this page may be trusted with a secret: https, or this machine.
pub fn is_secure() -> bool {
    window().is_secure_context()
}

/// Scheme, host and port of this page.
pub fn origin() -> String {
    window().location().origin().unwrap_or_default()
}

/// A property of a JavaScript object; undefined if there is none.
pub fn property(object: &JsValue, name: &str) -> JsValue {
    js_sys::Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

fn cast<T: JsCast>(element: Option<Element>, name: &str) -> T {
    element.and_then(|element| element.dyn_into().ok()).unwrap_or_else(|| lacks(name))
}

#[cold]
fn lacks(name: &str) -> ! {
    panic!("the page lacks {name}")
}
