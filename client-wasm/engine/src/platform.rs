//! SubtleCrypto, handed one chunk after the other without waiting for each.
//!
//! Invariant: the bytes of parts stay in buffers of the browser, never in WASM's memory; `aes-gcm`
//! would make the same.

use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use std::ops::Range;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use waxseal_core::{
    body::Span,
    chunk::{ChunkKey, Damaged},
    layout::{CHUNK, MAX_CHUNKS, SEALED_CHUNK, TAG},
};
use web_sys::{CryptoKey, SubtleCrypto};

const AES_GCM: &str = "AES-GCM";

pub(crate) struct Platform {
    subtle: SubtleCrypto,
    aes: CryptoKey,
    key: ChunkKey,
    /// `{name, iv}`; the browser copies it at every call, so one will do.
    algorithm: Object,
    nonce: Uint8Array,
}

impl Platform {
    pub(crate) async fn new(key: &ChunkKey) -> Option<Self> {
        let crypto = Reflect::get(&js_sys::global(), &"crypto".into()).ok()?;
        let subtle = Reflect::get(&crypto, &"subtle".into()).ok()?;
        if subtle.is_undefined() {
            return None;
        }
        let subtle: SubtleCrypto = subtle.unchecked_into();
        let raw = Uint8Array::from(key.aes().as_slice());
        let uses = Array::of2(&"encrypt".into(), &"decrypt".into());
        let aes = subtle.import_key_with_str("raw", &raw, AES_GCM, false, &uses);
        let aes = JsFuture::from(aes.ok()?).await;
        raw.fill(0, 0, raw.length());
        let algorithm = Object::new();
        let nonce = Uint8Array::new_with_length(12);
        Reflect::set(&algorithm, &"name".into(), &AES_GCM.into()).ok()?;
        Reflect::set(&algorithm, &"iv".into(), &nonce).ok()?;
        Some(Self { subtle, aes: aes.ok()?.unchecked_into(), key: key.clone(), algorithm, nonce })
    }

    /// Fills `out` with `chunks`, all full but the last, sealed.
    pub(crate) async fn seal(
        &self,
        chunks: Range<u64>,
        plaintext: &Uint8Array,
        out: &Uint8Array,
    ) -> Result<(), JsValue> {
        let count = (chunks.end - chunks.start) as u32;
        let sealing = Array::new_with_length(count);
        for (at, index) in (0..count).zip(chunks) {
            assert!(index < MAX_CHUNKS, "a body has at most 4 PiB");
            let start = at * CHUNK as u32;
            let chunk = plaintext.subarray(start, start + CHUNK as u32);
            sealing.set(at, self.encrypt(index, &chunk)?.into());
        }
        let sealed: Array = JsFuture::from(Promise::all(&sealing)).await?.unchecked_into();
        let mut end = 0;
        for chunk in sealed.iter() {
            let chunk = Uint8Array::new(&chunk);
            out.set(&chunk, end);
            end += chunk.length();
        }
        Ok(())
    }

    /// What `spans` want of `part`, one behind the other, at its start.
    pub(crate) async fn open(
        &self,
        spans: &[Span],
        part: Uint8Array,
    ) -> Result<Uint8Array, Damaged> {
        let opening = Array::new_with_length(spans.len() as u32);
        for (at, span) in (0..).zip(spans) {
            let sealed = part.subarray(span.sealed.start as u32, span.sealed.end as u32);
            opening.set(at, self.decrypt(span.index, &sealed)?.into());
        }
        let opened = JsFuture::from(Promise::all(&opening)).await.map_err(|_| Damaged)?;
        let opened: Array = opened.unchecked_into();
        let wanted = spans.iter().zip(opened.iter()).map(|(span, chunk)| {
            let chunk = Uint8Array::new(&chunk);
            let padding = chunk.subarray(span.content_len() as u32, chunk.length());
            if padding.length() > 0 && padding.to_vec().iter().any(|byte| *byte != 0) {
                return Err(Damaged);
            }
            let wanted = span.wanted();
            Ok(chunk.subarray(wanted.start as u32, wanted.end as u32))
        });
        let wanted = wanted.collect::<Result<Vec<_>, _>>()?;
        let mut end = 0;
        for wanted in wanted {
            part.set(&wanted, end);
            end += wanted.length();
        }
        Ok(part.subarray(0, end))
    }

    pub(crate) async fn open_chunk(
        &self,
        index: u64,
        sealed: &Uint8Array,
    ) -> Result<Uint8Array, Damaged> {
        let opened = JsFuture::from(self.decrypt(index, sealed)?).await;
        opened.map(|chunk| Uint8Array::new(&chunk)).map_err(|_| Damaged)
    }

    fn encrypt(&self, index: u64, chunk: &Uint8Array) -> Result<Promise, JsValue> {
        self.nonce.copy_from(&self.key.nonce(index));
        self.subtle.encrypt_with_object_and_js_u8_array(&self.algorithm, &self.aes, chunk)
    }

    fn decrypt(&self, index: u64, sealed: &Uint8Array) -> Result<Promise, Damaged> {
        if index >= MAX_CHUNKS || !(TAG..=SEALED_CHUNK).contains(&(sealed.length() as usize)) {
            return Err(Damaged);
        }
        self.nonce.copy_from(&self.key.nonce(index));
        let opening =
            self.subtle.decrypt_with_object_and_js_u8_array(&self.algorithm, &self.aes, sealed);
        opening.map_err(|_| Damaged)
    }
}
