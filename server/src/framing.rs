//! Where a request ends.
//!
//! Invariant: no request is served whose body would end only with its connection: what another client
//! sends over the same connection of a proxy would be taken for part of it.

use crate::{metrics::Refusal, problem::ApiError};
use actix_web::{
    dev::{ServiceRequest, ServiceResponse},
    http::{ConnectionType, Method, header},
};
use waxseal_core::wire::ProblemType;

/// Why a request is not served: it asks for a tunnel, and the HTTP library takes all that follows for its
/// body, whatever length was announced.
pub(crate) fn refusal(request: &ServiceRequest) -> Option<ApiError> {
    let mut upgrades = request.headers().get_all(header::UPGRADE);
    let is_tunnel =
        request.method() == Method::CONNECT || upgrades.any(|to| names_websocket(to.as_bytes()));
    let error = || ApiError::new(ProblemType::Malformed).detail("nothing is tunnelled here");
    is_tunnel.then(|| error().refusing(Refusal::Framing))
}

/// Refuses it, and has the connection closed.
pub(crate) fn refuse(request: ServiceRequest, error: ApiError) -> ServiceResponse {
    let mut refusal = request.error_response(error);
    refusal.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    refusal
}

/// Broader than what the library looks for: a list counts, too.
fn names_websocket(protocols: &[u8]) -> bool {
    protocols.split(|byte| *byte == b',').any(|one| {
        let name = one.split(|byte| *byte == b'/').next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(b"websocket")
    })
}
