//! The calls by which owners confirm who they are.

use super::{ApiError, Body, json, send, send_within, share};
use waxseal_core::{
    token::{OwnerToken, ShareId},
    wire::{
        ConfirmRequest, ConfirmationAsked, ConfirmationRequest, Confirmed, DenyRequest, Waiting,
        to_json,
    },
};

/// The server waits for 25 seconds before it answers that nothing has happened.
const WAIT_MILLIS: u32 = 45_000;

/// `POST /api/shares/{id}/confirmation`.
///
/// # Errors
/// [`ApiError`]; after [`ApiError::Unreachable`] the number of before may be void.
pub async fn ask_confirmation(
    id: ShareId,
    owner: &OwnerToken,
    request: &ConfirmationRequest,
) -> Result<ConfirmationAsked, ApiError> {
    let path = share(id, "/confirmation");
    let request = to_json(request);
    json(&send("POST", &path, Some(&owner.to_base64url()), Body::Json(&request)).await?).await
}

/// `GET /api/shares/{id}/confirmation`: answered once something has happened, or nothing for long.
///
/// # Errors
/// [`ApiError`].
pub async fn await_confirmation(id: ShareId, owner: &OwnerToken) -> Result<Waiting, ApiError> {
    let (path, owner) = (share(id, "/confirmation"), owner.to_base64url());
    let (response, _deadline) =
        send_within(WAIT_MILLIS, "GET", &path, Some(&owner), Body::None).await?;
    json(&response).await
}

/// `POST /api/confirmations`.
///
/// # Errors
/// [`ApiError`]; after [`ApiError::Unreachable`] it may be confirmed, or the number be counted as wrong.
pub async fn confirm(request: &ConfirmRequest) -> Result<Confirmed, ApiError> {
    json(&send("POST", "/api/confirmations", None, Body::Json(&to_json(request))).await?).await
}

/// `POST /api/confirmations/deny`.
///
/// # Errors
/// [`ApiError`]; after [`ApiError::Unreachable`] the same may be asked for again.
pub async fn deny(request: &DenyRequest) -> Result<Confirmed, ApiError> {
    json(&send("POST", "/api/confirmations/deny", None, Body::Json(&to_json(request))).await?).await
}
