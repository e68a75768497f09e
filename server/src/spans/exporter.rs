//! What sends spans: OTLP 1.0 over HTTP, in protobuf
//! (<https://opentelemetry.io/docs/specs/otlp/#otlphttp>).
//!
//! Invariant: each batch is sent once, and its answer waited for so long and no longer.

use super::queue::Backlog;
use crate::{agent::agent, config::OtlpEndpoint};
use opentelemetry_proto::{
    tonic::collector::trace::v1::ExportTraceServiceRequest,
    transform::{
        common::tonic::ResourceAttributesWithSchema,
        trace::tonic::group_spans_by_resource_and_scope,
    },
};
use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    trace::{SpanData, SpanExporter},
};
use prost::Message;
use std::{sync::Arc, time::Duration};
use ureq::Agent;

/// For an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// An answer is no longer; nobody reads it.
const LONGEST: u64 = 64 * 1024;

/// Sends what waits.
#[derive(Debug)]
pub(super) struct Exporter {
    agent: Agent,
    endpoint: String,
    resource: ResourceAttributesWithSchema,
    backlog: Arc<Backlog>,
}

impl Exporter {
    /// To this collector.
    pub(super) fn new(endpoint: &OtlpEndpoint, backlog: Arc<Backlog>) -> Self {
        Self {
            agent: agent(PATIENCE),
            endpoint: endpoint.to_string(),
            resource: ResourceAttributesWithSchema::default(),
            backlog,
        }
    }

    fn send(&self, spans: Vec<SpanData>) -> Result<(), ureq::Error> {
        let resource_spans = group_spans_by_resource_and_scope(spans, &self.resource);
        let body = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
        let request = self.agent.post(&self.endpoint).content_type("application/x-protobuf");
        let mut answer = request.send(&body)?;
        // So that the connection can be used again.
        answer.body_mut().with_config().limit(LONGEST).read_to_vec().map(drop)
    }
}

impl SpanExporter for Exporter {
    async fn export(&self, spans: Vec<SpanData>) -> OTelSdkResult {
        let count = spans.len();
        let sent = self.send(spans).map_err(|error| error.to_string());
        self.backlog.leave(count, sent.as_ref().err().map(String::as_str));
        sent.map_err(OTelSdkError::InternalFailure)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.resource = resource.into();
    }
}
