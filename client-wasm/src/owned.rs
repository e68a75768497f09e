//! The links made in this browser, in its IndexedDB: a record each.
//!
//! Invariant: a change reads what it changes in its own transaction, so tabs lose nothing of each
//! other's, nor of what another version of these pages keeps; it is done when the browser has it on
//! disk. A link's secret is kept only where its owner asked for that.

mod database;

pub use waxseal_core::owned::{OwnedLink, OwnedLinks, OwnedRequest, Sent};

use crate::dom;
use database::{Database, Mode, Transaction};
use js_sys::{Array, JSON, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use waxseal_core::{json, link::LinkSecret, time::Timestamp, token::ShareId, wire::to_json};
use web_sys::BroadcastChannel;

/// This browser keeps nothing for this page.
#[derive(Debug, Clone, Copy)]
pub struct NoStorage;

impl From<JsValue> for NoStorage {
    fn from(_: JsValue) -> Self {
        Self
    }
}

/// What can change of a link that is kept.
pub enum Change {
    /// What its owner calls it.
    Label(String),
    /// When it was handed on; `None` = not yet.
    Sent(Option<Timestamp>),
    /// It is handed on now, if it was not before.
    SentNow(Timestamp),
    /// What it is made of, where its owner wants to see it again.
    Secret(Option<LinkSecret>),
}

/// Where versions before this kept all links, as one text.
const BEFORE: &str = "waxseal.links";
/// How tabs tell each other of changes.
const CHANNEL: &str = "waxseal.links";

/// All links, in no particular order.
///
/// # Errors
/// [`NoStorage`].
pub async fn all() -> Result<Vec<OwnedLink>, NoStorage> {
    let database = Database::open().await?;
    adopt(&database).await?;
    let records = database.begin(Mode::Read)?.all().await?;
    Ok(records.iter().filter_map(|json| read(json)).collect())
}

/// How many links there are.
///
/// # Errors
/// [`NoStorage`].
pub async fn count() -> Result<u64, NoStorage> {
    let database = Database::open().await?;
    adopt(&database).await?;
    Ok(database.begin(Mode::Read)?.count().await?)
}

/// Keeps one more link.
///
/// # Errors
/// [`NoStorage`]; it is not kept then.
pub async fn add(link: &OwnedLink) -> Result<(), NoStorage> {
    let database = Database::open().await?;
    let transaction = database.begin(Mode::Write)?;
    put(&transaction, link)?;
    end(transaction).await
}

/// Changes a link, if it is still there.
///
/// # Errors
/// [`NoStorage`]; it is as before then.
pub async fn change(id: ShareId, change: Change) -> Result<(), NoStorage> {
    let database = Database::open().await?;
    let transaction = database.begin(Mode::Write)?;
    let name = id.to_base64url();
    if let Some(record) = transaction.get(&name).await? {
        let record = JSON::parse(&record)?;
        change.make(&record)?;
        transaction.put(&name, &String::from(JSON::stringify(&record)?))?;
    }
    end(transaction).await
}

/// Forgets links.
///
/// # Errors
/// [`NoStorage`]; all are still there then.
pub async fn remove(ids: impl Iterator<Item = ShareId>) -> Result<(), NoStorage> {
    let database = Database::open().await?;
    let transaction = database.begin(Mode::Write)?;
    for id in ids {
        transaction.delete(&id.to_base64url())?;
    }
    end(transaction).await
}

/// Keeps those of `links` that are not there yet, and says how many that were.
///
/// # Errors
/// [`NoStorage`]; none of them is kept then.
pub async fn merge(links: &[OwnedLink]) -> Result<usize, NoStorage> {
    let database = Database::open().await?;
    let transaction = database.begin(Mode::Write)?;
    let mut new = 0;
    for link in links {
        if transaction.get(&link.id.to_base64url()).await?.is_none() {
            put(&transaction, link)?;
            new += 1;
        }
    }
    end(transaction).await?;
    Ok(new)
}

/// Calls `handler` whenever another tab has changed something.
pub fn on_change(mut handler: impl FnMut() + 'static) {
    CHANGES.with(|changes| {
        if let Some(changes) = changes {
            dom::on(changes, "message", move |_| handler());
        }
    });
}

impl Change {
    /// Of a record, in its written form.
    fn make(self, record: &JsValue) -> Result<(), JsValue> {
        const SENT_AT: &str = "sent_at";
        let at = |at: Timestamp| JsValue::from(at.to_string());
        let (name, value) = match self {
            Self::Label(label) => ("label", label.into()),
            Self::Sent(time) => (SENT_AT, time.map_or(JsValue::NULL, at)),
            Self::SentNow(_) if !dom::property(record, SENT_AT).is_null() => return Ok(()),
            Self::SentNow(now) => (SENT_AT, at(now)),
            // What is undefined is not written.
            Self::Secret(None) => ("token", JsValue::UNDEFINED),
            Self::Secret(Some(secret)) => ("token", secret.to_token().as_str().into()),
        };
        Reflect::set(record, &name.into(), &value).map(drop)
    }
}

thread_local! {
    static CHANGES: Option<BroadcastChannel> = BroadcastChannel::new(CHANNEL).ok();
}

fn read(json: &str) -> Option<OwnedLink> {
    json::read(json).ok()
}

fn put(transaction: &Transaction, link: &OwnedLink) -> Result<(), JsValue> {
    transaction.put(&link.id.to_base64url(), &to_json(link))
}

async fn end(transaction: Transaction) -> Result<(), NoStorage> {
    transaction.end().await?;
    CHANGES.with(|changes| {
        if let Some(changes) = changes {
            // Who does not hear of it sees it when the tab is looked at.
            changes.post_message(&JsValue::UNDEFINED).ok();
        }
    });
    Ok(())
}

/// Takes over what a version before this kept in `localStorage`.
async fn adopt(database: &Database) -> Result<(), NoStorage> {
    let storage = dom::window().local_storage().ok().flatten();
    let Some(storage) =
        storage.filter(|storage| storage.get_item(BEFORE).is_ok_and(|t| t.is_some()))
    else {
        return Ok(());
    };
    let transaction = database.begin(Mode::Write)?;
    // Asked for again now that no other tab can be at it, too.
    transaction.count().await?;
    let text = storage.get_item(BEFORE)?.unwrap_or_default();
    let links: Array =
        JSON::parse(&text).ok().and_then(|links| links.dyn_into().ok()).unwrap_or_default();
    for link in links.iter() {
        let Some(id) = dom::property(&link, "id").as_string() else { continue };
        if transaction.get(&id).await?.is_none() {
            transaction.put(&id, &String::from(JSON::stringify(&link)?))?;
        }
    }
    transaction.end().await?;
    storage.remove_item(BEFORE)?;
    Ok(())
}
