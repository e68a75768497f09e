//! Jobs to a worker: JSON and one JavaScript value there, the same back.

use super::BROKEN;
use crate::dom;
use js_sys::{Array, ArrayBuffer, Function, Object, Promise, Reflect, Uint8Array};
use serde::{Serialize, de::DeserializeOwned};
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use waxseal_core::{json, wire::to_json};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent, WorkerOptions, WorkerType};

#[wasm_bindgen]
extern "C" {
    /// `Worker`, whose URL may be a `TrustedScriptURL` object.
    #[wasm_bindgen(js_name = Worker, extends = web_sys::EventTarget)]
    type TrustedWorker;

    #[wasm_bindgen(constructor, js_class = "Worker", catch)]
    fn new(url: &JsValue, options: &WorkerOptions) -> Result<TrustedWorker, JsValue>;

    #[wasm_bindgen(method, js_name = postMessage)]
    fn post_message(this: &TrustedWorker, message: &JsValue, given: &Array);

    #[wasm_bindgen(method)]
    fn terminate(this: &TrustedWorker);

    #[wasm_bindgen(method, setter)]
    fn set_onmessage(this: &TrustedWorker, listener: &JsValue);

    #[wasm_bindgen(method, setter)]
    fn set_onerror(this: &TrustedWorker, listener: &JsValue);

    #[wasm_bindgen(method, setter)]
    fn set_onmessageerror(this: &TrustedWorker, listener: &JsValue);
}

/// What a job came to: JSON and a value, or a sentence for the person.
pub(super) type Outcome = Result<(String, JsValue), String>;

/// Starts a worker before there is a job for it, so that the job need not wait for its code.
pub fn warm_up() {
    WARM.with(|warm| {
        if warm.borrow().is_none() {
            *warm.borrow_mut() = Worker::start().ok();
        }
    });
}

/// Gives one job to a worker of its own.
///
/// # Errors
/// A sentence for the person: the worker's own, or that there is none.
pub(super) async fn call<A: DeserializeOwned>(job: &impl Serialize) -> Result<A, String> {
    let worker = Worker::ready().await.ok_or(BROKEN)?;
    let call = worker.call(job, &JsValue::UNDEFINED, &Array::new()).await;
    call.map(|(answer, _)| answer)
}

/// Answers jobs with `work`, for the life of the worker.
pub(super) fn serve<J: DeserializeOwned + 'static, F: Future<Output = Outcome> + 'static>(
    work: impl Fn(J, JsValue) -> F + 'static,
) {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let work = Rc::new(work);
    let answer = {
        let scope = scope.clone();
        move |event: MessageEvent| {
            let (scope, work) = (scope.clone(), Rc::clone(&work));
            spawn_local(async move {
                let message: Array = event.data().unchecked_into();
                let json = message.get(0).as_string();
                let job = json.and_then(|json| json::read(&json).ok());
                let outcome = match job {
                    Some(job) => work(job, message.get(1)).await,
                    None => Err(BROKEN.to_owned()),
                };
                let good = outcome.is_ok();
                let (text, value) = outcome.unwrap_or_else(|why| (why, JsValue::UNDEFINED));
                let given = Array::new();
                if let Some(bytes) = value.dyn_ref::<Uint8Array>() {
                    given.push(&bytes.buffer().unchecked_into::<ArrayBuffer>());
                }
                let message = Array::of3(&good.into(), &text.into(), &value);
                scope.post_message_with_transfer(&message, &given).ok();
            });
        }
    };
    let listener = Closure::<dyn FnMut(MessageEvent)>::new(answer);
    scope.set_onmessage(Some(listener.as_ref().unchecked_ref()));
    listener.forget();
    // Messages that came before the module was there are lost; this one says that it is.
    scope.post_message(&JsValue::TRUE).ok();
}

thread_local! {
    static WARM: RefCell<Option<Worker>> = const { RefCell::new(None) };
}

/// A worker that was started; ended when dropped, whatever it is at.
pub(super) struct Worker {
    worker: TrustedWorker,
    /// Resolves once the worker listens.
    there: Promise,
}

impl Worker {
    fn start() -> Result<Self, JsValue> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = TrustedWorker::new(&script_url(), &options)?;
        let there = next_message(&worker);
        Ok(Self { worker, there })
    }

    /// A worker that listens; `None` if its code does not come.
    pub(super) async fn ready() -> Option<Self> {
        let mut warm = WARM.with(|warm| warm.borrow_mut().take());
        // A worker from before may not have been loaded, but now it can be.
        loop {
            let fresh = warm.is_none();
            let worker = warm.take().map_or_else(Self::start, Ok).ok()?;
            if JsFuture::from(worker.there.clone()).await.is_ok() {
                return Some(worker);
            }
            if fresh {
                return None;
            }
        }
    }

    /// Gives it a job, and `value` beside it, of which the worker keeps what is in `given`; one at a
    /// time.
    ///
    /// # Errors
    /// A sentence for the person: the worker's own, or that the worker is broken.
    pub(super) async fn call<A: DeserializeOwned>(
        &self,
        job: &impl Serialize,
        value: &JsValue,
        given: &Array,
    ) -> Result<(A, JsValue), String> {
        let answer = next_message(&self.worker);
        self.worker.post_message(&Array::of2(&to_json(job).into(), value), given);
        let answer = JsFuture::from(answer).await.map_err(|_| BROKEN)?;
        let answer: Array = answer.dyn_into().map_err(|_| BROKEN)?;
        let text = answer.get(1).as_string().ok_or(BROKEN)?;
        if answer.get(0).is_falsy() {
            return Err(text);
        }
        let outcome = json::read(&text).map_err(|_| BROKEN)?;
        Ok((outcome, answer.get(2)))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

/// The next message; one at a time.
fn next_message(worker: &TrustedWorker) -> Promise {
    Promise::new(&mut |resolve, reject| {
        let answer = Closure::once_into_js(move |event: MessageEvent| {
            resolve.call1(&JsValue::NULL, &event.data())
        });
        worker.set_onmessage(&answer);
        worker.set_onerror(&reject);
        worker.set_onmessageerror(&reject);
    })
}

/// Where the page's bootstrap names the worker.
const NAMED: &str = "waxsealWorker";

/// The worker's URL, as a `TrustedScriptURL` where the browser has Trusted Types.
fn script_url() -> JsValue {
    thread_local! {
        static URL: JsValue = make_script_url();
    }
    URL.with(Clone::clone)
}

fn make_script_url() -> JsValue {
    let named = dom::property(&dom::window(), NAMED);
    // Another module of this page has made the one policy that there may be, and left what it gave.
    let Some(url) = named.as_string() else { return named };
    let types = dom::property(&dom::window(), "trustedTypes");
    if types.is_undefined() {
        return url.into();
    }
    let allowed = url.clone();
    let create = Closure::<dyn Fn(String) -> Result<String, JsValue>>::new(move |asked: String| {
        if asked == allowed { Ok(asked) } else { Err("not a worker of this page".into()) }
    });
    let rules = Object::new();
    let set = Reflect::set(&rules, &"createScriptURL".into(), create.as_ref());
    debug_assert!(set.is_ok(), "a plain object takes properties");
    create.forget();
    let trusted = call_method(&types, "createPolicy", &["waxseal".into(), rules.into()])
        .and_then(|policy| call_method(&policy, "createScriptURL", &[url.as_str().into()]));
    let trusted = trusted.unwrap_or_else(|_| url.into());
    let left = Reflect::set(&dom::window(), &NAMED.into(), &trusted);
    debug_assert!(left.is_ok(), "a window takes properties");
    trusted
}

fn call_method(object: &JsValue, name: &str, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
    let method: Function = dom::property(object, name).dyn_into()?;
    method.apply(object, &arguments.iter().collect::<Array>())
}
