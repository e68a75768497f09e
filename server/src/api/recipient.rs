//! What recipients call: looking at a share, opening it, fetching its parts.

use super::openapi::{
    Any, Body, Counted, IdParam, Octets, Over, PartParam, Passphrase, Range, State, Token,
};
use crate::{
    audit::By,
    extract::{Bearer, ByteRange, Id, Json, PartNumber, Slice, Visitor},
    problem::ApiError,
    service::Service,
    store::Rate,
};
use actix_web::{
    HttpResponse,
    body::SizedStream,
    http::header::{self, ContentType},
    web,
};
use waxseal_core::{
    token::{AccessToken, ClaimToken},
    wire::{Asking, ClaimRequest, Landing, LeaseResponse, Seen, ShareState, claim_header},
};

type App = web::Data<Service>;
type Access = Bearer<AccessToken>;
type Claim = Bearer<ClaimToken>;

/// A claim, a proof, and white space.
const CLAIM_LIMIT: usize = 1024;

/// What a link holder may know before opening. Spends nothing.
#[utoipa::path(
    get, path = "/api/shares/{id}", tag = "recipient", security(("access" = [])),
    params(IdParam),
    responses((status = 200, description = "It can be opened", body = Seen), Any, Token, Over)
)]
pub(super) async fn landing(
    app: App,
    Bearer(access): Access,
    Id(id): Id,
) -> Result<web::Json<Seen>, ApiError> {
    let view = app.store.landing(id, access.hash()).await?;
    let (state, expires_at) = (ShareState::Live, view.expires_at);
    if let Some(note) = view.note {
        return Ok(web::Json(Seen::Request(Asking { state, expires_at, note: note.into() })));
    }
    Ok(web::Json(Seen::Share(Landing {
        state,
        expires_at,
        views_left: view.views_left,
        passphrase: view.tries_left.is_some(),
        size: view.size,
        tries_left: view.tries_left,
    })))
}

/// **The** opening: spends one view and answers with the head. The same claim may ask again.
#[utoipa::path(
    post, path = "/api/shares/{id}/claims", tag = "recipient", security(("access" = [])),
    params(IdParam),
    request_body = ClaimRequest,
    responses(
        (
            status = 200, description = "Part 0 with the seal in front",
            body = Octets, content_type = "application/octet-stream",
            headers(
                ("waxseal-size" = u64, description = "Bytes of the whole ciphertext"),
                ("waxseal-parts" = u64, description = "Number of parts"),
                ("waxseal-expires-at" = String, description = "When the share expires, RFC 3339"),
                ("waxseal-lease-until" = String, description = "Until when the same claim may ask again"),
                ("waxseal-views-left" = u32, description = "Openings left; absent = any number")
            )
        ),
        Any, Body, Token, State, Over, Passphrase, Counted
    )
)]
pub(super) async fn claim(
    app: App,
    Bearer(access): Access,
    Visitor(network): Visitor,
    id: Result<Id, ApiError>,
    Json(request): Json<ClaimRequest, CLAIM_LIMIT>,
) -> Result<HttpResponse, ApiError> {
    // Only now, with the body read: a malformed id must look like any other unknown one.
    let Id(id) = id?;
    let toll = app.rates.toll(network, &[(Rate::Openings, 1)]);
    let proof = request.proof.map(|proof| proof.hash());
    let audited = app.audited(By::network(network));
    let opened = audited.claim(toll, id, access.hash(), request.claim.hash(), proof).await?;
    let mut response = HttpResponse::Ok();
    response
        .content_type(ContentType::octet_stream())
        .insert_header((claim_header::SIZE, opened.size.get()))
        .insert_header((claim_header::PARTS, opened.size.parts()))
        .insert_header((claim_header::EXPIRES_AT, opened.expires_at.to_string()))
        .insert_header((claim_header::LEASE_UNTIL, opened.lease_until.to_string()));
    if let Some(left) = opened.views_left {
        response.insert_header((claim_header::VIEWS_LEFT, left));
    }
    Ok(response.body(opened.head))
}

/// A part, without the seal in front of part 0; renews the lease.
#[utoipa::path(
    get, path = "/api/shares/{id}/parts/{n}", tag = "recipient", security(("claim" = [])),
    params(IdParam, PartParam, ("range" = Option<String>, Header, description = "One range of bytes")),
    responses(
        (
            status = 200, description = "The part",
            body = Octets, content_type = "application/octet-stream"
        ),
        (
            status = 206, description = "The range of it",
            body = Octets, content_type = "application/octet-stream"
        ),
        Any, Token, Over, Range
    )
)]
pub(super) async fn part(
    app: App,
    Bearer(claim): Claim,
    Id(id): Id,
    PartNumber(n): PartNumber,
    range: ByteRange,
) -> Result<HttpResponse, ApiError> {
    let part = app.store.part(id, claim.hash(), n).await?;
    let len = part.length();
    let (mut response, range) = match range.of(len)? {
        Slice::Whole => (HttpResponse::Ok(), 0..len),
        Slice::Part(range) => {
            let (first, last) = (range.start, range.end - 1);
            let mut response = HttpResponse::PartialContent();
            response.insert_header((header::CONTENT_RANGE, format!("bytes {first}-{last}/{len}")));
            (response, range)
        }
    };
    Ok(response
        .content_type(ContentType::octet_stream())
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .body(SizedStream::new(range.len() as u64, part.pieces(range))))
}

/// Renews the lease.
#[utoipa::path(
    post, path = "/api/shares/{id}/lease", tag = "recipient", security(("claim" = [])),
    params(IdParam),
    responses((status = 200, description = "Until when", body = LeaseResponse), Any, Token, Over)
)]
pub(super) async fn renew(
    app: App,
    Bearer(claim): Claim,
    Id(id): Id,
) -> Result<web::Json<LeaseResponse>, ApiError> {
    let lease_until = app.store.renew(id, claim.hash()).await?;
    Ok(web::Json(LeaseResponse { lease_until }))
}

/// Ends the claim: the recipient has everything.
#[utoipa::path(
    post, path = "/api/shares/{id}/ack", tag = "recipient", security(("claim" = [])),
    params(IdParam),
    responses((status = 204, description = "It is over"), Any, Token)
)]
pub(super) async fn acknowledge(
    app: App,
    Visitor(network): Visitor,
    Bearer(claim): Claim,
    Id(id): Id,
) -> Result<HttpResponse, ApiError> {
    app.audited(By::network(network)).acknowledge(id, claim.hash()).await?;
    Ok(HttpResponse::NoContent().finish())
}
