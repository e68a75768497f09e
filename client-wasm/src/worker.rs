//! The crypto worker: sealing and key stretching away from the page's thread.
//!
//! A script and module of its own, loaded where there is such a job: a recipient without a passphrase
//! needs none.
//!
//! Invariant: a worker's URL is the one that the page's bootstrap names; the Trusted Types policy
//! makes no other.

mod backup;
mod bulk;
mod channel;
mod unlock;

pub use backup::{examine_backup, open_backup, seal_backup};
pub use bulk::{BulkWorker, Failure, Fetch, OpenPart, PartKey, SealPart};
pub use channel::warm_up;
pub use unlock::{Unlocked, unlock};

use js_sys::JsString;
use serde::{Deserialize, Serialize};
use waxseal_core::{
    keys::LinkKeys,
    link::LinkSecret,
    passphrase::{Passphrase, PassphraseTooLong},
};

/// What a person is told when a worker cannot be used; its code may not have come.
pub const BROKEN: &str = "The encryption could not be loaded. Nothing is lost; try again.";

/// What a worker can be asked to do.
#[derive(Serialize, Deserialize)]
enum Job {
    Unlock(unlock::Job),
    Bulk(bulk::Job),
    Backup(backup::Job),
}

/// Answers jobs, for the life of the worker.
pub fn serve() {
    channel::serve(async |job, value| match job {
        Job::Unlock(job) => unlock::work(job),
        Job::Bulk(job) => bulk::work(job, value).await,
        Job::Backup(job) => backup::work(job, &value),
    });
}

/// The keys of a link that a job names by its token.
fn keys(token: &str) -> Result<LinkKeys, String> {
    let secret = LinkSecret::from_token(token).map_err(|_| BROKEN)?;
    Ok(LinkKeys::derive(&secret))
}

/// A passphrase as it was typed, normalized by the browser, which has Unicode's tables.
fn passphrase(typed: &str) -> Result<Option<Passphrase>, PassphraseTooLong> {
    let typed: JsString = typed.into();
    Passphrase::from_normalized(typed.normalize("NFC").into())
}
