//! Plaintexts of bodies, sealed here: their lengths and their padding.

use crate::{
    Group, equal,
    files::{BODY, File},
    hex,
};
use waxseal_core::{
    body,
    chunk::{ChunkCipher, ChunkKey},
    keys::{BodyKey, LinkKeys},
    link::LinkSecret,
    seal::Sealer,
};

pub(crate) fn check(group: &mut Group) {
    let key = LinkKeys::derive(&LinkSecret::from_bytes([7; 32])).body();
    for (name, bytes) in BODY {
        group.case(name, File::parse(bytes).and_then(|file| case(&key, &file)));
    }
}

fn case(key: &BodyKey, file: &File<'_>) -> Result<(), String> {
    let opened = body::open(key, &seal(key, &plaintext(file)?));
    equal("outcome", &if opened.is_ok() { "ok" } else { "damaged" }, &file.text("expect")?)
}

/// `length ‖ payload ‖ spaces ‖ files ‖ zeros ‖ tail`.
fn plaintext(file: &File<'_>) -> Result<Vec<u8>, String> {
    let mut plaintext = file.number::<u32>("length")?.to_be_bytes().to_vec();
    plaintext.extend(file.spaced_payload()?);
    plaintext.extend(hex::decode(file.get("files").unwrap_or(""))?);
    plaintext.resize(plaintext.len() + file.number::<usize>("zeros")?, 0);
    plaintext.extend(hex::decode(file.get("tail").unwrap_or(""))?);
    Ok(plaintext)
}

fn seal(key: &BodyKey, plaintext: &[u8]) -> Vec<u8> {
    let (key, seal) = ChunkKey::with_salt(key.input(), key.context(), [9; 24]);
    let mut sealer = Sealer::new(ChunkCipher::new(key));
    let mut sealed = seal.as_bytes().to_vec();
    sealer.push(plaintext, &mut sealed);
    sealer.finish(&mut sealed);
    sealed
}
