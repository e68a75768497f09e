//! Shares to put on a server.

use serde_json::{Value, json};
use waxseal_core::{
    base64url,
    layout::BodySize,
    token::{AccessToken, ClaimToken, OwnerToken, Proof, ShareId},
};

/// A share to create.
#[derive(Clone)]
pub(crate) struct Share {
    pub(crate) seed: u8,
    pub(crate) size: u64,
    pub(crate) views: Option<u32>,
    pub(crate) passphrase: bool,
    pub(crate) expires_in: u32,
}

impl Share {
    /// One-time, one part, a day; different for every seed.
    pub(crate) fn new(seed: u8) -> Self {
        Self { seed, size: 1096, views: Some(1), passphrase: false, expires_in: 86400 }
    }

    pub(crate) fn id(&self) -> String {
        ShareId::from_bytes([self.seed; 16]).to_base64url()
    }

    /// Its address, and more.
    pub(crate) fn path(&self, more: &str) -> String {
        format!("/api/shares/{}{more}", self.id())
    }

    pub(crate) fn access(&self) -> String {
        AccessToken::from_bytes([self.seed ^ 0x55; 32]).to_base64url()
    }

    pub(crate) fn owner(&self) -> String {
        OwnerToken::from_bytes([self.seed ^ 0xaa; 32]).to_base64url()
    }

    pub(crate) fn proof(&self) -> String {
        Proof::from_bytes([self.seed ^ 0x33; 32]).to_base64url()
    }

    /// Its ciphertext: to the server any bytes are.
    pub(crate) fn body(&self) -> Vec<u8> {
        (0..self.size).map(|n| (n % 251) as u8 ^ self.seed).collect()
    }

    /// Its ciphertext in parts.
    pub(crate) fn parts(&self) -> Vec<Vec<u8>> {
        let size = BodySize::try_from(self.size).expect("a possible size");
        let mut body = self.body();
        let mut parts = Vec::new();
        for n in 0..size.parts() {
            let rest = body.split_off(size.part_len(n).expect("there is such a part"));
            parts.push(std::mem::replace(&mut body, rest));
        }
        parts
    }

    /// The request that creates it.
    pub(crate) fn creation(&self) -> Value {
        let hash = |of: u8| [self.seed ^ of; 32];
        let mut request = json!({
            "id": self.id(),
            "access_hash": AccessToken::from_bytes(hash(0x55)).hash(),
            "owner_hash": OwnerToken::from_bytes(hash(0xaa)).hash(),
            "size": self.size,
            "expires_in": self.expires_in,
            "views": self.views,
        });
        if self.passphrase {
            request["passphrase_hash"] = json!(Proof::from_bytes(hash(0x33)).hash());
        }
        if BodySize::try_from(self.size).is_ok_and(BodySize::is_one_part) {
            request["head"] = json!(base64url::encode(&self.body()));
        }
        request
    }

    /// The same as a request for a secret.
    pub(crate) fn asking(&self) -> Value {
        let mut request = self.creation();
        request["request"] = json!(true);
        request
    }

    /// The same as a share that is to answer one.
    pub(crate) fn answering(&self, asking: &Self) -> Value {
        let mut request = self.creation();
        request["answers"] = json!({ "request": asking.id(), "access": asking.access() });
        request
    }
}

/// A claim token, different for every seed.
pub(crate) fn claim_token(seed: u8) -> String {
    ClaimToken::from_bytes([seed; 32]).to_base64url()
}
