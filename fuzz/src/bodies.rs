//! Sealed bodies: sealed with the right key by somebody who does not keep to the format, or changed on
//! their way.

use crate::Choices;
use waxseal_core::{
    body::{self, Contents},
    chunk::{ChunkCipher, ChunkKey},
    keys::{BodyKey, LinkKeys},
    layout::{BodySize, SEAL},
    link::LinkSecret,
    manifest::Manifest,
    padding,
    seal::Sealer,
};

/// Bytes of content that are worth sealing over and over.
const LARGEST: u64 = 1 << 17;

/// A body, in one of several ways.
pub fn body(bytes: &[u8]) {
    let mut choices = Choices(bytes);
    let key = LinkKeys::derive(&LinkSecret::from_bytes([7; 32])).body();
    match choices.below(4) {
        // As it comes.
        0 => drop(body::open(&key, choices.rest())),
        // Any plaintext at all.
        1 => drop(body::open(&key, &seal(&key, choices.rest()))),
        // A manifest, and all that it asks for.
        2 => {
            let Some((plaintext, manifest)) = plaintext(choices.rest()) else { return };
            let sealed = seal(&key, &plaintext);
            let head = body::open(&key, &sealed).expect("it is as the format asks");
            assert_eq!(head.manifest.to_json().ok(), manifest.to_json().ok());
        }
        // The same, changed at one place or shortened.
        _ => {
            let (at, change) = (choices.number(), choices.byte());
            let Some((plaintext, _)) = plaintext(choices.rest()) else { return };
            let mut sealed = seal(&key, &plaintext);
            let at = (at % sealed.len() as u64) as usize;
            match change {
                0 => sealed.truncate(at),
                change => sealed[at] ^= change,
            }
            assert!(body::open(&key, &sealed).is_err(), "byte {at} changed by {change}");
        }
    }
    ranges(&key, bytes);
}

/// Any range of any part of a body of any size.
fn ranges(key: &BodyKey, bytes: &[u8]) {
    let mut choices = Choices(bytes);
    let (size, content) = (choices.number() >> choices.below(64), choices.number());
    let Ok(size) = BodySize::try_from(size) else { return };
    let contents = Contents { size, content: content.min(size.plaintext()) };
    let (n, from, to) = (choices.number() >> choices.below(64), choices.number(), choices.number());
    let range = from.min(to)..from.max(to);
    let (cipher, _) = cipher(key);
    let mut out = Vec::new();
    let opened = contents.open_part(&cipher, n, choices.rest(), &range, &mut out);
    assert!(opened.is_err() || out.is_empty(), "nothing here was ever sealed");
}

/// The plaintext of a body that holds this manifest.
fn plaintext(json: &[u8]) -> Option<(Vec<u8>, Manifest)> {
    let manifest = Manifest::from_json(json).ok()?;
    let mut plaintext = u32::try_from(json.len()).ok()?.to_be_bytes().to_vec();
    plaintext.extend_from_slice(json);
    let content = manifest.files_len().ok()?.checked_add(plaintext.len() as u64)?;
    let padded = padding::padded(content).filter(|len| *len <= LARGEST)?;
    plaintext.resize(padded as usize, 0);
    Some((plaintext, manifest))
}

fn seal(key: &BodyKey, plaintext: &[u8]) -> Vec<u8> {
    let (cipher, mut sealed) = cipher(key);
    let mut sealer = Sealer::new(cipher);
    sealer.push(plaintext, &mut sealed);
    sealer.finish(&mut sealed);
    sealed
}

/// With a salt that is always the same, so that a failure comes again.
fn cipher(key: &BodyKey) -> (ChunkCipher, Vec<u8>) {
    let (chunks, seal) = ChunkKey::with_salt(key.input(), key.context(), [9; 24]);
    assert_eq!(seal.as_bytes().len(), SEAL);
    (ChunkCipher::new(chunks), seal.as_bytes().to_vec())
}
