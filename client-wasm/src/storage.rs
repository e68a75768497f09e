//! A recipient's place, kept for as long as the tab.
//!
//! Invariant: a link secret is in `sessionStorage` only, from just before a claim is sent till it is
//! acknowledged or its lease ends.

use crate::{dom, words};
use std::time::Duration;
use waxseal_core::{
    link::LinkSecret,
    time::Timestamp,
    token::{ClaimToken, ShareId},
};
use web_sys::Storage;

const PLACES: &str = "waxseal.place.";

/// How long the server keeps a claim's place after its last request.
pub const LEASE: Duration = Duration::from_secs(15 * 60);

/// A recipient's place: enough to ask again with the same claim.
#[derive(Clone)]
pub struct Place {
    token: String,
    /// The claim.
    pub claim: ClaimToken,
    /// Whether a passphrase is needed to open what the claim gives.
    pub passphrase: bool,
    /// Until when the server keeps the place, as far as this tab knows.
    pub until: Timestamp,
}

impl Place {
    /// A place for `claim` on the share of `secret`, from now.
    pub fn new(secret: &LinkSecret, claim: ClaimToken, passphrase: bool) -> Self {
        let until = words::now().after(LEASE);
        Self { token: secret.to_token().to_string(), claim, passphrase, until }
    }

    /// The link's secret.
    pub fn secret(&self) -> Option<LinkSecret> {
        LinkSecret::from_token(&self.token).ok()
    }

    /// Remembers it under the share's id; where there is no storage, only the page does.
    pub fn keep(&self, id: ShareId) {
        if let Some(storage) = session() {
            storage.set_item(&key(id), &self.to_text()).ok();
        }
    }

    /// The place kept for a share.
    pub fn of(id: ShareId) -> Option<Self> {
        let place = Self::read(&session()?, &key(id));
        if place.is_none() {
            forget_place(id);
        }
        place
    }

    /// The newest place kept in this tab, whatever its share.
    pub fn newest() -> Option<Self> {
        let storage = session()?;
        let count = storage.length().unwrap_or(0);
        let keys = (0..count).filter_map(|n| storage.key(n).ok().flatten());
        let places = keys.filter(|key| key.starts_with(PLACES));
        places.filter_map(|key| Self::read(&storage, &key)).max_by_key(|place| place.until)
    }

    fn read(storage: &Storage, key: &str) -> Option<Self> {
        let place = Self::from_text(&storage.get_item(key).ok().flatten()?)?;
        (place.until > words::now()).then_some(place)
    }

    /// Token, claim, whether there is a passphrase, until when; a line each.
    fn to_text(&self) -> String {
        let passphrase = if self.passphrase { "passphrase" } else { "" };
        let until = self.until.unix_millis();
        format!("{}\n{}\n{passphrase}\n{}", self.token, self.claim.to_base64url(), until)
    }

    fn from_text(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        Some(Self {
            token: lines.next()?.to_owned(),
            claim: lines.next()?.parse().ok()?,
            passphrase: !lines.next()?.is_empty(),
            until: Timestamp::from_unix_millis(lines.next()?.parse().ok()?),
        })
    }
}

/// Forgets the place of a share.
pub fn forget_place(id: ShareId) {
    if let Some(storage) = session() {
        storage.remove_item(&key(id)).ok();
    }
}

fn key(id: ShareId) -> String {
    format!("{PLACES}{}", id.to_base64url())
}

fn session() -> Option<Storage> {
    dom::window().session_storage().ok().flatten()
}
