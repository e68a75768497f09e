//! Content security policies.

use std::collections::{BTreeMap, BTreeSet};

const BROAD: [&str; 8] =
    ["ftp:", "http:", "https:", "*", "http://*", "http://*.*", "https://*", "https://*.*"];
const INLINE: [&str; 2] = ["'unsafe-inline'", "data:"];
const PASSIVE: [&str; 2] = ["img-src", "media-src"];
/// Shorter than this nothing is a policy.
const SHORTEST: usize = "img-src".len() - 1;

type Sources = BTreeSet<String>;

/// Directives with their sources, in lower case. `None`: no policy, or none that can be read.
pub(super) fn directives(header: Option<&str>) -> Option<BTreeMap<String, Sources>> {
    let policy = header?.trim();
    // Several policies at once would have to be cut down to what all of them allow.
    if policy.len() < SHORTEST || policy.contains(',') {
        return None;
    }
    let mut directives = BTreeMap::new();
    for directive in policy.to_ascii_lowercase().split(';') {
        let mut words = directive.split_whitespace().map(str::to_owned);
        let Some(name) = words.next() else { continue };
        let mut sources: Sources = words.collect();
        if sources.is_empty() && name.ends_with("-src") {
            sources.insert("'none'".into());
        }
        if directives.insert(name, sources).is_some() {
            return None;
        }
    }
    Some(directives)
}

pub(super) fn examine(header: Option<&str>) -> &'static str {
    if header.is_none() {
        return "csp-not-implemented";
    }
    let Some(policy) = directives(header) else { return "csp-header-invalid" };
    let sources = |name: &str| {
        let given = policy.get(name).or_else(|| policy.get("default-src"));
        given.cloned().unwrap_or_else(|| ["*".to_owned()].into())
    };
    let (mut scripts, mut styles) = (sources("script-src"), sources("style-src"));
    for list in [&mut scripts, &mut styles] {
        if is_marked(list) {
            list.remove("'unsafe-inline'");
        }
    }
    if scripts.contains("'strict-dynamic'") {
        if !is_marked(&scripts) {
            return "csp-header-invalid";
        }
        scripts.retain(|source| source != "'self'" && !BROAD.iter().any(|b| source.starts_with(b)));
    }
    let has = |list: &Sources, bad: &[&str]| list.iter().any(|s| bad.contains(&s.as_str()));
    let insecure = |source: &String| source.starts_with("http:") || source.starts_with("ftp:");
    let active = |name: &str| name != "script-src" && !PASSIVE.contains(&name);

    if has(&scripts, &BROAD) || has(&scripts, &INLINE) || has(&sources("object-src"), &BROAD) {
        "csp-implemented-with-unsafe-inline"
    } else if scripts.iter().any(insecure)
        || policy.iter().any(|(name, list)| active(name) && list.iter().any(insecure))
    {
        "csp-implemented-with-insecure-scheme"
    } else if has(&scripts, &["'unsafe-eval'"]) || has(&styles, &["'unsafe-eval'"]) {
        "csp-implemented-with-unsafe-eval"
    } else if PASSIVE.iter().any(|name| {
        let list = policy.get(*name).or_else(|| policy.get("default-src"));
        list.is_some_and(|list| list.iter().any(insecure))
    }) {
        "csp-implemented-with-insecure-scheme-in-passive-content-only"
    } else if has(&styles, &BROAD) || has(&styles, &INLINE) {
        "csp-implemented-with-unsafe-inline-in-style-src-only"
    } else if policy.get("default-src").is_some_and(|list| list.iter().eq(["'none'"])) {
        "csp-implemented-with-no-unsafe-default-src-none"
    } else {
        "csp-implemented-with-no-unsafe"
    }
}

/// Whether scripts or styles are told by a nonce or by their content.
fn is_marked(sources: &Sources) -> bool {
    let marks = ["'sha256-", "'sha384-", "'sha512-", "'nonce-"];
    sources.iter().any(|source| marks.iter().any(|mark| source.starts_with(mark)))
}
