//! One job to one worker: JSON there, JSON and bytes back.

use super::BROKEN;
use crate::dom;
use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use serde::{Serialize, de::DeserializeOwned};
use std::cell::RefCell;
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use waxseal_core::wire::to_json;
use web_sys::{
    AddEventListenerOptions, DedicatedWorkerGlobalScope, MessageEvent, WorkerOptions, WorkerType,
};

#[wasm_bindgen]
extern "C" {
    /// `Worker`, whose URL may be a `TrustedScriptURL` object.
    #[wasm_bindgen(js_name = Worker, extends = web_sys::EventTarget)]
    type TrustedWorker;

    #[wasm_bindgen(constructor, js_class = "Worker", catch)]
    fn new(url: &JsValue, options: &WorkerOptions) -> Result<TrustedWorker, JsValue>;

    #[wasm_bindgen(method, js_name = postMessage)]
    fn post_message(this: &TrustedWorker, message: &JsValue);

    #[wasm_bindgen(method)]
    fn terminate(this: &TrustedWorker);
}

/// Starts a worker before there is a job for it, so that the job need not wait for its code.
pub fn warm_up() {
    WARM.with(|warm| {
        if warm.borrow().is_none() {
            *warm.borrow_mut() = Worker::start().ok();
        }
    });
}

/// Gives one job to a worker.
///
/// # Errors
/// A sentence for the person: the worker's own, or that there is none.
pub(super) async fn call<A: DeserializeOwned>(
    job: &impl Serialize,
) -> Result<(A, Vec<u8>), String> {
    let mut warm = WARM.with(|warm| warm.borrow_mut().take());
    // A worker from before may not have been loaded, but now it can be.
    let worker = loop {
        let fresh = warm.is_none();
        let worker = warm.take().map_or_else(Worker::start, Ok).map_err(|_| BROKEN)?;
        if JsFuture::from(worker.there.clone()).await.is_ok() {
            break worker;
        }
        if fresh {
            return Err(BROKEN.to_owned());
        }
    };
    let answer = worker.call(to_json(job)).await;
    let answer: Array = answer.map_err(|_| BROKEN)?.dyn_into().map_err(|_| BROKEN)?;
    let text = answer.get(1).as_string().ok_or(BROKEN)?;
    if answer.get(0).is_falsy() {
        return Err(text);
    }
    let outcome = serde_json::from_str(&text).map_err(|_| BROKEN)?;
    Ok((outcome, Uint8Array::new(&answer.get(2)).to_vec()))
}

/// Answers jobs with `work`, which gives JSON and bytes, for the life of the worker.
pub(super) fn serve<J: DeserializeOwned>(
    work: impl Fn(J) -> Result<(String, Vec<u8>), String> + 'static,
) {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let answer = {
        let scope = scope.clone();
        move |event: MessageEvent| {
            let job = event.data().as_string().and_then(|json| serde_json::from_str(&json).ok());
            let outcome = job.ok_or_else(|| BROKEN.to_owned()).and_then(&work);
            let good = outcome.is_ok();
            let (text, bytes) = outcome.unwrap_or_else(|why| (why, Vec::new()));
            let bytes = Uint8Array::from(bytes.as_slice());
            scope.post_message(&Array::of3(&good.into(), &text.into(), &bytes)).ok();
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

/// A worker that was started; ended when dropped.
struct Worker {
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

    async fn call(&self, job: String) -> Result<JsValue, JsValue> {
        let answer = next_message(&self.worker);
        self.worker.post_message(&job.into());
        JsFuture::from(answer).await
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

fn next_message(worker: &TrustedWorker) -> Promise {
    Promise::new(&mut |resolve, reject| {
        let answer = Closure::once_into_js(move |event: MessageEvent| {
            resolve.call1(&JsValue::NULL, &event.data())
        });
        let options = AddEventListenerOptions::new();
        options.set_once(true);
        let listen = |name: &str, listener: &Function| {
            worker
                .add_event_listener_with_callback_and_add_event_listener_options(
                    name, listener, &options,
                )
                .ok();
        };
        listen("message", answer.unchecked_ref());
        listen("error", &reject);
        listen("messageerror", &reject);
    })
}

/// The worker's URL, as a `TrustedScriptURL` where the browser has Trusted Types.
fn script_url() -> JsValue {
    thread_local! {
        static URL: JsValue = make_script_url();
    }
    URL.with(Clone::clone)
}

fn make_script_url() -> JsValue {
    let url = dom::property(&dom::window(), "waxsealWorker").as_string();
    let url = url.expect("the page's bootstrap names the worker");
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
    trusted.unwrap_or_else(|_| url.into())
}

fn call_method(object: &JsValue, name: &str, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
    let method: Function = dom::property(object, name).dyn_into()?;
    method.apply(object, &arguments.iter().collect::<Array>())
}
