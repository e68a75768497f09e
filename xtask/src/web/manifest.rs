//! The manifest: what a server of this version serves, for whoever wants to compare.
//!
//! Invariant: every page and every asset is in it by where it is served, uncompressed; what a server's settings
//! fill in is marked. It is a function of the files alone, however they are compressed.

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// Its name, beside the pages.
pub(crate) const NAME: &str = "waxseal-manifest.json";

/// Where pages are served.
const PAGES: [(&str, &str); 8] = [
    ("index.html", "/"),
    ("links.html", "/links"),
    ("ask.html", "/ask"),
    ("answer.html", "/r"),
    ("open.html", "/s"),
    ("confirm.html", "/confirm"),
    ("report.html", "/report"),
    ("embed.html", "/embed"),
];

/// What a server puts its settings in place of, and what kind of setting that is.
const SETTINGS: [(&str, &str); 2] = [("{contact}", "contact"), ("{origins}", "origins")];

const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; \
    style-src 'self'; connect-src 'self'; img-src 'self' blob:; manifest-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types waxseal";

/// What would have a browser load, run or tell more than the files say.
const ABSENT: [&str; 10] = [
    "clear-site-data",
    "content-security-policy-report-only",
    "link",
    "nel",
    "refresh",
    "report-to",
    "reporting-endpoints",
    "service-worker-allowed",
    "sourcemap",
    "x-sourcemap",
];

/// The manifest of `pages` and of `assets`, by the names they have in the folder that servers embed.
pub(super) fn of<'a>(
    files: impl Iterator<Item = (&'a str, &'a [u8])>,
    version: &str,
) -> Result<Vec<u8>> {
    let mut rows = Vec::new();
    for (name, content) in files {
        for path in paths(name, content)? {
            rows.push(row(&path, name, content));
        }
    }
    rows.sort_by_key(|row| row["path"].as_str().map(str::to_owned));
    let manifest = json!({
        "waxseal": version,
        "headers": {
            "content-security-policy": POLICY,
            "cross-origin-embedder-policy": "require-corp",
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
        },
        "absent": ABSENT,
        "files": rows,
    });
    let mut text = serde_json::to_vec_pretty(&manifest)?;
    text.push(b'\n');
    Ok(text)
}

/// Where a file is served.
fn paths(name: &str, content: &[u8]) -> Result<Vec<String>> {
    if name == "embed.js" {
        let hash = hash(content);
        return Ok(vec!["/embed.js".to_owned(), format!("/embed-{}.js", &hash[..12])]);
    }
    if name.starts_with("assets/") {
        return Ok(vec![format!("/{name}")]);
    }
    let page = PAGES.iter().find(|(page, _)| *page == name);
    let (_, path) = page.with_context(|| format!("{name}: where is it served?"))?;
    Ok(vec![(*path).to_owned()])
}

fn row(path: &str, name: &str, content: &[u8]) -> Value {
    let mut headers = Map::new();
    headers.insert("content-type".to_owned(), content_type(name).into());
    if name.ends_with(".html") {
        let none = "camera=(), clipboard-read=(), geolocation=(), microphone=()";
        headers.insert("permissions-policy".to_owned(), none.into());
    }
    let mut row = json!({ "path": path, "length": content.len(), "sha256": hash(content) });
    let find = |mark: &str| content.windows(mark.len()).position(|part| part == mark.as_bytes());
    let settings = SETTINGS.iter().filter(|_| name.ends_with(".html"));
    for (mark, kind, at) in settings.filter_map(|(mark, kind)| Some((mark, kind, find(mark)?))) {
        row["setting"] = json!({ "mark": mark, "at": at, "kind": kind });
    }
    // What other applications frame and load, where a server is set to let them.
    if name == "embed.html" {
        let framed = POLICY.replace("frame-ancestors 'none'", "frame-ancestors {origins}");
        headers.insert("content-security-policy".to_owned(), framed.into());
        headers.insert("x-frame-options".to_owned(), Value::Null);
    }
    if name.starts_with("embed.") {
        headers.insert("cross-origin-resource-policy".to_owned(), "cross-origin".into());
        row["optional"] = true.into();
    }
    row["headers"] = headers.into();
    row
}

fn hash(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_in_it_where_it_is_served() {
        let files: [(&str, &[u8]); 4] = [
            ("report.html", b"<p>{contact}</p>"),
            ("embed.html", b"{origins}"),
            ("embed.js", b"abc"),
            ("assets/a-1.js", b"{contact}"),
        ];
        let text = of(files.into_iter(), "1.2.3").expect("all have a place");
        let manifest: Value = serde_json::from_slice(&text).expect("it is JSON");
        assert_eq!(manifest["waxseal"], "1.2.3");
        let rows = manifest["files"].as_array().expect("a list");
        let paths: Vec<_> = rows.iter().map(|row| &row["path"]).collect();
        let script = "/embed-ba7816bf8f01.js";
        assert_eq!(paths, ["/assets/a-1.js", "/embed", script, "/embed.js", "/report"]);
        assert_eq!(rows[0]["setting"], Value::Null);
        assert_eq!(rows[1]["headers"]["x-frame-options"], Value::Null);
        assert_eq!(rows[2]["length"], 3);
        assert_eq!(rows[4]["setting"], json!({"mark": "{contact}", "at": 3, "kind": "contact"}));
    }

    #[test]
    fn a_page_that_is_served_nowhere_is_refused() {
        assert!(of([("new.html", &b""[..])].into_iter(), "1.2.3").is_err());
    }
}
