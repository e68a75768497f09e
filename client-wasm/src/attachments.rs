//! Attachments on the recipient's page: a module of its own, loaded for items that have some.
//!
//! Invariant: nothing of a chunk that does not verify is saved or shown; the claim ends only when
//! everything is surely on disk or the person says so.

mod build;
mod disk;
mod done;
mod fetch;
mod lease;
mod list;
mod look;
mod preview;
mod queue;
mod row;
mod save;
mod session;
mod sink;

use crate::dom;
use js_sys::{Function, Promise, Uint8Array};
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use waxseal_core::{
    base64url,
    body::OpenedHead,
    chunk::Damaged,
    keys::{BodyKey, InputKey, LinkKeys},
    layout::BodySize,
    link::LinkSecret,
    token::ClaimToken,
    wire::to_json,
};

#[wasm_bindgen]
extern "C" {
    /// Loads the module; defined by the page's bootstrap.
    #[wasm_bindgen(js_name = waxsealAttachments)]
    fn load() -> Promise;
}

/// What the module needs to know beside the head.
#[derive(Serialize, Deserialize)]
pub struct HandOver {
    /// The link's.
    pub token: String,
    /// Input key of the body, as base64url.
    pub key: String,
    /// Whether the key took a passphrase.
    pub passphrase: bool,
    /// The claim that opened it.
    pub claim: ClaimToken,
    /// Length of the whole ciphertext in bytes.
    pub size: BodySize,
    /// When the share expires, in milliseconds after the Unix epoch.
    pub expires_at: u64,
    /// Whether nobody can open it again.
    pub spent: bool,
}

/// How it went with an item's attachments.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The person is done with the item.
    Done,
    /// The claim is over, and the item is still on the screen.
    Over,
    /// The module did not come; nothing is over.
    Missing,
}

/// Gives the attachments to their module, and waits till the claim is over.
pub async fn hand_over(to_know: &HandOver, head: &[u8]) -> End {
    let Ok(module) = JsFuture::from(load()).await else { return End::Missing };
    let Ok(show) = dom::property(&module, "show").dyn_into::<Function>() else {
        return End::Missing;
    };
    let head = Uint8Array::from(head);
    let shown = show.call2(&JsValue::NULL, &to_json(to_know).into(), &head);
    match JsFuture::from(Promise::from(shown.unwrap_or(JsValue::FALSE))).await {
        Ok(done) if done.is_truthy() => End::Done,
        Ok(_) => End::Over,
        Err(_) => End::Missing,
    }
}

/// The module's side of [`hand_over`]: whether the person is done with the item.
///
/// # Errors
/// If what was handed over is no opened item.
pub async fn show(to_know: &str, head: &Uint8Array) -> Result<bool, JsValue> {
    let to_know: HandOver = serde_json::from_str(to_know).map_err(|_| JsValue::NULL)?;
    let secret = LinkSecret::from_token(&to_know.token).map_err(|_| JsValue::NULL)?;
    let opened = open(&to_know, &secret, head).map_err(|_| JsValue::NULL)?;
    let (session, ended) = session::Session::start(&to_know, &secret, &opened, head);
    list::show(&session);
    lease::keep(&session);
    disk::remove_leftovers();
    Ok(JsFuture::from(ended).await?.is_truthy())
}

fn open(to_know: &HandOver, secret: &LinkSecret, head: &Uint8Array) -> Result<OpenedHead, Damaged> {
    let input = base64url::decode_array(&to_know.key).map_err(|_| Damaged)?;
    let id = LinkKeys::derive(secret).id;
    let key = BodyKey::new(id, InputKey::from_bytes(input), to_know.passphrase);
    OpenedHead::open(&key, &head.to_vec(), to_know.size)
}
