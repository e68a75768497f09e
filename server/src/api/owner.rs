//! What owners call: creating, uploading, publishing, looking after and revoking shares.

use super::openapi::{
    Any, Asked, Body, Counted, Granted, IdParam, Octets, Over, PartParam, Room, State, Token,
};
use crate::{
    audit::By,
    evenly,
    extract::{Bearer, Bearing, Id, Json, PartBody, PartNumber, Visitor},
    identity::SessionCookie,
    problem::ApiError,
    service::Service,
    store::{Admission, Rate, Receipt, StoreError},
};
use actix_web::{HttpResponse, http::StatusCode, web};
use tokio::time::Instant;
use waxseal_core::{
    layout::{PART, SEAL},
    token::{OwnerToken, ShareId},
    wire::{
        Answers, BATCH_LIMIT, BatchStatus, BatchStatusRequest, BatchStatusResponse, CreateRequest,
        PartsResponse, ProblemType, ShareReceipt, ShareState, Status,
    },
};

type App = web::Data<Service>;
type Owner = Bearer<OwnerToken>;

/// A head in base64url, and room for the other fields.
const CREATE_LIMIT: usize = (PART + SEAL).div_ceil(3) * 4 + 1024;
/// Room for 200 shares of about 100 bytes each, and as much again for white space.
const BATCH_BYTES: usize = BATCH_LIMIT * 200;

/// Why a share that was to answer a request was not admitted.
const FULL: &str = "too many have begun to answer this request: ask whoever sent it for a new one";

/// Creates a share: published at once with a head, staged without. Where owners confirm who they are,
/// a published share is pending until they have.
#[utoipa::path(
    post, path = "/api/shares", tag = "owner", security((), ("grant" = [])),
    request_body = CreateRequest,
    responses((status = 201, description = "It is there", body = ShareReceipt), Any, Body, Granted, Asked, State, Room, Counted)
)]
pub(super) async fn create(
    app: App,
    Visitor(network): Visitor,
    cookie: SessionCookie,
    grant: Bearing,
    Json(request): Json<CreateRequest, CREATE_LIMIT>,
) -> Result<HttpResponse, ApiError> {
    let id = request.id;
    let answers = request.answers.clone();
    let share = app.rules.admit(request)?;
    let bytes = share.head.as_ref().map_or(0, |head| head.len() as u64);
    let mut toll = app.rates.toll(network, &[(Rate::Creations, 1), (Rate::Bytes, bytes)]);
    if answers.is_some() || !app.identity.is_open() {
        // The store is asked before, and not for whoever does too much.
        app.rates.pay(toll.take()).await?;
    }
    let (admission, owner) = if let Some(Answers { request, access }) = answers {
        // Whoever asked has shown who they are, and given this away with the link.
        app.store.offer(request, access.hash(), id).await.map_err(|error| match error {
            StoreError::Conflict => ApiError::new(ProblemType::Conflict).detail(FULL),
            error => error.into(),
        })?;
        (Admission::Live, None)
    } else {
        let subject = app.identity.admit_creation(app.store.as_ref(), &grant, id).await?;
        let (admission, known) = app.identity.admit(app.store.as_ref(), &cookie).await?;
        (admission, subject.or(known))
    };
    let by = By { network: Some(network), owner };
    let receipt = app.audited(by).create(toll, share, admission).await?;
    Ok(answer(StatusCode::CREATED, id, receipt))
}

/// Stores one part of a staged share.
#[utoipa::path(
    put, path = "/api/shares/{id}/parts/{n}", tag = "owner", security(("owner" = [])),
    params(IdParam, PartParam),
    request_body(content = Octets, content_type = "application/octet-stream"),
    responses((status = 204, description = "It is stored"), Any, Body, Token, State, Room, Counted)
)]
pub(super) async fn put_part(
    app: App,
    Visitor(network): Visitor,
    Bearer(owner): Owner,
    id: Result<Id, ApiError>,
    PartNumber(n): PartNumber,
    PartBody(part): PartBody,
) -> Result<HttpResponse, ApiError> {
    // Only now, with the body read: a malformed id must look like any other unknown one.
    let Id(id) = id?;
    app.rates.admit(network, &[(Rate::Bytes, part.len() as u64)]).await?;
    match app.store.put_part(id, owner.hash(), n, part).await {
        Ok(()) => Ok(HttpResponse::NoContent().finish()),
        Err(StoreError::WrongPart) => Err(ApiError::new(ProblemType::Invalid)
            .detail("the share has no part of this number and length")),
        Err(error) => Err(error.into()),
    }
}

/// Which parts are stored: to resume an upload.
#[utoipa::path(
    get, path = "/api/shares/{id}/parts", tag = "owner", security(("owner" = [])),
    params(IdParam),
    responses((status = 200, description = "Those stored", body = PartsResponse), Any, Token, Over)
)]
pub(super) async fn parts(
    app: App,
    Bearer(owner): Owner,
    Id(id): Id,
) -> Result<web::Json<PartsResponse>, ApiError> {
    let (size, stored) = app.store.parts(id, owner.hash()).await?;
    Ok(web::Json(PartsResponse { parts: size.parts(), stored }))
}

/// Publishes a staged share once all its parts are there: it is live, or pending until its owner has
/// confirmed who they are.
#[utoipa::path(
    post, path = "/api/shares/{id}/publish", tag = "owner", security(("owner" = [])),
    params(IdParam),
    responses((status = 200, description = "It is published", body = ShareReceipt), Any, Token, State)
)]
pub(super) async fn publish(
    app: App,
    cookie: SessionCookie,
    Visitor(network): Visitor,
    Bearer(owner): Owner,
    Id(id): Id,
) -> Result<HttpResponse, ApiError> {
    let (admission, known) = app.identity.admit(app.store.as_ref(), &cookie).await?;
    let by = By { network: Some(network), owner: known };
    let receipt = app.audited(by).publish(id, owner.hash(), admission).await?;
    Ok(answer(StatusCode::OK, id, receipt))
}

/// What the owner may know of a share.
#[utoipa::path(
    get, path = "/api/shares/{id}/status", tag = "owner", security(("owner" = [])),
    params(IdParam),
    responses((status = 200, description = "Its status", body = Status), Any, Token, Counted)
)]
pub(super) async fn status(
    app: App,
    Visitor(network): Visitor,
    Bearer(owner): Owner,
    Id(id): Id,
) -> Result<web::Json<Status>, ApiError> {
    app.rates.admit(network, &[(Rate::Lookups, 1)]).await?;
    Ok(web::Json(app.store.status(id, owner.hash()).await?))
}

/// Takes a share back.
#[utoipa::path(
    delete, path = "/api/shares/{id}", tag = "owner", security(("owner" = [])),
    params(IdParam),
    responses((status = 200, description = "Its status after that", body = Status), Any, Token)
)]
pub(super) async fn revoke(
    app: App,
    Visitor(network): Visitor,
    Bearer(owner): Owner,
    Id(id): Id,
) -> Result<web::Json<Status>, ApiError> {
    Ok(web::Json(app.audited(By::network(network)).revoke(id, owner.hash()).await?))
}

/// The status of up to 200 shares.
#[utoipa::path(
    post, path = "/api/status", tag = "owner",
    request_body = BatchStatusRequest,
    responses((status = 200, description = "One each", body = BatchStatusResponse), Any, Body, Counted)
)]
pub(super) async fn statuses(
    app: App,
    Visitor(network): Visitor,
    Json(BatchStatusRequest { shares }): Json<BatchStatusRequest, BATCH_BYTES>,
) -> Result<web::Json<BatchStatusResponse>, ApiError> {
    if shares.len() > BATCH_LIMIT {
        return Err(ApiError::new(ProblemType::Invalid).detail("more than 200 shares"));
    }
    app.rates.admit(network, &[(Rate::Lookups, shares.len() as u64)]).await?;
    let start = Instant::now();
    let asked = shares.iter().map(|share| (share.id, share.owner.hash())).collect();
    let known = app.store.statuses(asked).await?;
    if known.iter().any(Option::is_none) {
        evenly::wait(start).await;
    }
    let shares = shares.into_iter().zip(known).map(|(share, status)| match status {
        Some(status) => BatchStatus::Known(status),
        None => BatchStatus::Unknown { id: share.id, state: ShareState::Unknown },
    });
    Ok(web::Json(BatchStatusResponse { shares: shares.collect() }))
}

fn answer(status: StatusCode, id: ShareId, receipt: Receipt) -> HttpResponse {
    HttpResponse::build(status).json(ShareReceipt {
        id,
        state: receipt.state,
        expires_at: receipt.expires_at,
        pending_until: receipt.pending_until,
        part_size: PART as u32,
        parts: receipt.size.parts(),
    })
}
