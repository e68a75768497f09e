//! Sending: a planned body becomes a share that can be opened.
//!
//! Invariant: a part is sealed once. What is sent again are the bytes of before: a file may have
//! changed since, and no two contents may ever be sealed with one nonce. A share that is not
//! published is taken back.

use super::{attachments::Attachment, explain, progress};
use crate::{
    api::{self, ApiError},
    dom,
    transfer::{self, Progress},
    worker::{self, BulkWorker, Failure, SealPart},
};
use js_sys::{Array, ArrayBuffer, Uint8Array};
use std::cell::RefCell;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use waxseal_core::{
    base64url,
    body::{BodyPlan, Piece},
    token::{OwnerToken, ShareId},
    wire::{CreateRequest, ProblemType, ShareReceipt},
};
use web_sys::Blob;
use zeroize::Zeroizing;

/// All that it takes to make a share.
pub(super) struct Order {
    pub(super) plan: BodyPlan,
    /// In the order of the plan's manifest.
    pub(super) files: Vec<Attachment>,
    /// Without the head.
    pub(super) request: CreateRequest,
    pub(super) owner: OwnerToken,
    /// Where the server wants an application's.
    pub(super) grant: Option<Zeroizing<String>>,
}

/// Why there is no share.
pub(super) enum Stopped {
    /// The person wanted it so.
    Cancelled,
    /// A sentence for the person.
    Failed(String),
}

thread_local! {
    /// What has to be taken back if the page is left now.
    static UNFINISHED: RefCell<Option<(ShareId, OwnerToken)>> = const { RefCell::new(None) };
}

/// Listens for the end of the page: an unfinished share need not wait for the server to forget it.
pub(super) fn start() {
    progress::start();
    dom::on(&dom::window(), "pagehide", |event| {
        // A page that may come back goes on then.
        if dom::property(&event, "persisted").is_truthy() {
            return;
        }
        if let Some((id, owner)) = UNFINISHED.take() {
            api::revoke_on_leaving(id, &owner);
        }
    });
}

/// From now on the page must not be left without taking this share back.
pub(super) fn begin_unfinished(id: ShareId, owner: &OwnerToken) {
    UNFINISHED.set(Some((id, owner.clone())));
}

/// Nothing has to be taken back any more.
pub(super) fn end_unfinished() {
    UNFINISHED.set(None);
}

/// Takes back what may be on the server; if it cannot be reached any more, it forgets by itself.
pub(super) async fn take_back(id: ShareId, owner: &OwnerToken) {
    let unseen = Progress::new(0, |_| {});
    transfer::insist(&unseen, async || Ok(api::revoke(id, owner).await?)).await.ok();
}

impl Order {
    /// Makes the share; it is published then, or waits for its owner to confirm who they are.
    ///
    /// # Errors
    /// [`Stopped`]; nothing of it is left on the server then, at the latest in an hour.
    pub(super) async fn send(self) -> Result<ShareReceipt, Stopped> {
        if self.plan.size().is_one_part() {
            return self.send_whole().await.map_err(Stopped::Failed);
        }
        let (progress, cancel) = progress::begin(self.plan.size().get());
        begin_unfinished(self.request.id, &self.owner);
        let sent = cancel.guard(self.send_parts(&progress)).await;
        end_unfinished();
        progress::end();
        let why = match sent {
            Some(Ok(receipt)) => return Ok(receipt),
            Some(Err(why)) => Stopped::Failed(why),
            None => Stopped::Cancelled,
        };
        spawn_local(async move { take_back(self.request.id, &self.owner).await });
        Err(why)
    }

    async fn send_whole(mut self) -> Result<ShareReceipt, String> {
        let sealed = async {
            let worker = BulkWorker::start().await?;
            self.seal(&worker, 0, None).await
        };
        self.request.head = match sealed.await {
            Ok(sealed) => Some(sealed.to_vec()),
            Err(failure) => return Err(self.explain(failure, Some(0)).await),
        };
        // A creation is the same when asked again, so an answer lost on the way costs nothing.
        let receipt = match self.create().await {
            Err(ApiError::Unreachable) => self.create().await,
            answer => answer,
        };
        receipt.map_err(|error| explain(&error))
    }

    async fn create(&self) -> Result<ShareReceipt, ApiError> {
        api::create(&self.request, self.grant.as_ref().map(|grant| grant.as_str())).await
    }

    async fn send_parts(&self, progress: &Progress) -> Result<ShareReceipt, String> {
        let created = transfer::insist(progress, async || Ok(self.create().await?));
        if let Err(failure) = created.await {
            return Err(self.explain(failure, None).await);
        }
        let size = self.plan.size();
        let sealed = RefCell::new(Vec::<(u64, Uint8Array)>::new());
        let at = RefCell::new(None);
        let rooms = RefCell::new(Vec::new());
        let stored = transfer::run(0..size.parts(), progress, async |worker, n| {
            let before = sealed.borrow().iter().position(|(m, _)| *m == n);
            let part = match before {
                Some(place) => sealed.borrow()[place].1.clone(),
                None => {
                    let room = rooms.borrow_mut().pop();
                    let part = self.seal(worker, n, room).await;
                    let part = part.inspect_err(|_| *at.borrow_mut() = Some(n))?;
                    sealed.borrow_mut().push((n, part.clone()));
                    part
                }
            };
            api::put_part(self.request.id, &self.owner, n, &part).await?;
            sealed.borrow_mut().retain(|(m, _)| *m != n);
            rooms.borrow_mut().push(part.buffer().unchecked_into());
            Ok(u64::from(part.length()))
        });
        if let Err(failure) = stored.await {
            return Err(self.explain(failure, at.take()).await);
        }
        // A publication is the same when asked again.
        let publish = async || Ok(api::publish(self.request.id, &self.owner).await?);
        match transfer::insist(progress, publish).await {
            Ok(receipt) => Ok(receipt),
            Err(failure) => Err(self.explain(failure, None).await),
        }
    }

    /// Part `n`, sealed: part 0 with the seal in front.
    async fn seal(
        &self,
        worker: &BulkWorker,
        n: u64,
        room: Option<ArrayBuffer>,
    ) -> Result<Uint8Array, Failure> {
        let pieces = Array::new();
        for piece in self.plan.pieces(n) {
            let piece: JsValue = match piece {
                Piece::Prefix(range) => Uint8Array::from(&self.plan.prefix()[range]).into(),
                Piece::File { index, range } => {
                    let file = &self.files[index].file;
                    let slice = file.slice_with_f64_and_f64(range.start as f64, range.end as f64);
                    slice.map_err(|_| Failure::Unreadable)?.into()
                }
                Piece::Zeros(count) => (count as f64).into(),
            };
            pieces.push(&piece);
        }
        let front = if n == 0 { self.plan.seal().as_bytes().as_slice() } else { &[] };
        let job = SealPart {
            key: self.plan.key().into(),
            size: self.plan.size(),
            n,
            front: base64url::encode(front),
        };
        worker.seal(job, &pieces, room).await
    }

    /// What to tell the person; `part` is the one that could not be sealed.
    async fn explain(&self, failure: Failure, part: Option<u64>) -> String {
        match failure {
            Failure::Unreachable => explain(&ApiError::Unreachable),
            Failure::Problem(problem) if problem.kind == ProblemType::UnknownShare => {
                "The server has forgotten what was sent, since nothing came for too long. Nothing \
                 was shared. Try again."
                    .to_owned()
            }
            Failure::Problem(problem) => explain(&ApiError::Problem(problem)),
            Failure::Unexpected => explain(&ApiError::Unexpected),
            Failure::Damaged | Failure::Broken => worker::BROKEN.to_owned(),
            Failure::Unreadable => {
                let names = self.unreadable(part).await;
                format!(
                    "{names} cannot be read, or changed while it was being sealed. Nothing was \
                     shared. Remove it, or attach it again."
                )
            }
        }
    }

    /// The file of a part that cannot be read, else all that the part holds.
    async fn unreadable(&self, part: Option<u64>) -> String {
        let mut names = Vec::new();
        for piece in part.map(|n| self.plan.pieces(n)).unwrap_or_default() {
            let Piece::File { index, range } = piece else { continue };
            let Attachment { name, file } = &self.files[index];
            let slice = file.slice_with_f64_and_f64(range.start as f64, range.end as f64);
            let bytes = match slice.as_ref().map(Blob::array_buffer) {
                Ok(bytes) => JsFuture::from(bytes).await.ok(),
                Err(_) => None,
            };
            let bytes = bytes.map(|bytes| u64::from(Uint8Array::new(&bytes).length()));
            if bytes != Some(range.end - range.start) {
                return format!("“{name}”");
            }
            names.push(format!("“{name}”"));
        }
        if names.is_empty() { "A file".to_owned() } else { names.join(" or ") }
    }
}
