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

use crate::api::Claimed;
use js_sys::{Promise, Uint8Array};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use waxseal_core::{
    base64url,
    body::OpenedHead,
    keys::{BodyKey, InputKey, LinkKeys},
    layout::BodySize,
    link::LinkSecret,
    time::Timestamp,
    token::ClaimToken,
};

#[wasm_bindgen]
extern "C" {
    /// Loads the module and calls its `show`; defined by the page's bootstrap.
    #[wasm_bindgen(js_name = waxsealAttachments)]
    fn load_and_show(
        token: &str,
        key: &str,
        passphrase: bool,
        claim: &str,
        size: f64,
        expires_at: f64,
        spent: bool,
        head: &Uint8Array,
    ) -> Promise;
}

/// An item whose attachments are handed over.
pub struct HandOver {
    /// The link's.
    pub secret: LinkSecret,
    /// Opens the body.
    pub key: BodyKey,
    /// The claim that opened it.
    pub claim: ClaimToken,
    /// Length of the whole ciphertext in bytes.
    pub size: BodySize,
    /// When the share expires.
    pub expires_at: Timestamp,
    /// Whether nobody can open it again.
    pub spent: bool,
}

/// Gives the attachments of an item that was just opened to their module. Resolves when the claim is
/// over, to whether the person is done with the item as well; an error says that the module did not
/// come, and that nothing is over. `passphrase` = `key` took one.
pub fn hand_over(
    secret: &LinkSecret,
    key: &BodyKey,
    passphrase: bool,
    claim: &ClaimToken,
    claimed: &Claimed,
) -> JsFuture {
    // Single values: whatever would pack them is code on every recipient's page.
    JsFuture::from(load_and_show(
        &secret.to_token(),
        &base64url::encode(key.input().as_bytes()),
        passphrase,
        &claim.to_base64url(),
        claimed.size.get() as f64,
        claimed.expires_at.unix_millis() as f64,
        claimed.views_left == Some(0),
        // A copy: WASM's memory moves while the module is being loaded.
        &Uint8Array::from(claimed.head.as_slice()),
    ))
}

impl HandOver {
    /// What [`hand_over`] gave; `None` if it was something else.
    pub fn received(
        token: &str,
        key: &str,
        passphrase: bool,
        claim: &str,
        size: f64,
        expires_at: f64,
        spent: bool,
    ) -> Option<Self> {
        let secret = LinkSecret::from_token(token).ok()?;
        let input = InputKey::from_bytes(base64url::decode_array(key).ok()?);
        let key = BodyKey::new(LinkKeys::derive(&secret).id, input, passphrase);
        let claim = claim.parse().ok()?;
        let size = (size as u64).try_into().ok()?;
        let expires_at = Timestamp::from_unix_millis(expires_at as u64);
        Some(Self { secret, key, claim, size, expires_at, spent })
    }
}

/// The module's side of [`hand_over`]: whether the person is done with the item, once the claim
/// is over.
///
/// # Errors
/// If what was handed over is no opened item.
pub async fn show(item: HandOver, head: &Uint8Array) -> Result<bool, JsValue> {
    let opened = OpenedHead::open(&item.key, &head.to_vec(), item.size);
    let opened = opened.map_err(|_| JsValue::NULL)?;
    let (session, ended) = session::Session::start(&item, &opened, head);
    list::show(&session);
    lease::keep(&session);
    disk::remove_leftovers();
    Ok(JsFuture::from(ended).await?.is_truthy())
}
