//! Confirming who one is, where the server asks for it: of the owner, whose page waits, and of whoever
//! gets the mail.

use super::openapi::{Any, Body, Counted, IdParam, Mailed, Over, State, Token};
use crate::{
    audit::By,
    extract::{Bearer, Id, Json, Visitor},
    problem::ApiError,
    service::Service,
    store::{AddressHash, Rate, Receipt},
};
use actix_server::GracefulShutdownSignal;
use actix_web::{HttpRequest, HttpResponse, http::header, web};
use std::future::pending;
use waxseal_core::{
    token::OwnerToken,
    wire::{
        ConfirmRequest, ConfirmationAsked, ConfirmationRequest, Confirmed, DenyRequest, ShareState,
        Waiting,
    },
};

type App = web::Data<Service>;
type Owner = Bearer<OwnerToken>;

/// An address, a token, and white space.
const LIMIT: usize = 1024;

/// Has a mail sent to the owner's address, if it is one of those that may share; the answer does not
/// tell. Again sends another one, and what was mailed before is void.
#[utoipa::path(
    post, path = "/api/shares/{id}/confirmation", tag = "owner", security(("owner" = [])),
    params(IdParam),
    request_body = ConfirmationRequest,
    responses(
        (status = 202, description = "It waits", body = ConfirmationAsked),
        Any, Body, Token, State, Over, Counted
    )
)]
pub(super) async fn ask(
    app: App,
    Visitor(network): Visitor,
    Bearer(owner): Owner,
    id: Result<Id, ApiError>,
    Json(request): Json<ConfirmationRequest, LIMIT>,
) -> Result<HttpResponse, ApiError> {
    // Only now, with the body read: a malformed id must look like any other unknown one.
    let Id(id) = id?;
    let email = app.identity.email()?;
    app.rates.admit(network, &[(Rate::Mails, 1)]).await?;
    app.rates.admit(AddressHash::of(&request.address), &[(Rate::Mails, 1)]).await?;
    let question = email.question(&request)?;
    let number = question.ask.number;
    let pending_until = app.store.ask(id, owner.hash(), question.ask).await?;
    email.send(id, question, request, pending_until, network);
    Ok(HttpResponse::Accepted().json(ConfirmationAsked { number, pending_until }))
}

/// Waits until the share is no longer pending, for 25 seconds at most, and says how it is.
#[utoipa::path(
    get, path = "/api/shares/{id}/confirmation", tag = "owner", security(("owner" = [])),
    params(IdParam),
    responses(
        (
            status = 200, description = "How it is", body = Waiting,
            headers(("set-cookie" = String, description = "The session, if one was asked for"))
        ),
        Any, Token, Counted
    )
)]
pub(super) async fn wait(
    app: App,
    Visitor(network): Visitor,
    Bearer(owner): Owner,
    Id(id): Id,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    app.rates.admit(network, &[(Rate::Lookups, 1)]).await?;
    let place = app.waiters.enter(network)?;
    let ending = request.conn_data::<GracefulShutdownSignal>().cloned();
    let stop = async {
        match ending {
            Some(ending) => ending.notified().await,
            None => pending().await,
        }
    };
    let status = place.wait(app.store.as_ref(), (id, owner.hash()), stop).await?;
    let mut response = HttpResponse::Ok();
    if let (ShareState::Live, Ok(email)) = (status.state, app.identity.email())
        && let Some(cookie) = email.begin_session(app.store.as_ref(), id, owner.hash()).await
    {
        response.insert_header((header::SET_COOKIE, cookie));
    }
    let (pending_until, expires_at) = (status.pending_until, status.expires_at);
    Ok(response.json(Waiting { state: status.state, pending_until, expires_at }))
}

/// Confirms: the share is live from now on. The same again changes nothing.
#[utoipa::path(
    post, path = "/api/confirmations", tag = "owner",
    request_body = ConfirmRequest,
    responses((status = 200, description = "It is confirmed", body = Confirmed), Any, Body, Mailed, Over, Counted)
)]
pub(super) async fn confirm(
    app: App,
    Visitor(network): Visitor,
    Json(request): Json<ConfirmRequest, LIMIT>,
) -> Result<web::Json<Confirmed>, ApiError> {
    app.rates.admit(network, &[(Rate::Lookups, 1)]).await?;
    let token = request.token.hash();
    let audited = app.audited(By::network(network));
    Ok(answer(audited.confirm(request.id, token, request.number).await?))
}

/// "This wasn't me": the share is taken back. The same again changes nothing.
#[utoipa::path(
    post, path = "/api/confirmations/deny", tag = "owner",
    request_body = DenyRequest,
    responses((status = 200, description = "It is not shared", body = Confirmed), Any, Body, Mailed, Counted)
)]
pub(super) async fn deny(
    app: App,
    Visitor(network): Visitor,
    Json(request): Json<DenyRequest, LIMIT>,
) -> Result<web::Json<Confirmed>, ApiError> {
    app.rates.admit(network, &[(Rate::Lookups, 1)]).await?;
    let audited = app.audited(By::network(network));
    Ok(answer(audited.deny(request.id, request.token.hash()).await?))
}

fn answer(receipt: Receipt) -> web::Json<Confirmed> {
    web::Json(Confirmed { state: receipt.state, expires_at: receipt.expires_at })
}
