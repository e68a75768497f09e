//! Talk with the page around the frame.
//!
//! Invariant: the first fitting message of that page, of an origin that the server allows, brings the one
//! port by which everything else goes. Whatever else is posted to this window is not looked at.

use crate::{dom, transfer};
use futures_util::future::{Either, select};
use js_sys::{Array, Function, JsString, Object, Promise, Reflect};
use std::{cell::RefCell, pin::pin, rc::Rc};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlElement, MessageEvent, MessagePort, ResizeObserver, Window};

/// How long an application may take for a grant.
const GRANT_MILLIS: i32 = 30_000;

/// The page around.
#[derive(Clone)]
pub(super) struct Host {
    port: MessagePort,
    /// Whoever waits for a grant.
    waiting: Rc<RefCell<Option<Function>>>,
}

/// Whether there is a page around this one.
pub(super) fn is_there() -> bool {
    parent().is_some()
}

/// Says that this page is there, which is no secret, and calls `take` once: with the offer.
pub(super) fn await_offer(take: impl FnOnce(Host, JsValue) + 'static) {
    let Some(parent) = parent() else { return };
    let around = parent.clone();
    let mut take = Some(take);
    dom::on(&dom::window(), "message", move |event| {
        let event: MessageEvent = event.unchecked_into();
        let ports: Array = event.ports().unchecked_into();
        let is_parents = event.source().is_some_and(|source| Object::is(&source, &around));
        if !is_parents || !is_allowed(&event.origin()) || !is_offer(&event) || ports.length() != 1 {
            return;
        }
        if let Some(take) = take.take() {
            take(Host::new(ports.get(0).unchecked_into()), dom::property(&event, "data"));
        }
    });
    let ready = object(&[("waxseal", "ready".into())]);
    parent.post_message(&ready, "*").ok();
}

impl Host {
    fn new(port: MessagePort) -> Self {
        let host = Self { port, waiting: Rc::default() };
        let waiting = Rc::clone(&host.waiting);
        host.on("grant", move |message| {
            if let Some(waiting) = waiting.take() {
                waiting.call1(&JsValue::UNDEFINED, &dom::property(message, "grant")).ok();
            }
        });
        host.port.start();
        host
    }

    /// Calls `handler` with every message of this type.
    pub(super) fn on(&self, kind: &'static str, mut handler: impl FnMut(&JsValue) + 'static) {
        dom::on(&self.port, "message", move |event| {
            let message = dom::property(&event, "data");
            if dom::property(&message, "type") == kind {
                handler(&message);
            }
        });
    }

    /// Posts a message of a type.
    pub(super) fn tell(&self, kind: &str, more: &[(&str, JsValue)]) {
        let message = object(more);
        set(&message, "type", &kind.into());
        // Whoever is gone need not know.
        self.port.post_message(&message).ok();
    }

    /// Asks the application for a grant; `None` if it gives none.
    pub(super) async fn ask_grant(&self) -> Option<String> {
        let answer = Promise::new(&mut |resolve, _| {
            self.waiting.replace(Some(resolve));
        });
        self.tell("grant", &[]);
        let answer = match select(JsFuture::from(answer), pin!(transfer::pause(GRANT_MILLIS))).await
        {
            Either::Left((answer, _)) => answer.ok(),
            Either::Right(_) => None,
        };
        self.waiting.take();
        let answer = answer?;
        // A longer one is of no use, and need not be copied.
        let text = answer.dyn_ref::<JsString>().filter(|text| text.length() <= 1 << 16)?;
        text.as_string()
    }

    /// Has the frame shown, from now on as high as `content` is.
    pub(super) fn show(&self, content: &HtmlElement) {
        let (host, target) = (self.clone(), Element::clone(content));
        let tell = move || {
            let height = target.get_bounding_client_rect().height().ceil();
            host.tell("height", &[("height", height.into())]);
        };
        tell();
        let changed = Closure::<dyn FnMut()>::new(tell).into_js_value();
        if let Ok(observer) = ResizeObserver::new(changed.unchecked_ref()) {
            observer.observe(content);
        }
        self.tell("opened", &[]);
    }
}

/// The window around, if there is one.
fn parent() -> Option<Window> {
    let window = dom::window();
    window.parent().ok().flatten().filter(|parent| !Object::is(parent, &window))
}

/// Whether the server allows this origin's pages around the frame. That no other shows it the browser
/// sees to; a message is held against the same list, which the page brings.
fn is_allowed(origin: &str) -> bool {
    let list = dom::by_id::<Element>("embedding").get_attribute("content").unwrap_or_default();
    !origin.is_empty() && list.split(' ').any(|allowed| allowed == origin)
}

fn is_offer(event: &MessageEvent) -> bool {
    dom::property(&dom::property(event, "data"), "waxseal") == "open"
}

/// A plain object.
pub(super) fn object(properties: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in properties {
        set(&object, name, value);
    }
    object
}

fn set(object: &Object, name: &str, value: &JsValue) {
    let set = Reflect::set(object, &name.into(), value);
    debug_assert!(set.is_ok(), "a plain object takes properties");
}
