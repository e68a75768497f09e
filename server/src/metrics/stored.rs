//! What is stored, as the store said last, beside what may be.

use crate::store::{Quota, Usage};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::gauge::ConstGauge,
};
use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

/// The last answer of the store, and the quota.
#[derive(Debug)]
pub(super) struct Stored {
    quota: Quota,
    usage: Mutex<Option<Usage>>,
}

impl Stored {
    pub(super) const fn new(quota: Quota) -> Self {
        Self { quota, usage: Mutex::new(None) }
    }

    /// What is stored now; `None` = nobody knows.
    pub(super) fn set(&self, usage: Option<Usage>) {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner) = usage;
    }
}

impl Collector for Stored {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let usage = *self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, help, value) in [
            ("stored_bytes", "Bytes of ciphertext stored.", usage.map(|usage| usage.stored)),
            (
                "staged_bytes",
                "Of those, bytes of uploads not yet published.",
                usage.map(|usage| usage.staged),
            ),
            ("stored_quota_bytes", "Most bytes stored.", self.quota.stored),
            ("staged_quota_bytes", "Most bytes of uploads not yet published.", self.quota.staged),
        ] {
            let Some(value) = value else { continue };
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        Ok(())
    }
}
