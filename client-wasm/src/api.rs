//! The server's API as the screens use it.
//!
//! Invariant: an error says whether the request can have had an effect: only
//! [`ApiError::Unreachable`] leaves that open.

mod confirmation;

pub use confirmation::{ask_confirmation, await_confirmation, confirm, deny};

use js_sys::{Date, Promise, Reflect, Uint8Array};
use serde::{Deserialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use waxseal_core::{
    json,
    layout::BodySize,
    time::Timestamp,
    token::{AccessToken, ClaimToken, OwnerToken, ShareId},
    wire::{
        AnswerRequest, Answered, Asking, BatchStatus, BatchStatusRequest, BatchStatusResponse,
        ClaimRequest, CreateRequest, Landing, LeaseResponse, Policy, Problem, ShareReceipt,
        ShareState, claim_header, to_json,
    },
};
use web_sys::{AbortController, Headers, RequestCache, RequestInit, Response};

/// After this the server is taken not to answer. An answer that has begun may take its time.
const TIMEOUT_MILLIS: u32 = 20_000;
/// The same for a request or an answer that carries a part, which a slow line takes a while over.
const UPLOAD_TIMEOUT_MILLIS: u32 = 300_000;

/// Why a call gave no answer.
pub enum ApiError {
    /// No answer, or one of a proxy or of a server whose store is away.
    Unreachable,
    /// The server refused, and nothing happened beyond what the problem says.
    Problem(Problem),
    /// An answer that this client does not understand.
    Unexpected,
}

/// The answer to a claim.
pub struct Claimed {
    /// Seal and part 0.
    pub head: Vec<u8>,
    /// Length of the whole ciphertext in bytes.
    pub size: BodySize,
    /// When the share expires.
    pub expires_at: Timestamp,
    /// Until when the same claim may ask again.
    pub lease_until: Timestamp,
    /// Openings left after this one; `None` = any number.
    pub views_left: Option<u32>,
}

/// `GET /api/policy`.
///
/// # Errors
/// [`ApiError`].
pub async fn policy() -> Result<Policy, ApiError> {
    json(&send("GET", "/api/policy", None, Body::None).await?).await
}

/// `POST /api/shares`, by an application's grant where the server wants one.
///
/// # Errors
/// [`ApiError`].
pub async fn create(
    request: &CreateRequest,
    grant: Option<&str>,
) -> Result<ShareReceipt, ApiError> {
    json(&send("POST", "/api/shares", grant, Body::Json(&to_json(request))).await?).await
}

/// `PUT /api/shares/{id}/parts/{n}`.
///
/// # Errors
/// [`ApiError`].
pub async fn put_part(
    id: ShareId,
    owner: &OwnerToken,
    n: u64,
    part: &Uint8Array,
) -> Result<(), ApiError> {
    let path = share(id, &format!("/parts/{n}"));
    send("PUT", &path, Some(&owner.to_base64url()), Body::Octets(part)).await.map(|_| ())
}

/// `POST /api/shares/{id}/publish`.
///
/// # Errors
/// [`ApiError`].
pub async fn publish(id: ShareId, owner: &OwnerToken) -> Result<ShareReceipt, ApiError> {
    let path = share(id, "/publish");
    json(&send("POST", &path, Some(&owner.to_base64url()), Body::None).await?).await
}

/// `GET /api/shares/{id}`.
///
/// # Errors
/// [`ApiError`].
pub async fn landing(id: ShareId, access: &AccessToken) -> Result<Landing, ApiError> {
    json(&send("GET", &share(id, ""), Some(&access.to_base64url()), Body::None).await?).await
}

/// `POST /api/shares/{id}/answer`.
///
/// # Errors
/// [`ApiError`]; after [`ApiError::Unreachable`] it may be answered with this.
pub async fn answer(
    id: ShareId,
    access: &AccessToken,
    answer: &AnswerRequest,
) -> Result<Answered, ApiError> {
    let (path, access) = (share(id, "/answer"), access.to_base64url());
    json(&send("POST", &path, Some(&access), Body::Json(&to_json(answer))).await?).await
}

/// The same of a request.
///
/// # Errors
/// [`ApiError`].
pub async fn asking(id: ShareId, access: &AccessToken) -> Result<Asking, ApiError> {
    json(&send("GET", &share(id, ""), Some(&access.to_base64url()), Body::None).await?).await
}

/// `POST /api/shares/{id}/claims`.
///
/// # Errors
/// [`ApiError`]; after [`ApiError::Unreachable`] the same claim may have been given the share.
pub async fn claim(
    id: ShareId,
    access: &AccessToken,
    request: &ClaimRequest,
) -> Result<Claimed, ApiError> {
    let path = share(id, "/claims");
    let response =
        send("POST", &path, Some(&access.to_base64url()), Body::Json(&to_json(request))).await?;
    let header = |name: &str| response.headers().get(name).ok().flatten();
    let time = |name: &str| header(name)?.parse().ok();
    let size = header(claim_header::SIZE)
        .and_then(|size| size.parse::<u64>().ok())
        .and_then(|size| BodySize::try_from(size).ok())
        .ok_or(ApiError::Unexpected)?;
    let expires_at = time(claim_header::EXPIRES_AT).ok_or(ApiError::Unexpected)?;
    let lease_until = time(claim_header::LEASE_UNTIL).ok_or(ApiError::Unexpected)?;
    let views_left = match header(claim_header::VIEWS_LEFT) {
        Some(views) => Some(views.parse().map_err(|_| ApiError::Unexpected)?),
        None => None,
    };
    let head = bytes(&response).await?.to_vec();
    Ok(Claimed { head, size, expires_at, lease_until, views_left })
}

/// `GET /api/shares/{id}/parts/{n}`; part 0 comes without the seal.
///
/// # Errors
/// [`ApiError`].
pub async fn part(id: ShareId, claim: &ClaimToken, n: u64) -> Result<Uint8Array, ApiError> {
    let path = share(id, &format!("/parts/{n}"));
    let bearer = claim.to_base64url();
    let (response, _deadline) =
        send_within(UPLOAD_TIMEOUT_MILLIS, "GET", &path, Some(&bearer), Body::None).await?;
    bytes(&response).await
}

/// `POST /api/shares/{id}/lease`.
///
/// # Errors
/// [`ApiError`].
pub async fn renew(id: ShareId, claim: &ClaimToken) -> Result<Timestamp, ApiError> {
    let path = share(id, "/lease");
    let response = send("POST", &path, Some(&claim.to_base64url()), Body::None).await?;
    json::<LeaseResponse>(&response).await.map(|answer| answer.lease_until)
}

/// `POST /api/shares/{id}/ack`.
///
/// # Errors
/// [`ApiError`].
pub async fn acknowledge(id: ShareId, claim: &ClaimToken) -> Result<(), ApiError> {
    send("POST", &share(id, "/ack"), Some(&claim.to_base64url()), Body::None).await.map(|_| ())
}

/// `DELETE /api/shares/{id}`; the share's state is what is left of its status here.
///
/// # Errors
/// [`ApiError`].
pub async fn revoke(id: ShareId, owner: &OwnerToken) -> Result<ShareState, ApiError> {
    /// Much less code than for all of it, and pages that make shares need no more.
    #[derive(Deserialize)]
    struct Status {
        state: ShareState,
    }
    let owner = owner.to_base64url();
    let response = send("DELETE", &share(id, ""), Some(&owner), Body::None).await?;
    json::<Status>(&response).await.map(|status| status.state)
}

/// As [`revoke`], of a page that is being left and gets no answer any more.
pub fn revoke_on_leaving(id: ShareId, owner: &OwnerToken) {
    let Ok(headers) = Headers::new() else { return };
    headers.set("authorization", &format!("Bearer {}", owner.to_base64url())).ok();
    let options = RequestInit::new();
    options.set_method("DELETE");
    options.set_headers(&headers);
    let kept = Reflect::set(&options, &"keepalive".into(), &JsValue::TRUE);
    debug_assert!(kept.is_ok(), "a plain object takes properties");
    // Nobody is there to see what becomes of it.
    drop(fetch(&share(id, ""), &options));
}

/// `POST /api/status`, and what time the server has, to the second, if it says so.
///
/// # Errors
/// [`ApiError`].
pub async fn statuses(
    request: &BatchStatusRequest,
) -> Result<(Vec<BatchStatus>, Option<Timestamp>), ApiError> {
    let response = ask_statuses(request).await?;
    let date = response.headers().get("date").ok().flatten();
    let millis = date.map(|date| Date::parse(&date)).filter(|millis| millis.is_finite());
    let answer: BatchStatusResponse = json(&response).await?;
    Ok((answer.shares, millis.map(|millis| Timestamp::from_unix_millis(millis as u64))))
}

/// Whether the same is answered, whatever the answer says.
pub async fn answers_statuses(request: &BatchStatusRequest) -> bool {
    ask_statuses(request).await.is_ok()
}

async fn ask_statuses(request: &BatchStatusRequest) -> Result<Response, ApiError> {
    send("POST", "/api/status", None, Body::Json(&to_json(request))).await
}

fn share(id: ShareId, tail: &str) -> String {
    format!("/api/shares/{}{tail}", id.to_base64url())
}

/// What a request carries.
#[derive(Clone, Copy)]
enum Body<'a> {
    None,
    Json(&'a str),
    Octets(&'a Uint8Array),
}

#[wasm_bindgen]
extern "C" {
    // Pages and workers have them alike.
    fn fetch(path: &str, options: &RequestInit) -> Promise;

    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &JsValue, millis: u32) -> JsValue;

    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);
}

/// Ends a request that nobody waits for any more, until disarmed.
struct Wanted(Option<AbortController>);

impl Drop for Wanted {
    fn drop(&mut self) {
        if let Some(abort) = &self.0 {
            abort.abort();
        }
    }
}

/// Ends a request that takes too long, until dropped.
struct Deadline {
    timer: JsValue,
    _abort: Closure<dyn FnMut()>,
}

impl Deadline {
    fn new(millis: u32, abort: AbortController) -> Self {
        let abort = Closure::<dyn FnMut()>::new(move || abort.abort());
        Self { timer: set_timeout(abort.as_ref(), millis), _abort: abort }
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        clear_timeout(&self.timer);
    }
}

async fn send(
    method: &str,
    path: &str,
    bearer: Option<&str>,
    body: Body<'_>,
) -> Result<Response, ApiError> {
    let large = match body {
        Body::Json(json) => json.len() > 10_000,
        Body::Octets(_) => true,
        Body::None => false,
    };
    let limit = if large { UPLOAD_TIMEOUT_MILLIS } else { TIMEOUT_MILLIS };
    send_within(limit, method, path, bearer, body).await.map(|(response, _)| response)
}

async fn send_within(
    millis: u32,
    method: &str,
    path: &str,
    bearer: Option<&str>,
    body: Body<'_>,
) -> Result<(Response, Deadline), ApiError> {
    let headers = Headers::new().map_err(|_| ApiError::Unexpected)?;
    let set = |name: &str, value: &str| headers.set(name, value).map_err(|_| ApiError::Unexpected);
    if let Some(bearer) = bearer {
        set("authorization", &format!("Bearer {bearer}"))?;
    }
    let options = RequestInit::new();
    options.set_method(method);
    options.set_cache(RequestCache::NoStore);
    match body {
        Body::None => {}
        Body::Json(json) => {
            set("content-type", "application/json")?;
            options.set_body(&json.into());
        }
        Body::Octets(bytes) => {
            set("content-type", "application/octet-stream")?;
            options.set_body(bytes);
        }
    }
    options.set_headers(&headers);
    let abort = AbortController::new().map_err(|_| ApiError::Unexpected)?;
    options.set_signal(Some(&abort.signal()));
    let mut wanted = Wanted(Some(abort.clone()));
    let deadline = Deadline::new(millis, abort);
    let fetched = JsFuture::from(fetch(path, &options)).await;
    wanted.0 = None;
    let response: Response = fetched.map_err(|_| ApiError::Unreachable)?.unchecked_into();
    match response.status() {
        200..=299 => Ok((response, deadline)),
        // Too slow, or away: the request had no effect, but may have one next time.
        408 | 500.. if response.status() != 507 => Err(ApiError::Unreachable),
        _ => Err(ApiError::Problem(json(&response).await?)),
    }
}

async fn bytes(response: &Response) -> Result<Uint8Array, ApiError> {
    let promise = response.array_buffer().map_err(|_| ApiError::Unreachable)?;
    let buffer = JsFuture::from(promise).await.map_err(|_| ApiError::Unreachable)?;
    Ok(Uint8Array::new(&buffer))
}

async fn json<T: DeserializeOwned>(response: &Response) -> Result<T, ApiError> {
    let promise = response.text().map_err(|_| ApiError::Unreachable)?;
    let text: JsValue = JsFuture::from(promise).await.map_err(|_| ApiError::Unreachable)?;
    let text = text.as_string().ok_or(ApiError::Unexpected)?;
    json::read(&text).map_err(|_| ApiError::Unexpected)
}
