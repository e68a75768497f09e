//! The requests that a share's life is made of, as the pages send them, and the baseline's.

use crate::{
    TEXT,
    load::{Request, request},
};
use anyhow::Result;
use getrandom::SysRng;
use http::Method;
use waxseal_core::{token::ClaimToken, wire::ClaimRequest};
use waxseal_tests::share::{Share, Terms};

const JSON: &str = "application/json";
pub(crate) const OCTETS: &str = "application/octet-stream";

/// A share of 1 KiB of text, and who is going to open it.
pub(crate) struct Life {
    pub(crate) share: Share,
    pub(crate) claim: ClaimToken,
}

impl Life {
    pub(crate) fn new() -> Result<Self> {
        Self::of(Share::note("", TEXT, Terms::default())?)
    }

    pub(crate) fn of(share: Share) -> Result<Self> {
        Ok(Self { share, claim: ClaimToken::generate(&mut SysRng)? })
    }

    pub(crate) fn create(&self) -> Result<Request> {
        let json = serde_json::to_vec(&self.share.request)?;
        request(Method::POST, "/api/shares", None, Some((JSON, json.into())))
    }

    /// What a recipient's page asks before anything is pressed.
    pub(crate) fn landing(&self) -> Result<Request> {
        let access = self.share.keys.access.to_base64url();
        request(Method::GET, &self.path(""), Some(&access), None)
    }

    pub(crate) fn claim(&self) -> Result<Request> {
        let access = self.share.keys.access.to_base64url();
        let claim = ClaimRequest { claim: self.claim.clone(), proof: None };
        let json = serde_json::to_vec(&claim)?;
        request(Method::POST, &self.path("/claims"), Some(&access), Some((JSON, json.into())))
    }

    pub(crate) fn acknowledge(&self) -> Result<Request> {
        request(Method::POST, &self.path("/ack"), Some(&self.claim.to_base64url()), None)
    }

    /// The baseline's creation: the same bytes under the same name.
    pub(crate) fn set(&self) -> Result<Request> {
        let path = format!("/{}", self.share.keys.id.to_base64url());
        let ciphertext = self.share.ciphertext().to_vec();
        request(Method::POST, &path, None, Some((OCTETS, ciphertext.into())))
    }

    /// The baseline's opening.
    pub(crate) fn take(&self) -> Result<Request> {
        let path = format!("/{}/open", self.share.keys.id.to_base64url());
        request(Method::POST, &path, None, None)
    }

    /// Where a call on the share goes.
    pub(crate) fn path(&self, call: &str) -> String {
        format!("/api/shares/{}{call}", self.share.keys.id.to_base64url())
    }
}

/// What is not written anew for each who asks.
pub(crate) fn file(path: &str) -> Result<Request> {
    request(Method::GET, path, None, None)
}
