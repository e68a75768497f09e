//! Bulk: a worker seals or opens one part after the other, the latter fetched by itself.
//!
//! What is sealed is stored by the page, which keeps it till it got through: sealed anew for another
//! try, a file that changed meanwhile would be two contents under one nonce.
//!
//! Invariant: a worker holds the plaintext and the ciphertext of one part at most.

use super::{channel::Outcome, channel::Worker};
use crate::api::{self, ApiError};
use js_sys::{Array, ArrayBuffer, Uint8Array};
use serde::{Deserialize, Serialize};
use std::{cell::RefCell, ops::Range, rc::Rc};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use waxseal_core::{
    base64url,
    body::Contents,
    chunk::ChunkKey,
    layout::{BodySize, PART, PLAIN_PART, SEAL},
    token::{ClaimToken, ShareId},
    wire::{Problem, to_json},
};
use waxseal_engine::Engine;
use web_sys::Blob;

/// One part to be sealed.
#[derive(Serialize, Deserialize)]
pub struct SealPart {
    /// What seals the chunks.
    pub key: PartKey,
    /// Length of the whole ciphertext in bytes.
    pub size: BodySize,
    /// The part's number.
    pub n: u64,
    /// The seal in front of part 0, as base64url; else nothing.
    pub front: String,
}

/// One part to be opened.
#[derive(Serialize, Deserialize)]
pub struct OpenPart {
    /// What opens the chunks.
    pub key: PartKey,
    /// How long the body and its content are.
    pub contents: Contents,
    /// The part's number.
    pub n: u64,
    /// Bytes of the body's plaintext that are wanted.
    pub range: Range<u64>,
    /// Where to fetch it; `None` = it is handed over.
    pub fetch: Option<Fetch>,
}

/// Where a part is fetched.
#[derive(Clone, Serialize, Deserialize)]
pub struct Fetch {
    /// The opened share.
    pub id: ShareId,
    /// The claim that opened it.
    pub claim: ClaimToken,
}

/// A [`ChunkKey`] on its way to a worker: base64url.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PartKey(String);

/// Why a part did not get where it should.
#[derive(Serialize, Deserialize)]
pub enum Failure {
    /// The server cannot be reached, or its store cannot.
    Unreachable,
    /// The server refused.
    Problem(Problem),
    /// An answer that this client does not understand.
    Unexpected,
    /// A file could not be read, or is not as long as it was.
    Unreadable,
    /// The part is not what was sealed.
    Damaged,
    /// The worker died, could not be loaded, or its browser's AES failed.
    Broken,
}

/// A worker for parts, one at a time; ended when dropped, with what it fetches.
pub struct BulkWorker(Worker);

#[derive(Serialize, Deserialize)]
pub(super) enum Job {
    Seal(SealPart),
    Open(OpenPart),
}

impl From<&ChunkKey> for PartKey {
    fn from(key: &ChunkKey) -> Self {
        Self(base64url::encode(key.to_bytes().as_slice()))
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Unreachable => Self::Unreachable,
            ApiError::Problem(problem) => Self::Problem(problem),
            ApiError::Unexpected => Self::Unexpected,
        }
    }
}

impl BulkWorker {
    /// A worker that listens.
    ///
    /// # Errors
    /// [`Failure::Broken`] if its code does not come.
    pub async fn start() -> Result<Self, Failure> {
        Worker::ready().await.map(Self).ok_or(Failure::Broken)
    }

    /// Seals a part out of `pieces`, each a `Uint8Array`, a `Blob`, or a number of zero bytes. `room`
    /// is where it is put, the buffer of a part from before that nobody needs any more: fresh memory
    /// for each part would take as long as its AES.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn seal(
        &self,
        job: SealPart,
        pieces: &Array,
        room: Option<ArrayBuffer>,
    ) -> Result<Uint8Array, Failure> {
        let given: Array = room.into_iter().collect();
        self.call(Job::Seal(job), &Array::of2(pieces, &given.get(0)), &given).await
    }

    /// Opens a part that is fetched, or given as `part` (part 0 without the seal).
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn open(
        &self,
        job: OpenPart,
        part: Option<&Uint8Array>,
    ) -> Result<Uint8Array, Failure> {
        let part = part.map_or(JsValue::UNDEFINED, |part| part.into());
        self.call(Job::Open(job), &part, &Array::new()).await
    }

    /// Has a job done with `value`; what is in `given` is the worker's then.
    async fn call(&self, job: Job, value: &JsValue, given: &Array) -> Result<Uint8Array, Failure> {
        let answer = self.0.call(&super::Job::Bulk(job), value, given).await;
        let (outcome, value): (Result<(), Failure>, _) = answer.map_err(|_| Failure::Broken)?;
        outcome?;
        value.dyn_into().map_err(|_| Failure::Broken)
    }
}

/// Does a job, in the worker.
pub(super) async fn work(job: Job, value: JsValue) -> Outcome {
    let done = match job {
        Job::Seal(job) => seal(job, value.unchecked_into()).await,
        Job::Open(job) => open(job, value).await,
    };
    Ok(match done {
        Ok(bytes) => (to_json(&Ok::<_, Failure>(())), bytes.into()),
        Err(failure) => (to_json(&Err::<(), _>(failure)), JsValue::UNDEFINED),
    })
}

async fn seal(job: SealPart, given: Array) -> Result<Uint8Array, Failure> {
    thread_local! {
        static PLAINTEXT: Uint8Array = Uint8Array::new_with_length(PLAIN_PART as u32);
    }
    let range = job.size.part_plaintext(job.n);
    let len = (range.end - range.start) as u32;
    let plaintext = PLAINTEXT.with(|plaintext| plaintext.subarray(0, len));
    gather(given.get(0).unchecked_ref(), &plaintext).await?;
    let room = match given.get(1).dyn_into::<ArrayBuffer>() {
        Ok(room) => Uint8Array::new(&room),
        Err(_) => Uint8Array::new_with_length((PART + SEAL) as u32),
    };
    let front = base64url::decode(&job.front).map_err(|_| Failure::Broken)?;
    let engine = engine(&job.key, job.size).await?;
    let sealed = engine.seal_part(job.size, job.n, &plaintext, &front, &room).await;
    sealed.map_err(|_| Failure::Broken)
}

/// Fills `plaintext` with the pieces, one behind the other.
async fn gather(pieces: &Array, plaintext: &Uint8Array) -> Result<(), Failure> {
    let len = plaintext.length();
    let mut end = 0;
    for piece in pieces.iter() {
        let start = end;
        let fits = |more: u32| {
            if more <= len - start { Ok(start + more) } else { Err(Failure::Unreadable) }
        };
        if let Some(zeros) = piece.as_f64() {
            end = fits(zeros as u32)?;
            plaintext.fill(0, start, end);
        } else {
            let bytes = match piece.dyn_into::<Blob>() {
                Ok(blob) => {
                    let read = JsFuture::from(blob.array_buffer()).await;
                    Uint8Array::new(&read.map_err(|_| Failure::Unreadable)?)
                }
                Err(bytes) => bytes.unchecked_into(),
            };
            end = fits(bytes.length())?;
            plaintext.set(&bytes, start);
        }
    }
    if end == len { Ok(()) } else { Err(Failure::Unreadable) }
}

async fn open(job: OpenPart, part: JsValue) -> Result<Uint8Array, Failure> {
    let part = match job.fetch {
        Some(Fetch { id, claim }) => api::part(id, &claim, job.n).await?,
        None => part.unchecked_into(),
    };
    let engine = engine(&job.key, job.contents.size).await?;
    engine.open_part(job.contents, job.n, part, &job.range).await.map_err(|_| Failure::Damaged)
}

/// The engine of a body; the last one is kept. What is small is not worth the platform's calls.
async fn engine(key: &PartKey, size: BodySize) -> Result<Rc<Engine>, Failure> {
    thread_local! {
        static LAST: RefCell<Option<(PartKey, Rc<Engine>)>> = const { RefCell::new(None) };
    }
    let last = LAST.with(|last| {
        last.borrow().as_ref().filter(|(of, _)| of == key).map(|(_, engine)| Rc::clone(engine))
    });
    if let Some(engine) = last {
        return Ok(engine);
    }
    let bytes = base64url::decode_array(&key.0).map_err(|_| Failure::Broken)?;
    let chunk_key = ChunkKey::from_bytes(&bytes);
    let engine = if size.is_one_part() {
        Engine::portable(&chunk_key)
    } else {
        Engine::new(&chunk_key).await
    };
    let engine = Rc::new(engine);
    LAST.with(|last| *last.borrow_mut() = Some((key.clone(), Rc::clone(&engine))));
    Ok(engine)
}
