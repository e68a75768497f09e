//! Spans that wait for the collector, and the thread that sends them.
//!
//! Invariant: only so many wait. For one more there is no room until others were sent or given up: it is
//! lost, counted and said, at most once a minute.

use super::exporter::Exporter;
use opentelemetry::Context;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{BatchConfigBuilder, BatchSpanProcessor, Span, SpanData, SpanProcessor},
};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// Spans that may wait, those that are being sent among them.
const PLACES: usize = 2048;

/// Spans that are sent at once, at most.
const BATCH: usize = 512;

/// Fewer are sent after that time.
const DELAY: Duration = Duration::from_secs(2);

/// Between two words about losses.
const QUIET: Duration = Duration::from_secs(60);

/// How many wait, and how many were lost of which nothing was said yet.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    waiting: AtomicUsize,
    lost: AtomicUsize,
    said: Mutex<Option<Instant>>,
}

impl Backlog {
    /// Whether there is room for one more, which then waits.
    fn enter(&self) -> bool {
        let has_room = self.waiting.fetch_add(1, Relaxed) < PLACES;
        if !has_room {
            self.waiting.fetch_sub(1, Relaxed);
            self.lost.fetch_add(1, Relaxed);
        }
        has_room
    }

    /// So many wait no longer, and were lost if there is a cause.
    pub(super) fn leave(&self, spans: usize, cause: Option<&str>) {
        self.waiting.fetch_sub(spans, Relaxed);
        if cause.is_some() {
            self.lost.fetch_add(spans, Relaxed);
        }
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_none_or(|at| at.elapsed() >= QUIET) && self.tell_losses(cause) {
            *said = Some(Instant::now());
        }
    }

    /// Whether there were any of which nothing was said.
    pub(super) fn tell_losses(&self, cause: Option<&str>) -> bool {
        let lost = self.lost.swap(0, Relaxed);
        if lost > 0 {
            tracing::warn!(lost, cause, "spans were not sent, these are lost");
        }
        lost > 0
    }
}

/// Takes spans that have ended.
#[derive(Debug)]
pub(super) struct Queue {
    thread: BatchSpanProcessor,
    backlog: Arc<Backlog>,
}

impl Queue {
    /// Starts the thread, which ends with it.
    pub(super) fn new(exporter: Exporter, backlog: Arc<Backlog>) -> Self {
        let config = BatchConfigBuilder::default()
            .with_max_queue_size(PLACES)
            .with_max_export_batch_size(BATCH)
            .with_scheduled_delay(DELAY);
        let thread = BatchSpanProcessor::builder(exporter).with_batch_config(config.build());
        Self { thread: thread.build(), backlog }
    }
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if self.backlog.enter() {
            self.thread.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.thread.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.thread.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.thread.set_resource(resource);
    }
}
