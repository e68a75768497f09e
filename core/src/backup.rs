//! A backup of owned links: one file, sealed with a passphrase.
//!
//! `header ‖ sealed body ‖ check`; the header is the name, the version and Argon2id's salt, and the
//! body is bound to it. `docs/format.md` has the bytes.
//!
//! Invariant: what went wrong is told apart before the passphrase is stretched where that can be: only a
//! file that is as it was written can have a wrong passphrase.

use crate::{
    chunk::{ChunkCipher, ChunkKey, Seal},
    keys::{self, InputKey},
    layout::SEAL,
    open::Opener,
    padding,
    passphrase::Passphrase,
    seal::Sealer,
};
use hkdf::Hkdf;
use rand_core::TryCryptoRng;
use sha2::{Digest, Sha256, Sha512};
use std::fmt;
use zeroize::Zeroizing;

const NAME: &[u8; 13] = b"waxseal links";
const VERSION: u8 = 1;
const STRETCH_SALT: usize = 16;
/// Bytes of name, version and salt.
const HEADER: usize = NAME.len() + 1 + STRETCH_SALT;
/// Bytes of the body's own salt.
const SALT: usize = 24;
/// First bytes of the SHA-256 of all that is in front of them.
const CHECK: usize = 8;
/// Bytes that say how long the content is.
const LENGTH: usize = 4;

/// The longest content, in bytes: 8 MiB.
pub const MAX_BYTES: usize = 8 << 20;

/// Why there is nothing to be had from a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BackupError {
    /// It does not start as one does.
    #[error("this is not a file of links")]
    NoBackup,
    /// A version that this client does not know.
    #[error("the file was made by a newer version")]
    Newer,
    /// It is not as it was written.
    #[error("the file is damaged")]
    Damaged,
    /// It is as it was written, with another passphrase.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
}

/// Why there is no file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The content has more than 8 MiB.
    #[error("there is too much for one file")]
    TooLong,
    /// The random number generator failed.
    #[error("no random numbers: {0}")]
    Rng(String),
}

/// Seals `content` with what `rng` gives. Takes 64 MiB of memory and about 0.15 s.
///
/// # Errors
/// [`SealError`].
pub fn seal<R: TryCryptoRng>(
    content: &[u8],
    passphrase: &Passphrase,
    rng: &mut R,
) -> Result<Vec<u8>, SealError>
where
    R::Error: fmt::Display,
{
    let (mut stretch_salt, mut salt) = ([0; STRETCH_SALT], [0; SALT]);
    let drawn = rng.try_fill_bytes(&mut stretch_salt).and_then(|()| rng.try_fill_bytes(&mut salt));
    drawn.map_err(|error| SealError::Rng(error.to_string()))?;
    if content.len() > MAX_BYTES {
        return Err(SealError::TooLong);
    }
    let plaintext = padded(content).ok_or(SealError::TooLong)?;
    let mut file = [&NAME[..], &[VERSION], &stretch_salt].concat();
    let (key, seal) = ChunkKey::with_salt(&input_key(passphrase, &stretch_salt), &file, salt);
    file.extend_from_slice(seal.as_bytes());
    let mut sealer = Sealer::new(ChunkCipher::new(key));
    sealer.push(&plaintext, &mut file);
    sealer.finish(&mut file);
    let check = check(&file);
    file.extend_from_slice(&check);
    Ok(file)
}

/// Opens a file. Takes 64 MiB of memory and about 0.15 s, unless the file is no good anyway.
///
/// # Errors
/// [`BackupError`] says what is wrong.
pub fn open(file: &[u8], passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, BackupError> {
    let (header, seal, chunks) = take_apart(file)?;
    let stretch_salt = header[HEADER - STRETCH_SALT..].try_into().expect("that is its length");
    let key = ChunkKey::open_context(&input_key(passphrase, stretch_salt), header, &seal)
        .map_err(|_| BackupError::WrongPassphrase)?;
    let mut plaintext = Zeroizing::new(Vec::with_capacity(chunks.len()));
    let mut opener = Opener::new(ChunkCipher::new(key));
    opener.push(chunks, &mut plaintext).map_err(|_| BackupError::Damaged)?;
    opener.finish(&mut plaintext).map_err(|_| BackupError::Damaged)?;
    content(&plaintext).map(|content| Zeroizing::new(content.to_vec())).ok_or(BackupError::Damaged)
}

/// Whether a file can be opened by whoever has its passphrase, as far as can be told without.
///
/// # Errors
/// [`BackupError`] says what is wrong.
pub fn examine(file: &[u8]) -> Result<(), BackupError> {
    take_apart(file).map(|_| ())
}

/// Header, seal and chunks of a file that is as it was written.
fn take_apart(file: &[u8]) -> Result<(&[u8], Seal, &[u8]), BackupError> {
    let behind_name = file.strip_prefix(NAME).ok_or(BackupError::NoBackup)?;
    match behind_name.first() {
        Some(&VERSION) => {}
        Some(_) => return Err(BackupError::Newer),
        None => return Err(BackupError::Damaged),
    }
    let (rest, written) = file.split_last_chunk::<CHECK>().ok_or(BackupError::Damaged)?;
    let (header, rest) = rest.split_at_checked(HEADER).ok_or(BackupError::Damaged)?;
    let (seal, chunks) = rest.split_first_chunk::<SEAL>().ok_or(BackupError::Damaged)?;
    if check(&file[..file.len() - CHECK]) != *written {
        return Err(BackupError::Damaged);
    }
    Ok((header, Seal::from_bytes(*seal), chunks))
}

fn input_key(passphrase: &Passphrase, salt: &[u8; STRETCH_SALT]) -> InputKey {
    let stretched = keys::stretch(passphrase, salt);
    let mut input = Zeroizing::new([0; 32]);
    Hkdf::<Sha512>::new(Some(b"waxseal/1 links"), stretched.as_ref())
        .expand(b"waxseal/1 links content", input.as_mut())
        .expect("HKDF-SHA-512 gives up to 16320 bytes");
    InputKey::from_bytes(*input)
}

/// `length ‖ content ‖ zeros`.
fn padded(content: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let length = u32::try_from(content.len()).ok()?;
    let padded = padding::padded((LENGTH + content.len()) as u64)? as usize;
    let mut plaintext = Zeroizing::new(Vec::with_capacity(padded));
    plaintext.extend_from_slice(&length.to_be_bytes());
    plaintext.extend_from_slice(content);
    plaintext.resize(padded, 0);
    Some(plaintext)
}

/// The content of a plaintext that is padded as it must be.
fn content(plaintext: &[u8]) -> Option<&[u8]> {
    let (length, rest) = plaintext.split_first_chunk::<LENGTH>()?;
    let len = u32::from_be_bytes(*length) as usize;
    let (content, zeros) = rest.split_at_checked(len)?;
    let fits = padding::padded((LENGTH + len) as u64) == Some(plaintext.len() as u64);
    (len <= MAX_BYTES && fits && zeros.iter().all(|byte| *byte == 0)).then_some(content)
}

fn check(bytes: &[u8]) -> [u8; CHECK] {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    *digest.first_chunk().expect("a digest has 32 bytes")
}
