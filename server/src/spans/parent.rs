//! The trace that a request belongs to (W3C Trace Context, <https://www.w3.org/TR/trace-context/>).
//!
//! Invariant: it is believed only of a trusted proxy, and only two numbers and whether it is recorded:
//! `tracestate` is text, and nobody reads it.

use crate::net::Rules;
use actix_web::{dev::ServiceRequest, http::header::HeaderValue};
use opentelemetry::{
    Context,
    propagation::{Extractor, TextMapPropagator},
};
use opentelemetry_sdk::propagation::TraceContextPropagator;

const TRACEPARENT: &str = "traceparent";

/// What a proxy of ours says, or nothing.
pub(super) fn of(request: &ServiceRequest, rules: &Rules) -> Context {
    let mut lines = request.headers().get_all(TRACEPARENT);
    let (Some(line), None) = (lines.next(), lines.next()) else { return Context::new() };
    match request.peer_addr() {
        Some(peer) if rules.is_proxy(peer.ip()) => {
            TraceContextPropagator::new().extract_with_context(&Context::new(), &Line(line))
        }
        _ => Context::new(),
    }
}

/// The only header there is.
struct Line<'a>(&'a HeaderValue);

impl Extractor for Line<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        (name == TRACEPARENT).then(|| self.0.to_str().ok()).flatten()
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}
