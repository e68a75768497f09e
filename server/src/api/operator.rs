//! What describes the server itself: its policy and its health.

use super::openapi::Problems;
use crate::{problem::ApiError, service::Service};
use actix_web::web;
use waxseal_core::wire::Policy;

type App = web::Data<Service>;

/// What the screens must reflect.
#[utoipa::path(
    get, path = "/api/policy", tag = "operator",
    responses((status = 200, description = "The policy", body = Policy))
)]
pub(super) async fn policy(app: App) -> web::Json<Policy> {
    web::Json(app.rules.policy().clone())
}

/// Whether the process lives.
#[utoipa::path(
    get, path = "/healthz", tag = "operator",
    responses((status = 200, description = "It does", body = String, content_type = "text/plain"))
)]
pub(super) async fn healthy() -> &'static str {
    "ok\n"
}

/// Whether the store answers and is configured so that it can keep its promises.
#[utoipa::path(
    get, path = "/readyz", tag = "operator",
    responses(
        (status = 200, description = "It does", body = String, content_type = "text/plain"),
        Problems
    )
)]
pub(super) async fn ready(app: App) -> Result<&'static str, ApiError> {
    app.store.ready().await?;
    Ok("ok\n")
}
