//! From a link and ciphertext to what was shared.
//!
//! Invariant: nothing is handed on that did not verify.

use crate::{
    given::{passphrase, plain, property, text, unfit, whole_number},
    refusal::Refusal,
};
use getrandom::SysRng;
use js_sys::{Array, Number, Uint8Array};
use serde::Serialize;
use std::ops::Range;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use waxseal_core::{
    base64url,
    body::{self, Contents, OpenedHead},
    chunk::Damaged,
    filename::{self, Names},
    keys::{BodyKey, InputKey, LinkKeys},
    layout::{BodySize, SEAL},
    link::FoundLink,
    manifest::{Field, SealedPolicy},
    token::{AccessToken, ClaimToken, Proof, ShareId},
};
use waxseal_engine::Engine;

/// What a link gives, and a passphrase.
#[derive(Serialize)]
struct Link {
    id: ShareId,
    access: AccessToken,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<Proof>,
    key: String,
    exposed: bool,
}

/// Reads a link, and stretches the passphrase if there is one.
#[wasm_bindgen(js_name = readLink)]
pub fn read_link(address: &str, typed: &JsValue) -> Result<JsValue, Refusal> {
    let found = FoundLink::in_address(address)?;
    let keys = LinkKeys::derive(&found.secret);
    let (key, proof) = match passphrase(typed)? {
        Some(passphrase) => {
            let unlocked = keys.with_passphrase(&passphrase);
            (unlocked.body, Some(unlocked.proof))
        }
        None => (keys.body(), None),
    };
    let key = base64url::encode(key.input().as_bytes());
    let LinkKeys { id, access, .. } = keys;
    Ok(plain(&Link { id, access, proof, key, exposed: found.exposed }))
}

/// Draws the token of an opening.
#[wasm_bindgen(js_name = newClaim)]
pub fn new_claim() -> Result<String, Refusal> {
    let claim = ClaimToken::generate(&mut SysRng).map_err(Refusal::no_random)?;
    Ok(claim.to_base64url())
}

/// A head, opened, and what opens the rest.
#[wasm_bindgen]
pub struct Opening {
    head: OpenedHead,
}

/// What was shared, as programs get it.
#[derive(Serialize)]
struct Item<'a> {
    title: &'a str,
    from: &'a str,
    fields: &'a [Field],
    files: Vec<ItemFile<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<SealedPolicy>,
}

#[derive(Serialize)]
struct ItemFile<'a> {
    name: &'a str,
    #[serde(rename = "safeName")]
    safe_name: String,
    risky: bool,
    #[serde(rename = "type")]
    media_type: &'a str,
    size: u64,
}

#[wasm_bindgen]
impl Opening {
    /// Opens part 0, seal in front, of a ciphertext of `size` bytes; of one that is all, every chunk.
    #[wasm_bindgen(constructor)]
    pub fn new(link: &JsValue, head: &[u8], size: &JsValue) -> Result<Self, Refusal> {
        let key = key(link)?;
        let size = whole_number(size).ok_or_else(|| unfit("size", "a number of bytes"))?;
        let size = BodySize::try_from(size).map_err(|_| Damaged)?;
        let head = if size.is_one_part() && size.get() == head.len() as u64 {
            body::open(&key, head)?
        } else {
            OpenedHead::open(&key, head, size)?
        };
        Ok(Self { head })
    }

    /// All but the contents of files.
    pub fn item(&self) -> JsValue {
        let manifest = &self.head.manifest;
        let mut names = Names::default();
        let files = manifest.files.iter().map(|file| ItemFile {
            name: &file.name,
            safe_name: names.give(&file.name),
            risky: filename::is_risky(&file.name),
            media_type: &file.media_type,
            size: file.size,
        });
        plain(&Item {
            title: &manifest.title,
            from: &manifest.from,
            fields: &manifest.fields,
            files: files.collect(),
            policy: manifest.policy,
        })
    }

    /// The first part that holds some of a file, and the one behind the last.
    pub fn parts(&self, file: usize) -> Result<Array, Refusal> {
        let parts = Contents::parts_of(&self.range(file)?);
        Ok([parts.start, parts.end].map(|n| Number::from(n as f64)).iter().collect())
    }

    /// What part `n` holds of a file; part 0 may have its seal in front. Plaintext takes the place of `part`.
    pub async fn read(
        &self,
        file: usize,
        n: JsValue,
        part: Uint8Array,
    ) -> Result<Uint8Array, Refusal> {
        let n = whole_number(&n).ok_or_else(|| unfit("part", "a number"))?;
        let range = self.range(file)?;
        let is_head = n == 0 && self.head.size().part_len(0) == Some(part.length() as usize);
        let seal = if is_head { SEAL as u32 } else { 0 };
        let chunks = part.subarray(seal, part.length());
        let engine = Engine::new(self.head.key()).await;
        Ok(engine.open_part(self.head.contents(), n, chunks, &range).await?)
    }

    fn range(&self, file: usize) -> Result<Range<u64>, Refusal> {
        self.head.file_range(file).ok_or_else(|| unfit("file", "the number of one"))
    }
}

/// The body's key out of what [`read_link`] gave.
fn key(link: &JsValue) -> Result<BodyKey, Refusal> {
    let unread = || unfit("link", "what readLink gives");
    let id: ShareId = text(link, "id")?.and_then(|id| id.parse().ok()).ok_or_else(unread)?;
    let key = text(link, "key")?.and_then(|key| base64url::decode_array(&key).ok());
    let key = InputKey::from_bytes(key.ok_or_else(unread)?);
    Ok(BodyKey::new(id, key, !property(link, "proof").is_undefined()))
}
