//! From the link secret, and a passphrase where there is one, to every other key.
//!
//! Invariant: each key has one purpose, told by its type; all are zeroized and none has a text form.
//! HKDF is RFC 5869 with SHA-512, Argon2id is RFC 9106 with costs fixed per version.

use crate::{
    link::LinkSecret,
    passphrase::Passphrase,
    request::RequestLink,
    token::{AccessToken, Proof, ShareId},
};
use argon2::{Algorithm, Argon2, Params, Version};
use hkdf::Hkdf;
use sha2::Sha512;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Argon2id's memory in KiB: 64 MiB.
const ARGON2_MEMORY: u32 = 65_536;
/// Argon2id's passes.
const ARGON2_PASSES: u32 = 3;

/// What the link alone gives: the share's name, the right to ask for it, and the way to its keys.
pub struct LinkKeys {
    /// The share's name.
    pub id: ShareId,
    /// Bearer token of a link holder.
    pub access: AccessToken,
    expand: Expand,
}

/// Input key of the sealed body: 32 bytes.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct InputKey([u8; 32]);

/// What a sealed body is bound to: its share and whether it has a passphrase.
#[derive(Clone)]
pub struct BodyKey {
    input: InputKey,
    context: Context,
}

/// What a passphrase gives in addition to the link.
pub struct PassphraseKeys {
    /// Opens the body.
    pub body: BodyKey,
    /// Shows the server that the passphrase is known.
    pub proof: Proof,
}

/// `"waxseal/1" ‖ 0x00 ‖ id ‖ flags`, 27 bytes.
#[derive(Clone, Copy)]
pub struct Context([u8; 27]);

impl LinkKeys {
    /// Derives id and access token.
    pub fn derive(secret: &LinkSecret) -> Self {
        Self::extract(b"waxseal/1", secret.as_bytes())
    }

    /// The same for a request, whose token has nothing in common with any share's.
    pub fn of_request(link: &RequestLink) -> Self {
        Self::extract(b"waxseal/1 request", link.as_bytes())
    }

    fn extract(salt: &[u8], secret: &[u8]) -> Self {
        let expand = Expand(Hkdf::new(Some(salt), secret));
        let mut access = Zeroizing::new([0; 32]);
        expand.purpose("access", access.as_mut());
        let mut id = [0; 16];
        expand.purpose("id", &mut id);
        Self { id: ShareId::from_bytes(id), access: AccessToken::from_bytes(*access), expand }
    }

    /// The body's key where there is no passphrase.
    pub fn body(&self) -> BodyKey {
        let mut input = InputKey([0; 32]);
        self.expand.purpose("content", &mut input.0);
        BodyKey { input, context: Context::new(self.id, false) }
    }

    /// The body's key, and the proof if there is a passphrase, as [`Self::with_passphrase`].
    pub fn body_with(&self, passphrase: Option<&Passphrase>) -> (BodyKey, Option<Proof>) {
        match passphrase {
            Some(passphrase) => {
                let PassphraseKeys { body, proof } = self.with_passphrase(passphrase);
                (body, Some(proof))
            }
            None => (self.body(), None),
        }
    }

    /// The body's key and the proof with a passphrase. Takes 64 MiB of memory and the time of three
    /// passes over it (about 0.15 s).
    ///
    /// ```
    /// use getrandom::SysRng;
    /// use waxseal_core::{
    ///     body, keys::LinkKeys, link::LinkSecret, manifest::Manifest, passphrase::Passphrase,
    /// };
    ///
    /// let keys = LinkKeys::derive(&LinkSecret::generate(&mut SysRng)?);
    /// let passphrase = Passphrase::new("lusab-babad-gutih-tugad")?.ok_or("it is empty")?;
    /// let unlocked = keys.with_passphrase(&passphrase);
    /// let ciphertext = body::seal(&unlocked.body, &Manifest::default(), &mut SysRng)?;
    /// // The server counts wrong proofs, so it is given the hash of the right one.
    /// assert_eq!(unlocked.proof.hash().to_base64url().len(), 43);
    /// // The link alone does not open it.
    /// assert!(body::open(&keys.body(), &ciphertext).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_passphrase(&self, passphrase: &Passphrase) -> PassphraseKeys {
        let mut salt = Zeroizing::new([0; 16]);
        self.expand.purpose("passphrase salt", salt.as_mut());
        let stretched = stretch(passphrase, &salt);
        let mut mix = Zeroizing::new([0; 32]);
        self.expand.purpose("passphrase mix", mix.as_mut());
        let expand = Expand(Hkdf::new(Some(mix.as_ref()), stretched.as_ref()));
        let mut input = InputKey([0; 32]);
        expand.info(b"waxseal/1 content with passphrase", &mut input.0);
        let mut proof = Zeroizing::new([0; 32]);
        expand.info(b"waxseal/1 passphrase proof", proof.as_mut());
        PassphraseKeys {
            body: BodyKey { input, context: Context::new(self.id, true) },
            proof: Proof::from_bytes(*proof),
        }
    }
}

impl InputKey {
    /// Takes 32 bytes as they are.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl BodyKey {
    /// The key that some other thread derived for share `id`.
    pub fn new(id: ShareId, input: InputKey, passphrase: bool) -> Self {
        Self { input, context: Context::new(id, passphrase) }
    }

    /// The key.
    pub const fn input(&self) -> &InputKey {
        &self.input
    }

    /// What the body is bound to.
    pub const fn context(&self) -> &[u8] {
        &self.context.0
    }
}

impl Context {
    fn new(id: ShareId, passphrase: bool) -> Self {
        let mut context = [0; 27];
        context[..9].copy_from_slice(b"waxseal/1");
        context[10..26].copy_from_slice(id.as_bytes());
        context[26] = u8::from(passphrase);
        Self(context)
    }
}

/// Argon2id with the costs of version 1.
pub(crate) fn stretch(passphrase: &Passphrase, salt: &[u8; 16]) -> Zeroizing<[u8; 32]> {
    let mut stretched = Zeroizing::new([0; 32]);
    let params = Params::new(ARGON2_MEMORY, ARGON2_PASSES, 1, Some(stretched.len()))
        .expect("these costs are within Argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, stretched.as_mut())
        .expect("password, salt and output lengths are within Argon2's bounds");
    stretched
}

/// HKDF-Expand with SHA-512 from one pseudorandom key.
struct Expand(Hkdf<Sha512>);

impl Expand {
    /// `HKDF-Expand(PRK, "waxseal/1 " ‖ purpose)`.
    fn purpose(&self, purpose: &str, out: &mut [u8]) {
        self.expand(&[b"waxseal/1 ", purpose.as_bytes()], out);
    }

    /// `HKDF-Expand(PRK, info)`.
    fn info(&self, info: &[u8], out: &mut [u8]) {
        self.expand(&[info], out);
    }

    fn expand(&self, info: &[&[u8]], out: &mut [u8]) {
        self.0.expand_multi_info(info, out).expect("HKDF-SHA-512 gives up to 16320 bytes");
    }
}
