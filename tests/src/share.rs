//! A share as another client than the browser's makes it: with core, natively.

use anyhow::{Context, Result};
use getrandom::SysRng;
use waxseal_core::{
    body,
    keys::LinkKeys,
    link::LinkSecret,
    manifest::{Field, FieldKind, Manifest, SealedPolicy},
    passphrase::Passphrase,
    token::{OwnerToken, Proof},
    wire::{CreateRequest, ExpiresIn, Views},
};

/// A sealed share with the secrets of all who have to do with it.
pub struct Share {
    /// The link's.
    pub secret: LinkSecret,
    /// The owner's.
    pub owner: OwnerToken,
    /// Who knows the passphrase has it.
    pub proof: Option<Proof>,
    /// Id, access token, content key.
    pub keys: LinkKeys,
    /// The request that puts it on a server.
    pub request: CreateRequest,
}

/// How long and how often a share can be opened.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// Openings; `None` = any number.
    pub views: Option<u32>,
    /// Seconds.
    pub expires_in: u32,
    /// Empty = none.
    pub passphrase: &'a str,
}

impl Default for Terms<'_> {
    /// Once, within a day, with the link alone.
    fn default() -> Self {
        Self { views: Some(1), expires_in: 86_400, passphrase: "" }
    }
}

impl Share {
    /// A text under a title.
    ///
    /// # Errors
    /// If the terms are not within the format's bounds.
    pub fn note(title: &str, text: &str, terms: Terms<'_>) -> Result<Self> {
        let field = Field { label: "Text".into(), value: text.into(), kind: FieldKind::Multiline };
        Self::of(title, vec![field], terms)
    }

    /// Fields under a title.
    ///
    /// # Errors
    /// If the terms are not within the format's bounds.
    pub fn of(title: &str, fields: Vec<Field>, terms: Terms<'_>) -> Result<Self> {
        let policy = SealedPolicy {
            views: terms.views.map(Views::try_from).transpose()?,
            expires_in: ExpiresIn::try_from(terms.expires_in)?,
        };
        let manifest = Manifest {
            title: title.to_owned(),
            fields,
            policy: Some(policy),
            from: String::new(),
            files: Vec::new(),
        };
        let secret = LinkSecret::generate(&mut SysRng)?;
        let owner = OwnerToken::generate(&mut SysRng)?;
        let keys = LinkKeys::derive(&secret);
        let (key, proof) = keys.body_with(Passphrase::new(terms.passphrase)?.as_ref());
        let head = body::seal(&key, &manifest, &mut SysRng)?;
        let size = u64::try_from(head.len())?.try_into().context("a size within the bounds")?;
        let request = CreateRequest {
            passphrase_hash: proof.as_ref().map(Proof::hash),
            head: Some(head),
            ..CreateRequest::new(&keys, &owner, size, policy)
        };
        Ok(Self { secret, owner, proof, keys, request })
    }

    /// Its link on the server at `origin`.
    pub fn link(&self, origin: &str) -> String {
        self.secret.to_link(origin).to_string()
    }

    /// Its ciphertext.
    pub fn ciphertext(&self) -> &[u8] {
        self.request.head.as_deref().unwrap_or_default()
    }
}
