//! What the server counts and measures, for Prometheus.
//!
//! Invariant: every label is a word that the code knows, or a status: no id, token, address or other text of
//! a request can become one, so there are only so many series. Counting waits for nothing.

mod listener;
mod process;
mod stored;
mod words;

pub use listener::serve;

pub(crate) use words::{Mail, Outcome, Refusal};

use crate::{
    audit::Event,
    config::{Settings, StoreUrl},
    routing::Route,
    spans::Spans,
    store::{Measured, Store, Usage},
};
use process::Process;
use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::{ConstGauge, Gauge},
        histogram::Histogram,
    },
    registry::{Metric, Registry},
};
use std::{fmt, sync::Arc, time::Duration};
use stored::Stored;
use words::Words;

/// Of a request or a call of the store, in seconds.
const BUCKETS: [f64; 13] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// The route of what has none: no address of ours, or refused before that was looked at.
const NOWHERE: &str = "none";

/// Counts, where anybody is to read it.
#[derive(Clone, Default)]
pub struct Metrics(Option<Arc<Counts>>);

/// All there is.
struct Counts {
    registry: Registry,
    requests: Family<Answered, Counter>,
    durations: Family<Asked, Histogram>,
    connections: Gauge,
    refusals: Family<Refused, Counter>,
    events: Family<Told, Counter>,
    asked: Counter,
    mails: Family<Mailed, Counter>,
    calls: Family<Called, Histogram>,
    stored: Arc<Stored>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    route: &'static str,
    method: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: &'static str,
    method: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    kind: Refusal,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Told {
    event: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Mailed {
    outcome: Mail,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Called {
    operation: &'static str,
    outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    version: &'static str,
    store: &'static str,
}

impl Metrics {
    /// As the settings say: if nobody is to read it, nothing is counted.
    pub fn new(settings: &Settings) -> Self {
        Self(settings.metrics_listen.map(|_| Arc::new(Counts::new(settings))))
    }

    /// Whether anything is counted.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// The store, with its calls measured and traced if anything is.
    pub fn measure(&self, store: Arc<dyn Store>, spans: &Spans) -> Arc<dyn Store> {
        if self.is_on() || spans.is_on() {
            Arc::new(Measured::new(store, self.clone(), spans.clone()))
        } else {
            store
        }
    }

    /// A request was answered, or its answer begins.
    pub(crate) fn request(
        &self,
        route: Option<Route>,
        method: &'static str,
        status: u16,
        took: Duration,
    ) {
        if let Some(counts) = &self.0 {
            let route = route.map_or(NOWHERE, Route::pattern);
            let asked = Asked { route, method };
            counts.durations.get_or_create(&asked).observe(took.as_secs_f64());
            counts.requests.get_or_create(&Answered { route, method, status }).inc();
        }
    }

    /// Something was refused for the server's own sake.
    pub(crate) fn refused(&self, kind: Refusal) {
        if let Some(counts) = &self.0 {
            counts.refusals.get_or_create(&Refused { kind }).inc();
        }
    }

    /// A connection has got its place.
    pub(crate) fn connected(&self) {
        if let Some(counts) = &self.0 {
            counts.connections.inc();
        }
    }

    /// A connection that had a place was closed.
    pub(crate) fn disconnected(&self) {
        if let Some(counts) = &self.0 {
            counts.connections.dec();
        }
    }

    /// What the operator is told happened to a share.
    pub(crate) fn told(&self, events: &[Event]) {
        let Some(counts) = &self.0 else { return };
        for event in events {
            counts.events.get_or_create(&Told { event: event.name() }).inc();
            if event.is_new_request() {
                counts.asked.inc();
            }
        }
    }

    /// What became of a mail.
    pub(crate) fn mailed(&self, outcome: Mail) {
        if let Some(counts) = &self.0 {
            counts.mails.get_or_create(&Mailed { outcome }).inc();
        }
    }

    /// The store has answered.
    pub(crate) fn called(&self, operation: &'static str, outcome: Outcome, took: Duration) {
        if let Some(counts) = &self.0 {
            let called = Called { operation, outcome };
            counts.calls.get_or_create(&called).observe(took.as_secs_f64());
        }
    }

    /// All of it, in the text format of OpenMetrics 1.0, with what the store says that it has.
    fn text(&self, usage: Option<Usage>) -> Result<String, fmt::Error> {
        let mut text = String::new();
        if let Some(counts) = &self.0 {
            counts.stored.set(usage);
            text::encode(&mut text, &counts.registry)?;
        }
        Ok(text)
    }
}

impl Counts {
    fn new(settings: &Settings) -> Self {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Process));
        let ours = registry.sub_registry_with_prefix("waxseal");
        let version = env!("CARGO_PKG_VERSION");
        let store = match settings.store() {
            StoreUrl::Sqlite(_) => "sqlite",
            StoreUrl::Redis(_) => "redis",
        };
        let build =
            Family::<Build, ConstGauge<i64>, _>::new_with_constructor(|| ConstGauge::new(1));
        drop(build.get_or_create(&Build { version, store }));
        ours.register("build_info", "The version, and what shares are kept in; always 1", build);
        let stored = Arc::new(Stored::new(settings.quota()));
        ours.register_collector(Box::new(Arc::clone(&stored)));
        let histogram: fn() -> Histogram = || Histogram::new(BUCKETS);
        let requests = add(ours, "http_requests", "Requests answered");
        let durations = Family::new_with_constructor(histogram);
        ours.register(
            "http_request_duration_seconds",
            "Time from a request's head to the beginning of its answer",
            durations.clone(),
        );
        let connections = add(ours, "http_connections", "Connections open");
        let refusals: Family<Refused, Counter> =
            add(ours, "refusals", "Requests and connections refused to protect the server");
        let events: Family<Told, Counter> =
            add(ours, "share_events", "What happened to shares, as audit events tell it");
        let asked = add(ours, "secret_requests_asked", "Shares made to ask for a secret");
        let mails: Family<Mailed, Counter> =
            add(ours, "mails", "What became of mails that ask owners to confirm");
        let calls = Family::new_with_constructor(histogram);
        ours.register("store_call_duration_seconds", "Time of a call of the store", calls.clone());
        // A counter that begins with its first event cannot be seen to rise.
        Refusal::ALL.iter().for_each(|&kind| drop(refusals.get_or_create(&Refused { kind })));
        Event::NAMES.iter().for_each(|&event| drop(events.get_or_create(&Told { event })));
        Mail::ALL.iter().for_each(|&outcome| drop(mails.get_or_create(&Mailed { outcome })));
        Self {
            registry,
            requests,
            durations,
            connections,
            refusals,
            events,
            asked,
            mails,
            calls,
            stored,
        }
    }
}

fn add<M: Metric + Default + Clone>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}
