//! What `cargo xtask bench crypto` runs in a browser's workers: the engines, and `aes-gcm` alone.
//!
//! Each function gives the milliseconds that sealing or opening `mib` MiB took.
#![allow(missing_docs)] // wasm-bindgen's expansion adds items without any.

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{AeadInOut, inout::InOutBuf},
};
use js_sys::Uint8Array;
use std::hint::black_box;
use wasm_bindgen::prelude::wasm_bindgen;
use waxseal_core::{
    body::Contents,
    chunk::ChunkKey,
    keys::InputKey,
    layout::{BodySize, CHUNK, PART, PLAIN_PART, SEAL, TAG},
};
use waxseal_engine::Engine;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance)]
    fn now() -> f64;
}

fn main() {}

/// Through an engine, part by part as the client does.
#[wasm_bindgen]
pub async fn parts(platform: bool, open: bool, mib: u32) -> Result<f64, String> {
    let (key, _) = ChunkKey::with_salt(&InputKey::from_bytes([1; 32]), b"bench", [2; 24]);
    let engine = if platform {
        Engine::platform(&key).await.ok_or("there is no SubtleCrypto")?
    } else {
        Engine::portable(&key)
    };
    let count = u64::from(mib);
    let size = BodySize::of_plaintext(count * PLAIN_PART).map_err(|error| error.to_string())?;
    let plaintext = Uint8Array::new_with_length(PLAIN_PART as u32);
    let out = Uint8Array::new_with_length((PART + SEAL) as u32);
    let sealed = engine.seal_part(size, 0, &plaintext, &[], &out).await;
    let sealed = sealed.map_err(|error| error.to_string())?.slice(0, PART as u32);
    let contents = Contents { size, content: size.plaintext() };
    let part = sealed.slice(0, PART as u32);
    let start = now();
    for n in 0..count {
        if open {
            part.set(&sealed, 0);
            let opened = engine.open_part(contents, 0, part.clone(), &(0..PLAIN_PART)).await;
            opened.map_err(|error| error.to_string())?;
        } else {
            let sealed = engine.seal_part(size, n, &plaintext, &[], &out).await;
            sealed.map_err(|error| error.to_string())?;
        }
    }
    Ok(now() - start)
}

/// `aes-gcm` in place, 16 KiB at a time, and nothing else.
#[wasm_bindgen]
pub fn alone(open: bool, mib: u32) -> Result<f64, String> {
    let aead = Aes256Gcm::new_from_slice(&[1; 32]).map_err(|error| error.to_string())?;
    let nonce = [3; 12];
    let mut buffer = vec![0; CHUNK];
    let seal =
        |buffer: &mut [u8]| aead.encrypt_inout_detached(&nonce.into(), &[], InOutBuf::from(buffer));
    let tag = seal(&mut buffer).map_err(|error| error.to_string())?;
    let sealed = buffer.clone();
    let start = now();
    for _ in 0..u64::from(mib) * PLAIN_PART / CHUNK as u64 {
        let done = if open {
            buffer.copy_from_slice(&sealed);
            let text = InOutBuf::from(&mut buffer[..]);
            aead.decrypt_inout_detached(&nonce.into(), &[], text, &tag)
        } else {
            seal(&mut buffer).map(|tag| assert_eq!(black_box(tag).len(), TAG))
        };
        done.map_err(|error| error.to_string())?;
        black_box(&buffer);
    }
    Ok(now() - start)
}
