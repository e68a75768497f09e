//! One chunk of a sealed body: C2SP chunked-encryption, instance Cobblestone-256.
//!
//! Source: c2sp.org/chunked-encryption. HKDF-Expand-SHA-512, AES-256-GCM, 16 KiB chunks, the last one
//! always short, a 24-byte random salt and a 32-byte key commitment.
//!
//! Whole streams go through a [`Sealer`](crate::seal::Sealer) and an [`Opener`](crate::open::Opener).
//!
//! Invariant: a [`ChunkKey`] for opening exists only after the commitment was verified, and a chunk's
//! plaintext only after its tag was.

use crate::{
    keys::{BodyKey, InputKey},
    layout::{CHUNK, MAX_CHUNKS, SEAL, SEALED_CHUNK, TAG},
};
use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{AeadInOut, inout::InOutBuf},
};
use hkdf::Hkdf;
use rand_core::TryCryptoRng;
use sha2::Sha512;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

const LABEL: &[u8] = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0";
const SALT: usize = 24;
const KEY: usize = 32;
const NONCE: usize = 12;
const COMMITMENT: usize = 32;

/// The first 56 bytes of a ciphertext: salt and key commitment. Nothing can be opened without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seal([u8; SEAL]);

/// The ciphertext was not made with this key, or not left as it was made. No more is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed content is damaged")]
pub struct Damaged;

/// The AES-256 key and the base nonce of one body.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ChunkKey {
    key: [u8; KEY],
    base_nonce: [u8; NONCE],
}

/// Seals and opens single chunks of one body with `aes-gcm`.
pub struct ChunkCipher {
    aead: Aes256Gcm,
    key: ChunkKey,
}

impl Seal {
    /// Takes 56 bytes as they are.
    pub const fn from_bytes(bytes: [u8; SEAL]) -> Self {
        Self(bytes)
    }

    /// The 56 bytes.
    pub const fn as_bytes(&self) -> &[u8; SEAL] {
        &self.0
    }
}

impl ChunkKey {
    /// Bytes of [`Self::to_bytes`].
    pub const LEN: usize = KEY + NONCE;

    /// A key for a new body under a salt drawn from `rng`, and the seal that starts its ciphertext.
    ///
    /// # Errors
    /// Those of the generator.
    pub fn seal<R: TryCryptoRng>(key: &BodyKey, rng: &mut R) -> Result<(Self, Seal), R::Error> {
        let mut salt = [0; SALT];
        rng.try_fill_bytes(&mut salt)?;
        Ok(Self::with_salt(key.input(), key.context(), salt))
    }

    /// The key of the body that starts with `seal`.
    ///
    /// # Errors
    /// [`Damaged`] if the commitment was not made with this key and context.
    pub fn open(key: &BodyKey, seal: &Seal) -> Result<Self, Damaged> {
        Self::open_context(key.input(), key.context(), seal)
    }

    /// As [`Self::open`], for any context: Cobblestone-256 without Waxseal around it.
    ///
    /// # Errors
    /// [`Damaged`] if the commitment was not made with this key and context.
    pub fn open_context(key: &InputKey, context: &[u8], seal: &Seal) -> Result<Self, Damaged> {
        let mut salt = [0; SALT];
        salt.copy_from_slice(&seal.0[..SALT]);
        let (key, expected) = Self::with_salt(key, context, salt);
        if bool::from(seal.0[SALT..].ct_eq(&expected.0[SALT..])) { Ok(key) } else { Err(Damaged) }
    }

    /// As [`Self::seal`], for a given salt. A salt must never be used for two bodies under one key.
    pub fn with_salt(key: &InputKey, context: &[u8], salt: [u8; SALT]) -> (Self, Seal) {
        let derived = derive(key, context, &salt);
        let (key, commitment) = derived.split_at(KEY + NONCE);
        let mut seal = Seal([0; SEAL]);
        seal.0[..SALT].copy_from_slice(&salt);
        seal.0[SALT..].copy_from_slice(commitment);
        let key = Self::from_bytes(key.try_into().expect("it was split there"));
        (key, seal)
    }

    /// What [`Self::to_bytes`] of another thread gave.
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Self {
        let mut key = Self { key: [0; KEY], base_nonce: [0; NONCE] };
        key.key.copy_from_slice(&bytes[..KEY]);
        key.base_nonce.copy_from_slice(&bytes[KEY..]);
        key
    }

    /// `key ‖ base nonce`, to hand it to another thread of the same client.
    pub fn to_bytes(&self) -> Zeroizing<[u8; Self::LEN]> {
        let mut bytes = Zeroizing::new([0; Self::LEN]);
        bytes[..KEY].copy_from_slice(&self.key);
        bytes[KEY..].copy_from_slice(&self.base_nonce);
        bytes
    }

    /// The AES-256 key.
    pub const fn aes(&self) -> &[u8; KEY] {
        &self.key
    }

    /// The nonce of chunk `index`: the base nonce XOR the number, big-endian in the last 8 bytes.
    pub fn nonce(&self, index: u64) -> [u8; NONCE] {
        let mut nonce = self.base_nonce;
        for (byte, counter) in nonce[NONCE - 8..].iter_mut().zip(index.to_be_bytes()) {
            *byte ^= counter;
        }
        nonce
    }
}

impl ChunkCipher {
    /// The cipher of a key.
    pub fn new(key: ChunkKey) -> Self {
        let aead = Aes256Gcm::new_from_slice(&key.key).expect("the key has 32 bytes");
        Self { aead, key }
    }

    /// Appends chunk `index` of `plaintext` (at most 16 KiB), sealed, to `out`.
    ///
    /// # Panics
    /// If `plaintext` is longer than a chunk, or after 2³⁸ chunks.
    pub fn seal_chunk(&self, index: u64, plaintext: &[u8], out: &mut Vec<u8>) {
        assert!(plaintext.len() <= CHUNK, "a chunk has at most 16 KiB");
        assert!(index < MAX_CHUNKS, "a body has at most 4 PiB");
        let start = out.len();
        out.extend_from_slice(plaintext);
        let tag = self
            .aead
            .encrypt_inout_detached(
                &self.key.nonce(index).into(),
                &[],
                InOutBuf::from(&mut out[start..]),
            )
            .expect("16 KiB is below AES-GCM's bound");
        out.extend_from_slice(&tag);
    }

    /// Appends the plaintext of chunk `index` to `out`; on error `out` is as before.
    ///
    /// Whether this chunk may be the last is for the caller to know: a full one never is.
    ///
    /// # Errors
    /// [`Damaged`] if its length is not that of a chunk, its tag is wrong, or it comes after 2³⁸ others.
    pub fn open_chunk(&self, index: u64, sealed: &[u8], out: &mut Vec<u8>) -> Result<(), Damaged> {
        if index >= MAX_CHUNKS || !(TAG..=SEALED_CHUNK).contains(&sealed.len()) {
            return Err(Damaged);
        }
        let (ciphertext, tag) = sealed.split_at(sealed.len() - TAG);
        let tag = <[u8; TAG]>::try_from(tag).map_err(|_| Damaged)?;
        let start = out.len();
        out.extend_from_slice(ciphertext);
        let opened = self.aead.decrypt_inout_detached(
            &self.key.nonce(index).into(),
            &[],
            InOutBuf::from(&mut out[start..]),
            &tag.into(),
        );
        opened.map_err(|_| {
            out.truncate(start);
            Damaged
        })
    }
}

/// `key ‖ base nonce ‖ commitment`.
fn derive(
    key: &InputKey,
    context: &[u8],
    salt: &[u8; SALT],
) -> Zeroizing<[u8; KEY + NONCE + COMMITMENT]> {
    // HMAC pads a short key with zeros to its block, so these 64 bytes are the same key as the 32;
    // the crate insists on a pseudorandom key as long as the hash, which RFC 5869 does not need here.
    let mut prk = Zeroizing::new([0; 64]);
    prk[..32].copy_from_slice(key.as_bytes());
    let mut derived = Zeroizing::new([0; KEY + NONCE + COMMITMENT]);
    Hkdf::<Sha512>::from_prk(prk.as_slice())
        .expect("64 bytes are as long as the hash")
        .expand_multi_info(&[LABEL, salt, context], derived.as_mut())
        .expect("HKDF-SHA-512 gives up to 16320 bytes");
    derived
}
