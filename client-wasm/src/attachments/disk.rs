//! The browser's file systems: what a person picked, and the private one of this origin.
//!
//! Invariant: a file of the private one that a tab still needs is under a lock of that tab, so no
//! other takes it for a leftover.

use crate::{dom, words};
use js_sys::{Array, AsyncIterator, Function, Object, Promise, Reflect};
use std::time::Duration;
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use waxseal_core::{base64url, time::Timestamp};
use web_sys::{File, StorageEstimate};

/// Starts the name of every private file.
const PREFIX: &str = "waxseal-";
/// A download that was handed over may still be read after its tab is gone.
pub(super) const LEFT_ALONE: Duration = Duration::from_secs(10 * 60);

#[wasm_bindgen]
extern "C" {
    /// `FileSystemFileHandle`
    #[derive(Clone)]
    pub(super) type FileHandle;
    #[wasm_bindgen(method, catch, js_name = createWritable)]
    fn create_writable(this: &FileHandle) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getFile)]
    fn get_file(this: &FileHandle) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn remove(this: &FileHandle) -> Result<Promise, JsValue>;

    /// `FileSystemDirectoryHandle`
    #[derive(Clone)]
    pub(super) type Folder;
    #[wasm_bindgen(method, catch, js_name = getFileHandle)]
    fn get_file_handle(this: &Folder, name: &str, options: &Object) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = removeEntry)]
    fn remove_entry(this: &Folder, name: &str) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn keys(this: &Folder) -> Result<AsyncIterator, JsValue>;

    /// `FileSystemWritableFileStream`
    pub(super) type Stream;
    #[wasm_bindgen(method, catch)]
    fn write(this: &Stream, what: &Object) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn close(this: &Stream) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn abort(this: &Stream) -> Result<Promise, JsValue>;

    type Locks;
    #[wasm_bindgen(method, catch)]
    fn request(this: &Locks, name: &str, granted: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn query(this: &Locks) -> Result<Promise, JsValue>;
}

/// How asking for a place ended without one.
pub(super) enum NoPlace {
    /// The person changed their mind.
    Dismissed,
    /// The browser has no such way, or refuses it.
    Refused,
}

impl FileHandle {
    /// Writes it anew.
    pub(super) async fn stream(&self) -> Result<Stream, JsValue> {
        settled(self.create_writable()).await.map(JsCast::unchecked_into)
    }

    /// What is in it.
    pub(super) async fn file(&self) -> Result<File, JsValue> {
        settled(self.get_file()).await.map(JsCast::unchecked_into)
    }

    /// Takes it away, where the browser can.
    pub(super) async fn discard(&self) {
        settled(self.remove()).await.ok();
    }
}

impl Folder {
    /// A file that is not there yet, under `name` or the next free name like it, and that name.
    pub(super) async fn fresh(&self, name: &str) -> Result<(FileHandle, String), JsValue> {
        let names = std::iter::once(name.to_owned())
            .chain((2..1000).map(|n| waxseal_core::filename::numbered(name, n)));
        for name in names {
            match settled(self.get_file_handle(&name, &Object::new())).await {
                // A folder of that name is in the way as well.
                Err(error) if error_is(&error, "NotFoundError") => {
                    return Ok((self.file(&name).await?, name));
                }
                Err(error) if !error_is(&error, "TypeMismatchError") => return Err(error),
                _ => {}
            }
        }
        Err(JsValue::UNDEFINED)
    }

    async fn file(&self, name: &str) -> Result<FileHandle, JsValue> {
        let options = object(&[("create", JsValue::TRUE)]);
        settled(self.get_file_handle(name, &options)).await.map(JsCast::unchecked_into)
    }

    /// Takes a file away.
    pub(super) async fn take_out(&self, name: &str) {
        settled(self.remove_entry(name)).await.ok();
    }
}

impl Stream {
    /// Writes `data` at a place, and waits till it is taken.
    pub(super) async fn write_at(&self, place: u64, data: &JsValue) -> Result<(), JsValue> {
        let what = object(&[
            ("type", "write".into()),
            ("position", (place as f64).into()),
            ("data", data.clone()),
        ]);
        settled(self.write(&what)).await.map(|_| ())
    }

    /// Everything was written; after this it is in its place.
    pub(super) async fn finish(&self) -> Result<(), JsValue> {
        settled(self.close()).await.map(|_| ())
    }

    /// Nothing of it gets into its place.
    pub(super) async fn drop_all(&self) {
        settled(self.abort()).await.ok();
    }
}

/// Whether the page can ask where to save.
pub(super) fn can_ask_file() -> bool {
    dom::property(&dom::window(), "showSaveFilePicker").is_function()
}

/// Asks where to save one file.
pub(super) async fn ask_file(name: &str) -> Result<FileHandle, NoPlace> {
    let options = object(&[("suggestedName", name.into()), ("startIn", "downloads".into())]);
    ask("showSaveFilePicker", &options).await.map(JsCast::unchecked_into)
}

/// Asks for a folder to save several files in.
pub(super) async fn ask_folder() -> Result<Folder, NoPlace> {
    let options = object(&[("mode", "readwrite".into()), ("startIn", "downloads".into())]);
    ask("showDirectoryPicker", &options).await.map(JsCast::unchecked_into)
}

async fn ask(picker: &str, options: &Object) -> Result<JsValue, NoPlace> {
    let window = dom::window();
    let picker: Function =
        dom::property(&window, picker).dyn_into().map_err(|_| NoPlace::Refused)?;
    let asked = picker.call1(&window, options).map(Promise::from);
    settled(asked).await.map_err(|error| {
        if error_is(&error, "AbortError") { NoPlace::Dismissed } else { NoPlace::Refused }
    })
}

/// The private file system; `None` where there is none that can be streamed to.
pub(super) async fn private() -> Option<Folder> {
    let storage = dom::property(&dom::window().navigator(), "storage");
    let open: Function = dom::property(&storage, "getDirectory").dyn_into().ok()?;
    let handle = dom::property(&dom::window(), "FileSystemFileHandle");
    let prototype = dom::property(&handle, "prototype");
    if !dom::property(&prototype, "createWritable").is_function() {
        return None;
    }
    settled(open.call0(&storage).map(Promise::from)).await.ok().map(JsCast::unchecked_into)
}

/// A private file of this tab, and its name.
pub(super) async fn private_file(folder: &Folder) -> Result<(FileHandle, String), JsValue> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|_| JsValue::UNDEFINED)?;
    let name = format!("{PREFIX}{}", base64url::encode(&random));
    hold(&name).await?;
    Ok((folder.file(&name).await?, name))
}

/// Bytes that this origin may still store, as far as the browser says.
pub(super) async fn room() -> Option<u64> {
    let storage = dom::property(&dom::window().navigator(), "storage");
    let ask: Function = dom::property(&storage, "estimate").dyn_into().ok()?;
    let estimate = settled(ask.call0(&storage).map(Promise::from)).await.ok()?;
    let estimate: StorageEstimate = estimate.unchecked_into();
    let number = |name: &str| dom::property(&estimate, name).as_f64();
    Some((number("quota")? - number("usage").unwrap_or(0.0)).max(0.0) as u64)
}

/// Takes away the private files of tabs that are gone.
pub(super) fn remove_leftovers() {
    spawn_local(async {
        if let Some(folder) = private().await {
            remove_leftovers_in(&folder).await.ok();
        }
    });
}

async fn remove_leftovers_in(folder: &Folder) -> Result<(), JsValue> {
    let held = held().await?;
    let names = folder.keys()?;
    loop {
        let next = settled(names.next()).await?;
        if dom::property(&next, "done").is_truthy() {
            return Ok(());
        }
        let name = dom::property(&next, "value").as_string().unwrap_or_default();
        if !name.starts_with(PREFIX) || held.contains(&name) {
            continue;
        }
        let written = folder.file(&name).await?.file().await?.last_modified();
        let written = Timestamp::from_unix_millis(written as u64);
        if words::now().since(written) >= LEFT_ALONE {
            folder.take_out(&name).await;
        }
    }
}

fn locks() -> Option<Locks> {
    let locks = dom::property(&dom::window().navigator(), "locks");
    (!locks.is_undefined()).then(|| locks.unchecked_into())
}

/// Holds the lock `name` for the life of this page.
async fn hold(name: &str) -> Result<(), JsValue> {
    let locks = locks().ok_or(JsValue::UNDEFINED)?;
    let granted = Promise::new(&mut |resolve, _| {
        let granted = Closure::once_into_js(move || {
            resolve.call0(&JsValue::NULL).ok();
            // Never settled: the lock goes with the page.
            Promise::new(&mut |_, _| {})
        });
        // A refusal would leave this waiting; a lock of a random name is free.
        locks.request(name, &granted).ok();
    });
    JsFuture::from(granted).await.map(|_| ())
}

/// The names of all locks that any tab of this origin holds.
async fn held() -> Result<Vec<String>, JsValue> {
    let locks = locks().ok_or(JsValue::UNDEFINED)?;
    let snapshot = settled(locks.query()).await?;
    let held: Array = dom::property(&snapshot, "held").dyn_into()?;
    Ok(held.iter().filter_map(|lock| dom::property(&lock, "name").as_string()).collect())
}

/// Whether a `DOMException` has this name.
pub(super) fn error_is(error: &JsValue, name: &str) -> bool {
    dom::property(error, "name").as_string().as_deref() == Some(name)
}

async fn settled(promise: Result<Promise, JsValue>) -> Result<JsValue, JsValue> {
    JsFuture::from(promise?).await
}

fn object(properties: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in properties {
        let set = Reflect::set(&object, &(*name).into(), value);
        debug_assert!(set.is_ok(), "a plain object takes properties");
    }
    object
}
