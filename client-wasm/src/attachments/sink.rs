//! Where an attachment's bytes go, piece by piece in any order.
//!
//! Invariant: what is not finished leaves nothing behind that could be taken for the attachment.

use super::disk::{self, FileHandle, Folder, Stream};
use crate::dom;
use js_sys::{Array, Date, Promise, Uint8Array};
use std::cell::{Cell, RefCell};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag};

/// Attachments are never what they say they are: the browser shall not look into them.
const OCTETS: &str = "application/octet-stream";

/// Between two downloads: Chromium drops what goes beyond ten a second, without a word.
const PACE_MILLIS: f64 = 130.0;

/// A way to save.
#[derive(Clone)]
pub(super) enum Way {
    /// Put together in memory, then handed to the browser's downloads.
    Memory,
    /// Into a file that the person picked.
    File(FileHandle),
    /// Into a folder that the person picked.
    Folder(Folder),
    /// Into the private file system, then handed to the browser's downloads.
    Private(Folder),
}

/// An attachment that is being written.
pub(super) enum Sink {
    /// Pieces by their places; the browser may keep a blob on disk.
    Memory(RefCell<Vec<(u64, Blob)>>),
    /// A file that is not there till its stream is closed.
    Disk { stream: Stream, file: FileHandle, kept: Kept },
}

/// Whose a file is.
pub(super) enum Kept {
    Picked,
    InFolder(Folder, String),
    Private(Folder, String),
}

/// How it was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Saved {
    /// On disk for sure, under this name if it had to be another one.
    OnDisk(Option<String>),
    /// By the browser's downloads, which do not say what becomes of it.
    HandedOver,
}

impl Sink {
    /// Begins.
    ///
    /// # Errors
    /// Those of the browser.
    pub(super) async fn open(way: &Way, name: &str) -> Result<Self, JsValue> {
        let (file, kept) = match way {
            Way::Memory => return Ok(Self::Memory(RefCell::default())),
            Way::File(file) => (file.clone(), Kept::Picked),
            Way::Folder(folder) => {
                let (file, name) = folder.fresh(name).await?;
                (file, Kept::InFolder(folder.clone(), name))
            }
            Way::Private(folder) => {
                let (file, name) = disk::private_file(folder).await?;
                (file, Kept::Private(folder.clone(), name))
            }
        };
        match file.stream().await {
            Ok(stream) => Ok(Self::Disk { stream, file, kept }),
            Err(error) => {
                kept.take_out(&file).await;
                Err(error)
            }
        }
    }

    /// Takes what belongs at `place`.
    ///
    /// # Errors
    /// Those of the browser, such as a full disk.
    pub(super) async fn write(&self, place: u64, bytes: &Uint8Array) -> Result<(), JsValue> {
        match self {
            Self::Memory(pieces) => {
                let blob = Blob::new_with_buffer_source_sequence(&Array::of1(bytes))?;
                pieces.borrow_mut().push((place, blob));
                Ok(())
            }
            Self::Disk { stream, .. } => stream.write_at(place, bytes).await,
        }
    }

    /// Everything was written.
    ///
    /// # Errors
    /// Those of the browser; then nothing is left behind.
    pub(super) async fn finish(self, name: &str) -> Result<Saved, JsValue> {
        match self {
            Self::Memory(pieces) => {
                let mut pieces = pieces.into_inner();
                pieces.sort_by_key(|(place, _)| *place);
                let pieces: Array = pieces.into_iter().map(|(_, blob)| blob).collect();
                let options = BlobPropertyBag::new();
                options.set_type(OCTETS);
                let blob = Blob::new_with_blob_sequence_and_options(&pieces, &options)?;
                hand_over(&blob, name).await;
                Ok(Saved::HandedOver)
            }
            Self::Disk { stream, file, kept } => {
                if let Err(error) = stream.finish().await {
                    kept.take_out(&file).await;
                    return Err(error);
                }
                match kept {
                    Kept::Picked => Ok(Saved::OnDisk(None)),
                    Kept::InFolder(_, given) => Ok(Saved::OnDisk((given != name).then_some(given))),
                    Kept::Private(folder, private) => {
                        let file = file.file().await?;
                        let size = file.size();
                        let blob =
                            file.slice_with_f64_and_f64_and_content_type(0.0, size, OCTETS)?;
                        hand_over(&blob, name).await;
                        HANDED_OVER.with_borrow_mut(|all| all.push((folder, private)));
                        Ok(Saved::HandedOver)
                    }
                }
            }
        }
    }

    /// Nothing more comes.
    pub(super) async fn abort(self) {
        if let Self::Disk { stream, file, kept } = self {
            stream.drop_all().await;
            kept.take_out(&file).await;
        }
    }
}

impl Kept {
    async fn take_out(&self, file: &FileHandle) {
        match self {
            // The picker made it, or emptied what was there.
            Self::Picked => file.discard().await,
            Self::InFolder(folder, name) | Self::Private(folder, name) => {
                folder.take_out(name).await;
            }
        }
    }
}

/// Gives a file to the browser's downloads, not too soon after the last one.
async fn hand_over(blob: &Blob, name: &str) {
    thread_local! {
        static NEXT: Cell<f64> = const { Cell::new(0.0) };
    }
    let wait = NEXT.get() - Date::now();
    if wait > 0.0 {
        let passed = Promise::new(&mut |resolve, _| {
            dom::after(wait.ceil() as i32, move || {
                resolve.call0(&JsValue::NULL).ok();
            });
        });
        JsFuture::from(passed).await.ok();
    }
    NEXT.set(Date::now() + PACE_MILLIS);
    dom::save(blob, name);
}

thread_local! {
    /// Private files that downloads may still be reading.
    static HANDED_OVER: RefCell<Vec<(Folder, String)>> = const { RefCell::new(Vec::new()) };
}

/// Takes away the private files that were handed over: the person says that the downloads are there.
pub(super) async fn forget_handed_over() {
    for (folder, name) in HANDED_OVER.take() {
        folder.take_out(&name).await;
    }
}
