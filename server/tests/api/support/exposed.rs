//! What a server tells of itself, as the parser of Prometheus' own Python client reads it: a strict one, of
//! OpenMetrics.

use super::Client;
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

const PARSE: &str = "
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as families
read = [[f.name, f.type, f.documentation, [[s.name, s.labels, s.value] for s in f.samples]]
        for f in families(sys.stdin.read())]
print(json.dumps(read))
";

/// Metrics at one moment.
pub(crate) struct Exposed {
    /// As they came.
    pub(crate) text: String,
    /// Those of one name.
    pub(crate) families: Vec<Family>,
}

/// All of one name.
#[derive(Deserialize)]
pub(crate) struct Family {
    pub(crate) name: String,
    pub(crate) kind: String,
    help: String,
    samples: Vec<Sample>,
}

#[derive(Deserialize)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

impl Exposed {
    /// Reads what this server tells.
    pub(crate) fn read(metrics: &Client) -> Self {
        Self::parse(read(metrics))
    }

    fn parse(text: String) -> Self {
        let workspace = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/venv/bin/python");
        let python =
            std::env::var_os("WAXSEAL_PYTHON").map_or_else(|| workspace.into(), PathBuf::from);
        let mut parser = Command::new(&python)
            .args(["-c", PARSE])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "{}: {error}. WAXSEAL_PYTHON must be a Python with `prometheus-client`; \
                     `cargo xtask test` provides it",
                    python.display()
                )
            });
        let mut stdin = parser.stdin.take().expect("it is piped");
        stdin.write_all(text.as_bytes()).expect("the parser reads");
        drop(stdin);
        let output = parser.wait_with_output().expect("the parser ends");
        assert!(output.status.success(), "this is no OpenMetrics:\n{text}");
        let families: Vec<Family> =
            serde_json::from_slice(&output.stdout).expect("the parser writes JSON");
        for Family { name, help, .. } in &families {
            assert!(help.ends_with('.'), "{name} is not explained");
        }
        Self { text, families }
    }

    /// The names of all samples.
    pub(crate) fn samples(&self) -> BTreeSet<&str> {
        self.all().map(|sample| sample.name.as_str()).collect()
    }

    /// The sum of the samples of this name with these labels, and maybe others.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has = |sample: &Sample| {
            labels.iter().all(|(key, value)| sample.labels.get(*key).is_some_and(|is| is == value))
        };
        self.all().filter(|s| s.name == name && has(s)).map(|sample| sample.value).sum()
    }

    /// What share events are counted, but those that never happened.
    pub(crate) fn events(&self) -> BTreeMap<String, usize> {
        let events = self.all().filter(|sample| sample.name == "waxseal_share_events_total");
        let events = events.map(|sample| (sample.labels["event"].clone(), sample.value as usize));
        events.filter(|(_, count)| *count > 0).collect()
    }

    fn all(&self) -> impl Iterator<Item = &Sample> {
        self.families.iter().flat_map(|family| &family.samples)
    }
}

impl Family {
    /// Its name as a query has it, without the endings of a histogram's.
    pub(crate) fn queried(&self) -> String {
        let ending = if self.kind == "counter" { "_total" } else { "" };
        format!("{}{ending}", self.name)
    }

    /// The labels that it has of its own.
    pub(crate) fn labels(&self) -> BTreeSet<&str> {
        let labels = self.samples.iter().flat_map(|sample| sample.labels.keys());
        labels.map(String::as_str).filter(|label| *label != "le").collect()
    }
}

/// The text, unread.
pub(crate) fn read(metrics: &Client) -> String {
    let reply = metrics.ask("GET", "/metrics", &[], b"");
    assert_eq!(reply.status, 200);
    let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(reply.header("content-type"), Some(media_type));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    String::from_utf8(reply.body).expect("metrics are text")
}
