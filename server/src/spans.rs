//! Traces, for a collector: a span for each request, and in it one for each call of the store.
//!
//! Invariant: a span has words that the code knows, a status, numbers and times: no id of a share, token,
//! address or other text of a request can get into one. Nobody who is served waits for the collector.

mod exporter;
mod parent;
mod queue;

use crate::{
    config::{Settings, StoreUrl},
    logs::OTHER_METHOD,
    metrics::Outcome,
    net::Rules,
    routing::Route,
};
use actix_web::dev::ServiceRequest;
use exporter::Exporter;
use opentelemetry::{
    Context, InstrumentationScope, KeyValue,
    context::FutureExt,
    trace::{
        Span, SpanBuilder, SpanKind, Status, TraceContextExt, TracerProvider, get_active_span,
    },
};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracer, SdkTracerProvider, Span as SdkSpan, SpanLimits},
};
use queue::{Backlog, Queue};
use std::{sync::Arc, time::Duration};
use tokio::task::{JoinHandle, spawn_blocking};

/// For the collector to take what is left, once the server has stopped.
const PATIENCE: Duration = Duration::from_secs(3);

/// What a method that is in no standard is called, and a span that has one
/// (<https://opentelemetry.io/docs/specs/semconv/http/http-spans/>).
const OTHER: (&str, &str) = ("_OTHER", "HTTP");

/// Where spans begin, if there is somewhere to send them.
#[derive(Clone, Default)]
pub struct Spans(Option<Arc<Tracing>>);

struct Tracing {
    tracer: SdkTracer,
    provider: SdkTracerProvider,
    backlog: Arc<Backlog>,
    engine: &'static str,
}

impl Spans {
    /// As the settings say: without a collector there are none.
    pub fn start(settings: &Settings) -> Self {
        let otlp = &settings.otlp;
        let Some(endpoint) = otlp.endpoint() else { return Self::default() };
        let backlog = Arc::<Backlog>::default();
        let exporter = Exporter::new(&endpoint, Arc::clone(&backlog));
        let version = env!("CARGO_PKG_VERSION");
        let resource = Resource::builder_empty().with_attributes([
            KeyValue::new("service.name", otlp.otlp_service_name.clone()),
            KeyValue::new("service.version", version),
        ]);
        let root = Sampler::TraceIdRatioBased(otlp.otlp_sample.get());
        // All that the environment might say otherwise.
        let provider = SdkTracerProvider::builder()
            .with_resource(resource.build())
            .with_sampler(Sampler::ParentBased(Box::new(root)))
            .with_span_limits(SpanLimits::default())
            .with_span_processor(Queue::new(exporter, Arc::clone(&backlog)))
            .build();
        let scope = InstrumentationScope::builder("waxseal-server").with_version(version);
        let tracer = provider.tracer_with_scope(scope.build());
        let engine = match settings.store() {
            StoreUrl::Sqlite(_) => "sqlite",
            StoreUrl::Redis(_) => "redis",
        };
        Self(Some(Arc::new(Tracing { tracer, provider, backlog, engine })))
    }

    /// Whether there are any.
    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// A request is served from now on.
    pub(crate) fn request(
        &self,
        request: &ServiceRequest,
        method: &'static str,
        rules: &Rules,
    ) -> Option<RequestSpan> {
        let tracing = self.0.as_ref()?;
        let parent = parent::of(request, rules);
        let (_, name) = named(method);
        let span = SpanBuilder::from_name(name).with_kind(SpanKind::Server);
        let span = span.start_with_context(&tracing.tracer, &parent);
        Some(RequestSpan(Context::new().with_span(span)))
    }

    /// The store is called from now on. Only for a request is it told.
    pub(crate) fn call(&self, operation: &'static str) -> Option<CallSpan> {
        let tracing = self.0.as_ref()?;
        if !get_active_span(|request| request.is_recording()) {
            return None;
        }
        let span = SpanBuilder::from_name(operation).with_kind(SpanKind::Client);
        let span = span.with_attributes([
            KeyValue::new("db.system.name", tracing.engine),
            KeyValue::new("db.operation.name", operation),
        ]);
        Some(CallSpan(span.start(&tracing.tracer)))
    }

    /// Returns once the collector has all spans, or did not take them in time. There are none after this.
    pub async fn settle(&self) {
        let Some(tracing) = &self.0 else { return };
        let provider = tracing.provider.clone();
        let settled = spawn_blocking(move || provider.shutdown_with_timeout(PATIENCE)).await;
        if !matches!(settled, Ok(Ok(()))) {
            tracing::warn!("the collector did not take the last spans in time");
        }
        tracing.backlog.tell_losses(None);
    }
}

/// Of a request that is served.
pub(crate) struct RequestSpan(Context);

impl RequestSpan {
    /// Serves it, with calls of the store as parts of this.
    pub(crate) async fn around<T>(&self, serve: impl Future<Output = T>) -> T {
        serve.with_context(self.0.clone()).await
    }

    /// By which it is found at the collector, if it is to be there.
    pub(crate) fn trace_id(&self) -> Option<String> {
        let span = self.0.span();
        let context = span.span_context();
        context.is_sampled().then(|| context.trace_id().to_string())
    }

    /// It is answered, or its answer begins.
    pub(crate) fn answered(
        self,
        route: Option<Route>,
        method: &'static str,
        status: u16,
        bytes: u64,
    ) {
        let span = self.0.span();
        if !span.is_recording() {
            return;
        }
        let (method, name) = named(method);
        span.set_attributes([
            KeyValue::new("http.request.method", method),
            KeyValue::new("http.response.status_code", i64::from(status)),
        ]);
        if let Some(bytes) = i64::try_from(bytes).ok().filter(|bytes| *bytes > 0) {
            span.set_attribute(KeyValue::new("http.response.body.size", bytes));
        }
        if let Some(route) = route.map(Route::pattern) {
            span.set_attribute(KeyValue::new("http.route", route));
            span.update_name(format!("{name} {route}"));
        }
        if status >= 500 {
            span.set_attribute(KeyValue::new("error.type", status.to_string()));
            span.set_status(Status::error(""));
        }
        span.end();
    }
}

/// Of a call of the store.
pub(crate) struct CallSpan(SdkSpan);

impl CallSpan {
    /// It has answered.
    pub(crate) fn answered(mut self, outcome: Outcome) {
        self.0.set_attribute(KeyValue::new("waxseal.outcome", outcome.word()));
        if outcome.is_failure() {
            self.0.set_attribute(KeyValue::new("error.type", outcome.word()));
            self.0.set_status(Status::error(""));
        }
        self.0.end();
    }
}

/// A method as an attribute, and as a span's name begins.
fn named(method: &'static str) -> (&'static str, &'static str) {
    if method == OTHER_METHOD { OTHER } else { (method, method) }
}

/// As [`tokio::spawn`], for a part of what is under way.
pub(crate) fn spawn<T: Send + 'static>(
    part: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    if Context::map_current(Context::has_active_span) {
        tokio::spawn(part.with_current_context())
    } else {
        tokio::spawn(part)
    }
}
