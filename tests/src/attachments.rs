//! Shares with attachments, opened as another client than the browser's does: with core, natively.

use crate::{
    api::{Answer, Api},
    deployment::Deployment,
    server::Store,
};
use anyhow::{Context, Result, ensure};
use getrandom::SysRng;
use http::Method;
use std::{
    collections::{HashMap, hash_map::Entry},
    fs,
};
use waxseal_core::{
    body::{Contents, OpenedHead},
    chunk::ChunkCipher,
    keys::LinkKeys,
    layout::{BodySize, SEAL},
    link::FoundLink,
    manifest::Manifest,
    passphrase::Passphrase,
    token::ClaimToken,
    wire::{ClaimRequest, claim_header},
};

/// An opened share.
pub struct Opened {
    /// What it holds.
    pub manifest: Manifest,
    /// The content of each of the manifest's files.
    pub files: Vec<Vec<u8>>,
}

impl Opened {
    /// Names and contents.
    pub fn named(&self) -> Vec<(&str, &[u8])> {
        let names = self.manifest.files.iter().map(|file| file.name.as_str());
        names.zip(self.files.iter().map(Vec::as_slice)).collect()
    }
}

/// Opens the share of `link` with everything in it; without a passphrase if it is empty.
///
/// # Errors
/// If the server refuses, or something was not sealed as it must be.
pub async fn open(api: &Api, link: &str, passphrase: &str) -> Result<Opened> {
    let keys = LinkKeys::derive(&FoundLink::in_address(link)?.secret);
    let (key, proof) = match Passphrase::new(passphrase)? {
        Some(passphrase) => {
            let unlocked = keys.with_passphrase(&passphrase);
            (unlocked.body, Some(unlocked.proof))
        }
        None => (keys.body(), None),
    };
    let claim = ClaimToken::generate(&mut SysRng)?;
    let path = |tail: &str| format!("/api/shares/{}{tail}", keys.id.to_base64url());
    let request = ClaimRequest { claim: claim.clone(), proof };
    let access = keys.access.to_base64url();
    let answer = api.send(Method::POST, &path("/claims"), Some(&access), Some(&request)).await?;
    let size = answer.headers.get(claim_header::SIZE).context("a claim is answered with a size")?;
    let size = BodySize::try_from(size.to_str()?.parse::<u64>()?)?;
    let head = OpenedHead::open(&key, &good(&answer)?.body, size)?;
    let mut parts = HashMap::from([(0, answer.body.slice(SEAL..))]);
    let cipher = ChunkCipher::new(head.key().clone());
    let mut files = Vec::new();
    for n in 0..head.manifest.files.len() {
        let range = head.file_range(n).context("every file lies somewhere")?;
        let mut content = Vec::new();
        for n in Contents::parts_of(&range) {
            if let Entry::Vacant(part) = parts.entry(n) {
                let path = path(&format!("/parts/{n}"));
                let token = claim.to_base64url();
                let answer = api.send(Method::GET, &path, Some(&token), None::<&()>).await?;
                part.insert(good(&answer)?.body.clone());
            }
            head.contents().open_part(&cipher, n, &parts[&n], &range, &mut content)?;
        }
        files.push(content);
    }
    Ok(Opened { manifest: head.manifest, files })
}

fn good(answer: &Answer) -> Result<&Answer> {
    ensure!(answer.status == 200, "the server answered {answer:?}");
    Ok(answer)
}

/// How many parts of unpublished and published shares are in the store.
///
/// # Errors
/// Those of the store.
pub fn stored_parts(deployment: &Deployment) -> Result<usize> {
    match deployment.server.store() {
        Store::Redis(redis) => {
            let keys: Vec<String> =
                ::redis::cmd("KEYS").arg("*:part:*").query(&mut redis.connection()?)?;
            Ok(keys.len())
        }
        Store::Sqlite(folder) => match fs::read_dir(folder.path().join("waxseal.db.parts")) {
            Ok(parts) => Ok(parts.count()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error.into()),
        },
    }
}

/// `len` bytes that no two places have alike.
pub fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        // Marsaglia's xorshift64.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}
