//! That the documentation and the dashboard are about the metrics there are.

use super::{Counted, live};
use serde_json::Value;
use std::collections::BTreeSet;

const DOCUMENTATION: &str = include_str!("../../../../docs/metrics.md");
const DASHBOARD: &str = include_str!("../../../../docs/grafana/waxseal.json");

/// A server on which each metric was told at least once.
fn busy() -> Counted {
    let quotas = ["--max-stored-bytes=9000000000", "--max-staged-bytes=8000000000"];
    let counted = Counted::start(None, &quotas);
    live(counted.client());
    counted
}

#[test]
fn the_documentation_lists_every_metric_with_its_labels() {
    let exposed = busy().read();
    let told = exposed.families.iter().map(|family| {
        let labels: Vec<_> = family.labels().into_iter().map(str::to_owned).collect();
        (family.queried(), family.kind.clone(), labels)
    });
    let rows = DOCUMENTATION.lines().filter_map(|line| {
        let cells: Vec<_> = line.strip_prefix("| `")?.split(" | ").collect();
        let [name, kind, labels, ..] = cells[..] else { return None };
        let mut labels: Vec<_> = labels.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        labels.sort();
        Some((name.trim_end_matches('`').to_owned(), kind.to_owned(), labels))
    });
    let metrics = rows.filter(|(name, ..)| name.contains("_"));
    assert_eq!(metrics.collect::<BTreeSet<_>>(), told.collect());
}

#[test]
fn the_documentation_explains_every_word_that_a_label_may_be() {
    let exposed = busy().read();
    for name in ["refusals", "mails", "share_events"] {
        let name = format!("waxseal_{name}_total{{");
        let words = exposed.text.lines().filter_map(|line| line.strip_prefix(&name));
        let words: Vec<_> = words.filter_map(|line| line.split('"').nth(1)).collect();
        assert!(words.len() > 4, "{words:?}");
        for word in words {
            assert!(DOCUMENTATION.contains(&format!("`{word}`")), "{word} of {name} is missing");
        }
    }
}

/// Every query of the dashboard and of the alerts asks for samples that there are, by labels they have.
#[test]
fn queries_ask_for_what_there_is() {
    let exposed = busy().read();
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("the dashboard is JSON");
    let mut queries = texts(&dashboard, "expr");
    assert!(queries.len() > 10, "{queries:?}");
    let alerts = DOCUMENTATION.lines().filter_map(|line| line.trim().strip_prefix("expr: "));
    queries.extend(alerts.map(str::to_owned));
    assert!(queries.iter().any(|query| query.contains("waxseal_refusals_total")));
    let samples = exposed.samples();
    let labels: BTreeSet<_> = exposed.families.iter().flat_map(|family| family.labels()).collect();
    for query in &queries {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let names = query.split(|c: char| !is_name(c));
        let ours =
            names.filter(|name| name.starts_with("waxseal_") || name.starts_with("process_"));
        let ours: Vec<_> = ours.collect();
        assert!(!ours.is_empty(), "{query}");
        for name in ours {
            assert!(samples.contains(name), "there is no {name}, for which {query} asks");
        }
        for by in query.split("by (").skip(1).filter_map(|rest| rest.split(')').next()) {
            for label in by.split(',').map(str::trim) {
                let known = labels.contains(label) || ["le", "instance"].contains(&label);
                assert!(known, "there is no label {label}, for which {query} asks");
            }
        }
        for label in query.split('{').skip(1).filter_map(|rest| rest.split(['=', '!']).next()) {
            let known = labels.contains(label) || ["instance", "job"].contains(&label);
            assert!(known, "there is no label {label}: {query}");
        }
    }
}

/// All texts that are called `named`, however deep.
fn texts(value: &Value, named: &str) -> Vec<String> {
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| match value {
                Value::String(text) if name == named => vec![text.clone()],
                other => texts(other, named),
            })
            .collect(),
        Value::Array(values) => values.iter().flat_map(|value| texts(value, named)).collect(),
        _ => Vec::new(),
    }
}
