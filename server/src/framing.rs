//! Where a request ends.
//!
//! Invariant: no request is served whose body would end only with its connection: what another client
//! sends over the same connection of a proxy would be taken for part of it.

use crate::{metrics::Refusal, problem::ApiError};
use actix_web::{
    Error,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{ConnectionType, Method, header},
    middleware::Next,
};
use waxseal_core::wire::ProblemType;

/// Refuses what asks for a tunnel: the HTTP library takes all that follows for its body, whatever length
/// was announced, so that the connection can only be closed.
pub(crate) async fn bounded<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let mut upgrades = request.headers().get_all(header::UPGRADE);
    if request.method() == Method::CONNECT || upgrades.any(|to| names_websocket(to.as_bytes())) {
        let error = ApiError::new(ProblemType::Malformed).detail("nothing is tunnelled here");
        let mut refusal = request.error_response(error.refusing(Refusal::Framing));
        refusal.response_mut().head_mut().set_connection_type(ConnectionType::Close);
        return Ok(refusal.map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

/// Broader than what the library looks for: a list counts, too.
fn names_websocket(protocols: &[u8]) -> bool {
    protocols.split(|byte| *byte == b',').any(|one| {
        let name = one.split(|byte| *byte == b'/').next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(b"websocket")
    })
}
