//! The link secret of an answer, sealed to whoever asked.
//!
//! Invariant: what is sealed for one request and one share opens for no other pair of them.

use crate::{
    chunk::Damaged,
    keys::LinkKeys,
    link::LinkSecret,
    request::RequestLink,
    token::{SealedSecret, ShareId},
};
use hpke::{
    Deserializable, Kem, OpModeR, OpModeS, Serializable, aead::AesGcm256, kdf::HkdfSha256,
    kem::X25519HkdfSha256, single_shot_open, single_shot_seal_with_rng,
};
use rand_core::{TryCryptoRng, TryRng};
use std::{convert::Infallible, fmt};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

type Suite = X25519HkdfSha256;

/// Bytes that HPKE encapsulates.
const ENC: usize = 32;

/// The private key of one request, 32 bytes. Never leaves whoever asks.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct RequestKey([u8; 32]);

/// Why nothing could be sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Nobody has the private key of the link's public key.
    #[error("the link's public key is none")]
    PublicKey,
    /// The random number generator failed.
    #[error("no random numbers: {0}")]
    Rng(String),
}

impl RequestKey {
    /// Draws a key from `rng`.
    ///
    /// # Errors
    /// Those of the generator.
    pub fn generate<R: TryCryptoRng>(rng: &mut R) -> Result<Self, R::Error> {
        let mut seed = Zeroizing::new([0; 32]);
        rng.try_fill_bytes(seed.as_mut())?;
        Ok(Self(Suite::derive_keypair(seed.as_ref()).0.to_bytes().into()))
    }

    /// Takes 32 bytes as they are.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What the request's link tells of it.
    pub fn public_key(&self) -> [u8; 32] {
        Suite::sk_to_pk(&self.private()).to_bytes().into()
    }

    /// The link secret of the share that answers `request`.
    ///
    /// # Errors
    /// [`Damaged`] if it was not sealed to this key for these two, and if it is another share's secret.
    pub fn open(
        &self,
        request: ShareId,
        share: ShareId,
        sealed: &SealedSecret,
    ) -> Result<LinkSecret, Damaged> {
        let (enc, ciphertext) = sealed.as_bytes().split_at(ENC);
        let enc = <Suite as Kem>::EncappedKey::from_bytes(enc).map_err(|_| Damaged)?;
        let opened = single_shot_open::<AesGcm256, HkdfSha256, Suite>(
            &OpModeR::Base,
            &self.private(),
            &enc,
            &info(request, share),
            ciphertext,
            &[],
        );
        let opened = Zeroizing::new(opened.map_err(|_| Damaged)?);
        let secret = LinkSecret::from_bytes(opened.as_slice().try_into().map_err(|_| Damaged)?);
        if LinkKeys::derive(&secret).id == share { Ok(secret) } else { Err(Damaged) }
    }

    fn private(&self) -> <Suite as Kem>::PrivateKey {
        Deserializable::from_bytes(&self.0).expect("every 32 bytes are a key once clamped")
    }
}

impl fmt::Debug for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestKey(…)")
    }
}

/// Seals the link secret of a share that answers the request behind `link`.
///
/// # Errors
/// [`SealError`].
pub fn seal<R: TryCryptoRng>(
    link: &RequestLink,
    secret: &LinkSecret,
    rng: &mut R,
) -> Result<SealedSecret, SealError>
where
    R::Error: fmt::Display,
{
    let mut drawn = Zeroizing::new([0; 32]);
    rng.try_fill_bytes(drawn.as_mut()).map_err(|error| SealError::Rng(error.to_string()))?;
    let request = LinkKeys::of_request(link).id;
    let share = LinkKeys::derive(secret).id;
    let to = Deserializable::from_bytes(link.public_key()).map_err(|_| SealError::PublicKey)?;
    let (enc, ciphertext) = single_shot_seal_with_rng::<AesGcm256, HkdfSha256, Suite>(
        &OpModeS::Base,
        &to,
        &info(request, share),
        secret.as_bytes(),
        &[],
        &mut Drawn(Some(drawn)),
    )
    .map_err(|_| SealError::PublicKey)?;
    let mut sealed = [0; SealedSecret::LEN];
    sealed[..ENC].copy_from_slice(&enc.to_bytes());
    sealed[ENC..].copy_from_slice(&ciphertext);
    Ok(SealedSecret::from_bytes(sealed))
}

/// `"waxseal/1 answer" ‖ 0x00 ‖ request ‖ share`, 49 bytes.
fn info(request: ShareId, share: ShareId) -> [u8; 49] {
    let mut info = [0; 49];
    info[..16].copy_from_slice(b"waxseal/1 answer");
    info[17..33].copy_from_slice(request.as_bytes());
    info[33..].copy_from_slice(share.as_bytes());
    info
}

/// Random bytes that were drawn before, so that a generator that fails is an error and no panic.
struct Drawn(Option<Zeroizing<[u8; 32]>>);

impl TryRng for Drawn {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        unreachable!("a key is drawn as bytes")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        unreachable!("a key is drawn as bytes")
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        let drawn = self.0.take().expect("one key is drawn");
        bytes.copy_from_slice(drawn.as_ref());
        Ok(())
    }
}

impl TryCryptoRng for Drawn {}
