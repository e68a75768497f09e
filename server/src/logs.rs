//! Structured logs: one JSON line an event, on standard error.
//!
//! Invariant: no address, query, header or body of a request reaches a log, nor does a peer's
//! address: of a trusted proxy's headers the number of a trace does. Of other crates only warnings do, since
//! what they would say in detail is not ours to vet.

use crate::{problem::ApiError, routing::Route, service::Service, spans::RequestSpan};
use actix_web::{
    body::{BodySize, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::Method,
    web::Data,
};
use std::{fs::File, io, os::fd::AsFd, panic};
use tokio::time::Instant;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    filter::Targets, fmt::writer::BoxMakeWriter, layer::SubscriberExt, util::SubscriberInitExt,
};

/// A method that is in no standard.
pub(crate) const OTHER_METHOD: &str = "other";

/// Starts logging, panics included (where, not what: a panic's message may hold data).
pub fn init(level: LevelFilter) {
    let ours = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target("waxseal_server", level);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(lines_to());
    tracing_subscriber::registry().with(ours).with(lines).init();
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panicked");
    }));
}

/// Standard error. Its lines are written whole, so no thread need wait for another as the library's has
/// them do.
fn lines_to() -> BoxMakeWriter {
    match io::stderr().as_fd().try_clone_to_owned() {
        Ok(descriptor) => BoxMakeWriter::new(File::from(descriptor)),
        Err(_) => BoxMakeWriter::new(io::stderr),
    }
}

/// What is told of a request when its answer begins.
pub(crate) struct Entry {
    start: Instant,
    method: &'static str,
    span: Option<RequestSpan>,
}

impl Entry {
    /// Of a request that came at `start`.
    pub(crate) fn begin(request: &ServiceRequest, start: Instant) -> Self {
        let method = method(request.method());
        let service = request.app_data::<Data<Service>>();
        let span = service.and_then(|service| service.spans.request(request, method, &service.net));
        Self { start, method, span }
    }

    /// Serves it, with calls of the store as parts of this.
    pub(crate) async fn around<T>(&self, serve: impl Future<Output = T>) -> T {
        match &self.span {
            None => serve.await,
            Some(span) => span.around(serve).await,
        }
    }

    /// Logs and counts it.
    pub(crate) fn end<B: MessageBody>(self, response: &ServiceResponse<B>) {
        let Self { start, method, span } = self;
        let route = response.request().app_data::<Route>().copied();
        let status = response.status();
        let took = start.elapsed();
        let ms = took.as_micros() as f64 / 1000.0;
        let bytes = match response.response().body().size() {
            BodySize::Sized(bytes) => bytes,
            BodySize::None | BodySize::Stream => 0,
        };
        let error = response.response().error().and_then(|error| error.as_error::<ApiError>());
        let cause = error.and_then(ApiError::cause);
        let code = status.as_u16();
        if let Some(service) = response.request().app_data::<Data<Service>>() {
            let metrics = &service.metrics;
            metrics.request(route, method, code, took);
            if let Some(refusal) = error.and_then(ApiError::refusal) {
                metrics.refused(refusal);
            }
        }
        let trace_id = span.as_ref().and_then(RequestSpan::trace_id);
        if let Some(span) = span {
            span.answered(route, method, code, bytes);
        }
        let route = route.map_or("unknown", Route::pattern);
        if status.is_server_error() {
            tracing::error!(method, route, status = code, ms, bytes, cause, trace_id, "request");
        } else {
            tracing::info!(method, route, status = code, ms, bytes, trace_id, "request");
        }
    }
}

/// The method's name, of those that are in a standard: any other is text of the client's.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => OTHER_METHOD,
    }
}
