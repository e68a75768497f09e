//! The crypto worker: sealing and key stretching away from the page's thread.
//!
//! The same script and module as the page's, run in a Web Worker. One job a message: JSON, and the
//! sealed bytes beside it.
//!
//! Invariant: a worker's URL is the page's own script; the Trusted Types policy makes no other.

use crate::dom;
use getrandom::SysRng;
use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use waxseal_core::{
    base64url, body,
    keys::{BodyKey, InputKey, LinkKeys},
    link::LinkSecret,
    manifest::Manifest,
    passphrase::Passphrase,
    token::{Proof, TokenHash},
};
use web_sys::{
    DedicatedWorkerGlobalScope, HtmlScriptElement, MessageEvent, WorkerOptions, WorkerType,
};
use zeroize::Zeroizing;

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

/// What a worker is asked to do. The secret travels as its token.
#[derive(Serialize, Deserialize)]
enum Job {
    Seal { token: String, passphrase: String, manifest: Manifest },
    Unlock { token: String, passphrase: String },
}

/// What it answers.
#[derive(Serialize, Deserialize)]
enum Outcome {
    Sealed { passphrase_hash: Option<TokenHash> },
    Unlocked { input: String, proof: Proof },
    Failed(String),
}

/// A sealed body.
pub struct Sealed {
    /// The whole ciphertext.
    pub body: Vec<u8>,
    /// SHA-256 of the passphrase proof, where there is a passphrase.
    pub passphrase_hash: Option<TokenHash>,
}

/// What a passphrase unlocks.
pub struct Unlocked {
    /// Opens the body.
    pub key: BodyKey,
    /// Shows the server that the passphrase is known.
    pub proof: Proof,
}

/// Whether this code runs in a worker.
pub fn is_worker() -> bool {
    js_sys::global().is_instance_of::<DedicatedWorkerGlobalScope>()
}

/// Seals `manifest` under `secret`, and under `passphrase` if it is not empty.
///
/// # Errors
/// A sentence for the person.
pub async fn seal(
    secret: &LinkSecret,
    passphrase: &str,
    manifest: Manifest,
) -> Result<Sealed, String> {
    let token = secret.to_token().to_string();
    match call(&Job::Seal { token, passphrase: passphrase.to_owned(), manifest }).await? {
        (Outcome::Sealed { passphrase_hash }, body) => Ok(Sealed { body, passphrase_hash }),
        _ => Err(BROKEN.to_owned()),
    }
}

/// Stretches `passphrase`.
///
/// # Errors
/// A sentence for the person.
pub async fn unlock(secret: &LinkSecret, passphrase: &str) -> Result<Unlocked, String> {
    let token = secret.to_token().to_string();
    match call(&Job::Unlock { token, passphrase: passphrase.to_owned() }).await? {
        (Outcome::Unlocked { input, proof }, _) => {
            let input = base64url::decode_array(&input).map_err(|_| BROKEN)?;
            let id = LinkKeys::derive(secret).id;
            Ok(Unlocked { key: BodyKey::new(id, InputKey::from_bytes(input), true), proof })
        }
        _ => Err(BROKEN.to_owned()),
    }
}

/// Answers jobs, for the life of the worker.
pub fn serve() {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let answer = {
        let scope = scope.clone();
        move |event: MessageEvent| {
            let job = event.data().as_string().and_then(|json| serde_json::from_str(&json).ok());
            let outcome = job.map_or_else(|| Err(BROKEN.to_owned()), work);
            let (outcome, body) = outcome.unwrap_or_else(|why| (Outcome::Failed(why), Vec::new()));
            scope.post_message(&message(&outcome, &body)).ok();
        }
    };
    let listener = Closure::<dyn FnMut(MessageEvent)>::new(answer);
    scope.set_onmessage(Some(listener.as_ref().unchecked_ref()));
    listener.forget();
    // Messages that came before the module was there are lost; this one says that it is.
    scope.post_message(&JsValue::TRUE).ok();
}

const BROKEN: &str = "The browser could not run the encryption. Reload the page and try again.";

fn work(job: Job) -> Result<(Outcome, Vec<u8>), String> {
    let keys = |token: &str| {
        LinkSecret::from_token(token).map(|secret| LinkKeys::derive(&secret)).map_err(|_| BROKEN)
    };
    let typed = |passphrase: String| {
        Passphrase::new(&Zeroizing::new(passphrase)).map_err(|error| error.to_string())
    };
    match job {
        Job::Seal { token, passphrase, manifest } => {
            let keys = keys(&token)?;
            let (key, passphrase_hash) = match typed(passphrase)? {
                None => (keys.body(), None),
                Some(passphrase) => {
                    let keys = keys.with_passphrase(&passphrase);
                    (keys.body, Some(keys.proof.hash()))
                }
            };
            let body = body::seal(&key, &manifest, &mut SysRng).map_err(|e| e.to_string())?;
            Ok((Outcome::Sealed { passphrase_hash }, body))
        }
        Job::Unlock { token, passphrase } => {
            let passphrase = typed(passphrase)?.ok_or(BROKEN)?;
            let keys = keys(&token)?.with_passphrase(&passphrase);
            let input = base64url::encode(keys.body.input().as_bytes());
            Ok((Outcome::Unlocked { input, proof: keys.proof }, Vec::new()))
        }
    }
}

fn message(outcome: &Outcome, body: &[u8]) -> JsValue {
    let json = serde_json::to_string(outcome).expect("outcomes have string keys only");
    Array::of2(&json.into(), &Uint8Array::from(body)).into()
}

/// Starts a worker, waits until it is there, and gives it one job.
async fn call(job: &Job) -> Result<(Outcome, Vec<u8>), String> {
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    let worker = TrustedWorker::new(&script_url(), &options).map_err(|_| BROKEN)?;
    let answered = async {
        next_message(&worker).await?;
        let json = serde_json::to_string(job).expect("jobs have string keys only");
        worker.post_message(&json.into());
        next_message(&worker).await
    };
    let answer = answered.await;
    worker.terminate();
    let answer: Array = answer.map_err(|_| BROKEN)?.dyn_into().map_err(|_| BROKEN)?;
    let json = answer.get(0).as_string().ok_or(BROKEN)?;
    match serde_json::from_str(&json).map_err(|_| BROKEN)? {
        Outcome::Failed(why) => Err(why),
        outcome => Ok((outcome, Uint8Array::new(&answer.get(1)).to_vec())),
    }
}

async fn next_message(worker: &TrustedWorker) -> Result<JsValue, JsValue> {
    JsFuture::from(Promise::new(&mut |resolve, reject| {
        let answer = Closure::once_into_js(move |event: MessageEvent| {
            resolve.call1(&JsValue::NULL, &event.data())
        });
        let options = web_sys::AddEventListenerOptions::new();
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
    }))
    .await
}

/// The URL of the page's own script, as a `TrustedScriptURL` where the browser has Trusted Types.
fn script_url() -> JsValue {
    thread_local! {
        static URL: JsValue = make_script_url();
    }
    URL.with(Clone::clone)
}

fn make_script_url() -> JsValue {
    let script = dom::document().query_selector("script[type=module]").ok().flatten();
    let script: Option<HtmlScriptElement> = script.and_then(|script| script.dyn_into().ok());
    let url = script.expect("this code was loaded by the page's module script").src();
    let types = dom::property(&dom::window(), "trustedTypes");
    if types.is_undefined() {
        return url.into();
    }
    let allowed = url.clone();
    let create = Closure::<dyn Fn(String) -> Result<String, JsValue>>::new(move |asked: String| {
        if asked == allowed {
            Ok(asked)
        } else {
            Err(JsValue::from_str("not a worker of this page"))
        }
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
