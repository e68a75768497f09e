//! IndexedDB, as little of it as is needed: one store of texts by name.
//!
//! Invariant: a transaction that was begun for writing has reached the disk when it has ended well.

use crate::dom;
use js_sys::{Array, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Event, IdbDatabase, IdbObjectStore, IdbOpenDbRequest, IdbRequest, IdbTransaction};

const NAME: &str = "waxseal";
const VERSION: u32 = 1;
const STORE: &str = "links";

#[wasm_bindgen]
extern "C" {
    /// `IDBDatabase`, with the options that transactions have.
    #[wasm_bindgen(js_name = IDBDatabase, extends = IdbDatabase)]
    type DurableDatabase;

    #[wasm_bindgen(method, catch)]
    fn transaction(
        this: &DurableDatabase,
        store: &str,
        mode: &str,
        options: &Object,
    ) -> Result<IdbTransaction, JsValue>;
}

/// What a transaction may do.
#[derive(Clone, Copy)]
pub(super) enum Mode {
    Read,
    Write,
}

/// An open database; closed when dropped, so that it is in no other tab's way.
pub(super) struct Database(DurableDatabase);

/// A transaction. It ends by itself as soon as nothing of it is waited for.
pub(super) struct Transaction {
    store: IdbObjectStore,
    ended: Promise,
}

impl Database {
    /// Opens it, and makes it if there is none.
    pub(super) async fn open() -> Result<Self, JsValue> {
        let factory = dom::window().indexed_db()?.ok_or(JsValue::UNDEFINED)?;
        let request = factory.open_with_u32(NAME, VERSION)?;
        let made = Closure::once_into_js(|event: Event| {
            let request: IdbOpenDbRequest =
                event.target().ok_or(JsValue::UNDEFINED)?.unchecked_into();
            request.result()?.unchecked_into::<IdbDatabase>().create_object_store(STORE)
        });
        request.set_onupgradeneeded(Some(made.unchecked_ref()));
        answer(&request).await.map(|database| Self(database.unchecked_into()))
    }

    pub(super) fn begin(&self, mode: Mode) -> Result<Transaction, JsValue> {
        let mode = match mode {
            Mode::Read => "readonly",
            Mode::Write => "readwrite",
        };
        let options = Object::new();
        Reflect::set(&options, &"durability".into(), &"strict".into())?;
        let transaction = self.0.transaction(STORE, mode, &options)?;
        let ended = Promise::new(&mut |resolve, reject| {
            transaction.set_oncomplete(Some(&resolve));
            transaction.set_onabort(Some(&reject));
        });
        Ok(Transaction { store: transaction.object_store(STORE)?, ended })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Transaction {
    pub(super) async fn get(&self, name: &str) -> Result<Option<String>, JsValue> {
        Ok(answer(&self.store.get(&name.into())?).await?.as_string())
    }

    pub(super) async fn all(&self) -> Result<Vec<String>, JsValue> {
        let texts: Array = answer(&self.store.get_all()?).await?.unchecked_into();
        Ok(texts.iter().filter_map(|text| text.as_string()).collect())
    }

    pub(super) async fn count(&self) -> Result<u64, JsValue> {
        Ok(answer(&self.store.count()?).await?.as_f64().unwrap_or_default() as u64)
    }

    pub(super) fn put(&self, name: &str, text: &str) -> Result<(), JsValue> {
        self.store.put_with_key(&text.into(), &name.into()).map(|_| ())
    }

    pub(super) fn delete(&self, name: &str) -> Result<(), JsValue> {
        self.store.delete(&name.into()).map(|_| ())
    }

    /// Waits till it has ended.
    pub(super) async fn end(self) -> Result<(), JsValue> {
        JsFuture::from(self.ended).await.map(|_| ())
    }
}

/// The result of a request. What waits for it goes on while the transaction is still open: promises come
/// before the browser ends it.
async fn answer(request: &IdbRequest) -> Result<JsValue, JsValue> {
    let done = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    JsFuture::from(done).await?;
    request.result()
}
