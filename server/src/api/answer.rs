//! Answering a request, with a share that was created for that.

use super::openapi::{Any, Body, Counted, IdParam, Over, State, Token};
use crate::{
    audit::By,
    extract::{Bearer, Id, Json, Visitor},
    problem::ApiError,
    service::Service,
    store::{Rate, StoreError},
};
use actix_web::web;
use waxseal_core::{
    token::AccessToken,
    wire::{AnswerRequest, Answered, ProblemType},
};

/// An id, what is sealed, and white space.
const LIMIT: usize = 1024;

/// Answers a request with a live share that was created for it. The first one does; the same again gets
/// the same answer.
#[utoipa::path(
    post, path = "/api/shares/{id}/answer", tag = "recipient", security(("access" = [])),
    params(IdParam),
    request_body = AnswerRequest,
    responses((status = 200, description = "It is answered", body = Answered), Any, Body, Token, State, Over, Counted)
)]
pub(super) async fn answer(
    app: web::Data<Service>,
    Bearer(access): Bearer<AccessToken>,
    Visitor(network): Visitor,
    id: Result<Id, ApiError>,
    Json(request): Json<AnswerRequest, LIMIT>,
) -> Result<web::Json<Answered>, ApiError> {
    // Only now, with the body read: a malformed id must look like any other unknown one.
    let Id(id) = id?;
    app.rates.admit(network, &[(Rate::Openings, 1)]).await?;
    let AnswerRequest { share, sealed } = request;
    match app.audited(By::network(network)).answer(id, access.hash(), share, sealed).await {
        Ok(at) => Ok(web::Json(Answered { at })),
        Err(StoreError::Conflict) => Err(ApiError::new(ProblemType::Conflict)
            .detail("the share is not live, or was not created to answer this")),
        Err(error) => Err(error.into()),
    }
}
