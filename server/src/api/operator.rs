//! What describes the server itself, its policy and its health, and what its operator calls.

use super::openapi::{Any, IdParam, Token};
use crate::{
    audit::By,
    extract::{Bearer, Id, Visitor},
    problem::{ApiError, NotReady, NotReadyBecause},
    service::Service,
};
use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;
use waxseal_core::{
    token::OperatorToken,
    wire::{PROBLEM_JSON, Policy, ProblemType},
};

type App = web::Data<Service>;

/// What the screens must reflect.
#[utoipa::path(
    get, path = "/api/policy", tag = "operator",
    responses((status = 200, description = "The policy", body = Policy), Any)
)]
pub(super) async fn policy(app: App) -> web::Json<Policy> {
    web::Json(app.rules.policy().clone())
}

/// Whether the process lives.
#[utoipa::path(
    get, path = "/healthz", tag = "operator",
    responses((status = 200, description = "It does", body = String, content_type = "text/plain"), Any)
)]
pub(super) async fn healthy() -> &'static str {
    "ok\n"
}

/// That the server should get requests.
#[derive(Serialize, ToSchema)]
pub(super) struct Readiness {
    /// Always true: what is not ready is a problem.
    ready: bool,
}

/// Whether the server should get requests: it is not about to stop, and its store answers and is configured
/// so that it can keep its promises. One without room is ready.
#[utoipa::path(
    get, path = "/readyz", tag = "operator",
    responses(
        (status = 200, description = "It should", body = Readiness),
        Any,
        (status = 503, description = "It should not, and why", body = NotReady, content_type = PROBLEM_JSON)
    )
)]
pub(super) async fn ready(app: App) -> Result<web::Json<Readiness>, ApiError> {
    if app.stopping.has_begun() {
        return Err(ApiError::not_ready(NotReadyBecause::Stopping));
    }
    app.store.ready().await?;
    Ok(web::Json(Readiness { ready: true }))
}

/// Takes any share down: no further view, every lease ends, the content is gone.
#[utoipa::path(
    delete, path = "/api/operator/shares/{id}", tag = "operator", security(("operator" = [])),
    params(IdParam),
    responses((status = 204, description = "It is gone"), Any, Token)
)]
pub(super) async fn take_down(
    app: App,
    Visitor(network): Visitor,
    Bearer(token): Bearer<OperatorToken>,
    Id(id): Id,
) -> Result<HttpResponse, ApiError> {
    if app.operator.as_ref() != Some(&token) {
        return Err(ApiError::new(ProblemType::TokenRequired));
    }
    app.audited(By::network(network)).take_down(id).await?;
    tracing::warn!("the operator took a share down");
    Ok(HttpResponse::NoContent().finish())
}
