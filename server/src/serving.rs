//! What every request goes through, from its head to the head of its answer.
//!
//! Invariant: every answer that comes out of the application has the security headers and is logged
//! once, without its address.

use crate::{evenly, framing, headers, logs::Entry, net::Served, same_site};
use actix_web::{
    Error,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
};
use tokio::time::Instant;

/// Serves a request. All of it is one middleware: each has a future allocated for each request.
pub(crate) async fn serve<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let start = Instant::now();
    let served = Served::begin(&request);
    let entry = Entry::begin(&request, start);
    let mut response = if let Some(refusal) = same_site::refusal(&request) {
        request.error_response(refusal).map_into_right_body()
    } else if let Some(refusal) = framing::refusal(&request) {
        framing::refuse(request, refusal).map_into_right_body()
    } else {
        entry.around(next.call(request)).await?.map_into_left_body()
    };
    evenly::answer_unknown(start, &response).await;
    headers::secure(response.headers_mut());
    entry.end(&response);
    served.end(&mut response);
    Ok(response)
}

/// As [`serve`], where nothing is told of requests and answers have their own headers.
pub(crate) async fn serve_untold<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let served = Served::begin(&request);
    let mut response = match framing::refusal(&request) {
        Some(refusal) => framing::refuse(request, refusal).map_into_right_body(),
        None => next.call(request).await?.map_into_left_body(),
    };
    served.end(&mut response);
    Ok(response)
}
