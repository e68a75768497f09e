//! The rules of the Mozilla HTTP Observatory: what an answer is worth.
//!
//! Invariant: headers are read as the Observatory reads them, and its table of modifiers is data,
//! `tests/observatory/rules.json`, which says where it comes from.

mod markup;
mod policy;

use crate::support::Reply;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Who the Observatory says it is when it asks for what other origins may read.
pub(crate) const ORIGIN: &str = "https://http-observatory.security.mozilla.org";

const RULES: &str = include_str!("../observatory/rules.json");
/// Called six months; that many of days as most sites count them.
const SIX_MONTHS: u64 = 15_552_000;

/// The table.
#[derive(Deserialize)]
pub(crate) struct Rules {
    baseline: i32,
    extra_credit_from: i32,
    grades: BTreeMap<String, String>,
    /// By test, then by result.
    pub(crate) modifiers: BTreeMap<String, BTreeMap<String, i32>>,
}

/// By test: its result.
pub(crate) type Results = BTreeMap<&'static str, &'static str>;

impl Rules {
    pub(crate) fn read() -> Self {
        serde_json::from_str(RULES).expect("the table is JSON of this shape")
    }

    /// What the results are worth: extra credit counts only for what is good without it.
    pub(crate) fn score(&self, results: &Results) -> i32 {
        let modifiers = results.iter().map(|(test, result)| {
            let results = self.modifiers.get(*test).unwrap_or_else(|| panic!("no test {test}"));
            *results.get(*result).unwrap_or_else(|| panic!("{test} has no result {result}"))
        });
        let (extra, lost): (Vec<i32>, _) = modifiers.partition(|modifier| *modifier > 0);
        let plain = (self.baseline + lost.iter().sum::<i32>()).max(0);
        if plain < self.extra_credit_from { plain } else { plain + extra.iter().sum::<i32>() }
    }

    pub(crate) fn grade(&self, score: i32) -> &str {
        &self.grades[&(score - score % 5).min(100).to_string()]
    }
}

/// The result of every test, for an answer over https by a server that cannot be reached without.
pub(crate) fn examine(reply: &Reply) -> Results {
    assert_eq!(reply.header("set-cookie"), None, "cookies are not scored: there are none");
    let policy = reply.header("content-security-policy");
    [
        ("content-security-policy", policy::examine(policy)),
        ("cookies", "cookies-not-found"),
        ("cross-origin-resource-sharing", sharing(reply)),
        ("redirection", "redirection-not-needed-no-http"),
        ("referrer-policy", referrer(reply.header("referrer-policy"))),
        ("strict-transport-security", transport(reply.header("strict-transport-security"))),
        ("subresource-integrity", markup::examine(reply)),
        ("x-content-type-options", sniffing(reply.header("x-content-type-options"))),
        ("x-frame-options", framing(reply.header("x-frame-options"), policy)),
        ("cross-origin-resource-policy", resource(reply.header("cross-origin-resource-policy"))),
        ("cross-origin-opener-policy", opener(reply.header("cross-origin-opener-policy"))),
        ("cross-origin-embedder-policy", embedder(reply.header("cross-origin-embedder-policy"))),
    ]
    .into()
}

fn sharing(reply: &Reply) -> &'static str {
    let credentials = reply.header("access-control-allow-credentials").unwrap_or_default();
    match reply.header("access-control-allow-origin") {
        None => "cross-origin-resource-sharing-not-implemented",
        Some("*") => "cross-origin-resource-sharing-implemented-with-public-access",
        Some(ORIGIN) if credentials.trim().eq_ignore_ascii_case("true") => {
            "cross-origin-resource-sharing-implemented-with-universal-access"
        }
        Some(_) => "cross-origin-resource-sharing-implemented-with-restricted-access",
    }
}

/// The last policy that is one counts.
fn referrer(header: Option<&str>) -> &'static str {
    let Some(header) = header else { return "referrer-policy-not-implemented" };
    let known =
        header.rsplit(',').find_map(|policy| match policy.trim().to_ascii_lowercase().as_str() {
            "no-referrer" | "same-origin" | "strict-origin" | "strict-origin-when-cross-origin" => {
                Some("referrer-policy-private")
            }
            "origin" | "origin-when-cross-origin" | "unsafe-url" | "no-referrer-when-downgrade" => {
                Some("referrer-policy-unsafe")
            }
            _ => None,
        });
    known.unwrap_or("referrer-policy-header-invalid")
}

fn transport(header: Option<&str>) -> &'static str {
    let Some(header) = header else { return "hsts-not-implemented" };
    let header = header.to_ascii_lowercase();
    let age = header.split(';').filter_map(|part| part.trim().strip_prefix("max-age=")).next_back();
    // A comma: the header is there twice.
    match age.and_then(|age| age.parse::<u64>().ok()).filter(|_| !header.contains(',')) {
        None => "hsts-header-invalid",
        Some(..SIX_MONTHS) => "hsts-implemented-max-age-less-than-six-months",
        Some(_) => "hsts-implemented-max-age-at-least-six-months",
    }
}

fn sniffing(header: Option<&str>) -> &'static str {
    match header {
        None => "x-content-type-options-not-implemented",
        Some(value) if value.trim().eq_ignore_ascii_case("nosniff") => {
            "x-content-type-options-nosniff"
        }
        Some(_) => "x-content-type-options-header-invalid",
    }
}

fn framing(header: Option<&str>, policy: Option<&str>) -> &'static str {
    if policy::directives(policy).is_some_and(|known| known.contains_key("frame-ancestors")) {
        return "x-frame-options-implemented-via-csp";
    }
    match header.map(|value| value.trim().to_ascii_lowercase()).as_deref() {
        None => "x-frame-options-not-implemented",
        Some("deny" | "sameorigin") => "x-frame-options-sameorigin-or-deny",
        Some(value) if value.starts_with("allow-from") => "x-frame-options-allow-from-origin",
        Some(_) => "x-frame-options-header-invalid",
    }
}

fn resource(header: Option<&str>) -> &'static str {
    match header.map(|value| value.trim().to_ascii_lowercase()).as_deref() {
        None => "cross-origin-resource-policy-not-implemented",
        Some("same-origin") => "cross-origin-resource-policy-implemented-with-same-origin",
        Some("same-site") => "cross-origin-resource-policy-implemented-with-same-site",
        Some("cross-origin") => "cross-origin-resource-policy-implemented-with-cross-origin",
        Some(_) => "cross-origin-resource-policy-header-invalid",
    }
}

fn opener(header: Option<&str>) -> &'static str {
    match header.map(token) {
        None => "coop-not-implemented",
        Some("same-origin") => "coop-implemented-with-same-origin",
        Some("same-origin-allow-popups") => "coop-implemented-with-same-origin-allow-popups",
        Some("noopener-allow-popups") => "coop-implemented-with-noopener-allow-popups",
        Some("unsafe-none") => "coop-implemented-with-unsafe-none",
        Some(_) => "coop-header-invalid",
    }
}

fn embedder(header: Option<&str>) -> &'static str {
    match header.map(token) {
        None => "coep-not-implemented",
        Some("require-corp") => "coep-implemented-with-require-corp",
        Some("credentialless") => "coep-implemented-with-credentialless",
        Some("unsafe-none") => "coep-implemented-with-unsafe-none",
        Some(_) => "coep-header-invalid",
    }
}

/// A structured field's token (RFC 9651), which has a case, without its parameters.
fn token(header: &str) -> &str {
    header.split(';').next().unwrap_or_default().trim()
}
