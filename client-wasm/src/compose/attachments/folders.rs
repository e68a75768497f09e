//! Folders that are dropped: the files in them, however deep, named by the way to them.
//!
//! Invariant: no more files are listed than a share can have, however large the folder.

use super::Attachment;
use js_sys::{Array, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use waxseal_core::manifest::MAX_FILES;
use web_sys::{FileSystemDirectoryEntry, FileSystemEntry, FileSystemFileEntry};

/// Puts the files in `folder` behind `found`, till there are more than a share can have.
///
/// # Errors
/// If the browser cannot read one of them.
pub(super) async fn list(
    folder: FileSystemEntry,
    found: &mut Vec<Attachment>,
) -> Result<(), JsValue> {
    let mut waiting = vec![folder];
    while let Some(entry) = waiting.pop() {
        if found.len() > MAX_FILES {
            return Ok(());
        }
        if entry.is_directory() {
            let mut inside = entries(entry.unchecked_ref()).await?;
            inside.reverse();
            waiting.append(&mut inside);
        } else {
            let name = entry.full_path().trim_start_matches('/').to_owned();
            let entry: FileSystemFileEntry = entry.unchecked_into();
            let file = Promise::new(&mut |resolve, reject| {
                entry.file_with_callback_and_callback(&resolve, &reject);
            });
            let file = JsFuture::from(file).await?.unchecked_into();
            found.push(Attachment { name, file });
        }
    }
    Ok(())
}

/// What is right inside a folder; browsers give a hundred at a time.
async fn entries(folder: &FileSystemDirectoryEntry) -> Result<Vec<FileSystemEntry>, JsValue> {
    let reader = folder.create_reader();
    let mut all = Vec::new();
    loop {
        let some = Promise::new(&mut |resolve, reject| {
            let asked = reader.read_entries_with_callback_and_callback(&resolve, &reject);
            debug_assert!(asked.is_ok(), "nobody else reads this folder");
        });
        let some: Array = JsFuture::from(some).await?.unchecked_into();
        if some.length() == 0 {
            return Ok(all);
        }
        all.extend(some.iter().map(JsCast::unchecked_into::<FileSystemEntry>));
    }
}
