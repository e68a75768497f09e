//! The shares made on this computer: for each, what it takes to look after it.
//!
//! Invariant: no link and no key is kept; who reads these files can revoke shares, and open none.

use crate::{
    failure::{Failure, Kind},
    places::{self, Places},
    settings::ServerUrl,
    ui::Ui,
    words,
};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::{self, ErrorKind},
    path::PathBuf,
};
use waxseal_core::{
    keys::LinkKeys,
    link::FoundLink,
    time::Timestamp,
    token::{OwnerToken, ShareId},
    wire::OwnedShare,
};

/// One share.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Its name.
    pub(crate) id: ShareId,
    /// What shows that it is ours.
    owner: OwnerToken,
    /// Where it is.
    pub(crate) server: ServerUrl,
    /// What we call it.
    pub(crate) label: String,
    /// When it was sent.
    pub(crate) sent_at: Timestamp,
    /// When it expires.
    expires_at: Option<Timestamp>,
}

impl Record {
    /// A share that was just sent.
    pub(crate) fn new(
        share: &OwnedShare,
        server: ServerUrl,
        label: String,
        expires_at: Option<Timestamp>,
    ) -> Self {
        let OwnedShare { id, owner } = share.clone();
        Self { id, owner, server, label, sent_at: words::now(), expires_at }
    }

    /// As the server wants it.
    pub(crate) fn share(&self) -> OwnedShare {
        OwnedShare { id: self.id, owner: self.owner.clone() }
    }

    /// Its label, or its id's beginning, for messages.
    pub(crate) fn shown(&self) -> String {
        words::visible(&self.label)
    }
}

/// Keeps a share.
///
/// # Errors
/// Those of the file system.
pub(crate) fn keep(places: &Places, record: &Record) -> io::Result<()> {
    places::keep(&path(places, record.id), record)
}

/// Forgets a share.
///
/// # Errors
/// [`Kind::Disk`].
pub(crate) fn forget(places: &Places, id: ShareId) -> Result<(), Failure> {
    let path = path(places, id);
    places::forget(&path).map_err(|error| Failure::disk(path.display(), &error))
}

/// All shares, the newest first. A file that is none is told about.
///
/// # Errors
/// [`Kind::Failed`] if they cannot be listed.
pub(crate) fn all(ui: &Ui, places: &Places) -> Result<Vec<Record>, Failure> {
    let unread = |error: io::Error| {
        let message = format!("cannot read {}: {error}", places.shares.display());
        Failure::new(Kind::Failed, message)
    };
    let entries = match fs::read_dir(&places.shares) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unread(error)),
    };
    let mut records: Vec<Record> = Vec::new();
    for entry in entries {
        let path = entry.map_err(unread)?.path();
        if path.extension() != Some("json".as_ref()) {
            continue;
        }
        match places::kept(&path) {
            Ok(record) => records.extend(record),
            Err(error) => ui.warn(&format!("cannot read {}: {error}", path.display())),
        }
    }
    records.sort_by_key(|record| std::cmp::Reverse(record.sent_at));
    Ok(records)
}

/// The one share that a user means by its link, its id, its id's beginning, or its label.
///
/// # Errors
/// [`Kind::NotOwned`] if there is none, or more than one.
pub(crate) fn find<'a>(records: &'a [Record], named: &str) -> Result<&'a Record, Failure> {
    let by_link = FoundLink::in_address(named).ok().map(|found| LinkKeys::derive(&found.secret).id);
    let fits = |record: &&Record| match by_link {
        Some(id) => record.id == id,
        None => record.label == named,
    };
    let mut found: Vec<_> = records.iter().filter(fits).collect();
    // Too short a beginning is rather a label that was forgotten.
    if found.is_empty() && by_link.is_none() && named.len() >= 4 {
        let begins = |record: &&Record| record.id.to_base64url().starts_with(named);
        found = records.iter().filter(begins).collect();
    }
    match found[..] {
        [one] => Ok(one),
        // The name may be a link, which does not belong into messages.
        [] => Err(Failure::new(
            Kind::NotOwned,
            "no such share was made on this computer; see `waxseal list`",
        )),
        _ => Err(Failure::new(
            Kind::NotOwned,
            "more than one share is called so; name it by its id, see `waxseal list`",
        )),
    }
}

fn path(places: &Places, id: ShareId) -> PathBuf {
    places.shares.join(format!("{}.json", id.to_base64url()))
}
