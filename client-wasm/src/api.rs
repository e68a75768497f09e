//! The server's API as the screens use it.
//!
//! Invariant: an error says whether the request can have had an effect: only
//! [`ApiError::Unreachable`] leaves that open.

use crate::dom;
use js_sys::Uint8Array;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use waxseal_core::{
    layout::BodySize,
    time::Timestamp,
    token::{AccessToken, ClaimToken, OwnerToken, ShareId},
    wire::{
        BatchStatus, BatchStatusRequest, BatchStatusResponse, ClaimRequest, CreateRequest, Landing,
        Policy, Problem, ShareReceipt, Status, claim_header, to_json,
    },
};
use web_sys::{AbortController, Headers, RequestCache, RequestInit, Response};

/// After this the server is taken not to answer. An answer that has begun may take its time.
const TIMEOUT_MILLIS: i32 = 20_000;
/// The same for a request that carries an item, which a slow line takes a while to send.
const UPLOAD_TIMEOUT_MILLIS: i32 = 120_000;

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
    json(&send("GET", "/api/policy", None, None).await?).await
}

/// `POST /api/shares`.
///
/// # Errors
/// [`ApiError`].
pub async fn create(request: &CreateRequest) -> Result<ShareReceipt, ApiError> {
    json(&send("POST", "/api/shares", None, Some(&to_json(request))).await?).await
}

/// `GET /api/shares/{id}`.
///
/// # Errors
/// [`ApiError`].
pub async fn landing(id: ShareId, access: &AccessToken) -> Result<Landing, ApiError> {
    json(&send("GET", &share(id, ""), Some(&access.to_base64url()), None).await?).await
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
        send("POST", &path, Some(&access.to_base64url()), Some(&to_json(request))).await?;
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
    let promise = response.array_buffer().map_err(|_| ApiError::Unreachable)?;
    let buffer = JsFuture::from(promise).await.map_err(|_| ApiError::Unreachable)?;
    let head = Uint8Array::new(&buffer).to_vec();
    Ok(Claimed { head, size, expires_at, lease_until, views_left })
}

/// `POST /api/shares/{id}/ack`.
///
/// # Errors
/// [`ApiError`].
pub async fn acknowledge(id: ShareId, claim: &ClaimToken) -> Result<(), ApiError> {
    send("POST", &share(id, "/ack"), Some(&claim.to_base64url()), None).await.map(|_| ())
}

/// `DELETE /api/shares/{id}`.
///
/// # Errors
/// [`ApiError`].
pub async fn revoke(id: ShareId, owner: &OwnerToken) -> Result<Status, ApiError> {
    json(&send("DELETE", &share(id, ""), Some(&owner.to_base64url()), None).await?).await
}

/// `POST /api/status`.
///
/// # Errors
/// [`ApiError`].
pub async fn statuses(request: &BatchStatusRequest) -> Result<Vec<BatchStatus>, ApiError> {
    let response = send("POST", "/api/status", None, Some(&to_json(request))).await?;
    json::<BatchStatusResponse>(&response).await.map(|answer| answer.shares)
}

fn share(id: ShareId, tail: &str) -> String {
    format!("/api/shares/{}{tail}", id.to_base64url())
}

async fn send(
    method: &str,
    path: &str,
    bearer: Option<&str>,
    body: Option<&str>,
) -> Result<Response, ApiError> {
    let headers = Headers::new().map_err(|_| ApiError::Unexpected)?;
    let set = |name: &str, value: &str| headers.set(name, value).map_err(|_| ApiError::Unexpected);
    if let Some(bearer) = bearer {
        set("authorization", &format!("Bearer {bearer}"))?;
    }
    let options = RequestInit::new();
    options.set_method(method);
    options.set_cache(RequestCache::NoStore);
    if let Some(body) = body {
        set("content-type", "application/json")?;
        options.set_body(&body.into());
    }
    options.set_headers(&headers);
    let abort = AbortController::new().map_err(|_| ApiError::Unexpected)?;
    options.set_signal(Some(&abort.signal()));
    let large = body.is_some_and(|body| body.len() > 10_000);
    let limit = if large { UPLOAD_TIMEOUT_MILLIS } else { TIMEOUT_MILLIS };
    let timer = dom::after(limit, move || abort.abort());
    let window = dom::window();
    let fetched = JsFuture::from(window.fetch_with_str_and_init(path, &options)).await;
    window.clear_timeout_with_handle(timer);
    let response: Response = fetched.map_err(|_| ApiError::Unreachable)?.unchecked_into();
    match response.status() {
        200..=299 => Ok(response),
        500.. if response.status() != 507 => Err(ApiError::Unreachable),
        _ => Err(ApiError::Problem(json(&response).await?)),
    }
}

async fn json<T: DeserializeOwned>(response: &Response) -> Result<T, ApiError> {
    let promise = response.text().map_err(|_| ApiError::Unreachable)?;
    let text: JsValue = JsFuture::from(promise).await.map_err(|_| ApiError::Unreachable)?;
    let text = text.as_string().ok_or(ApiError::Unexpected)?;
    serde_json::from_str(&text).map_err(|_| ApiError::Unexpected)
}
