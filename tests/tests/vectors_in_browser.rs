//! The format's vectors inside the WASM build, in a real browser.

use anyhow::Result;
use fantoccini::Locator;
use serde_json::Value;
use std::time::Duration;
use waxseal_tests::{
    browser::Browser,
    site::{Page, Site},
    wasm,
};

const HTML: &str = r#"<!doctype html><meta charset="utf-8"><title>Vectors</title>
<link rel="icon" href="data:,"><body><script type="module" src="/load.js"></script>"#;
const LOAD: &str = r#"import load from "/vectors.js"; await load("/vectors.wasm");"#;

#[tokio::test]
async fn every_vector_gives_the_expected_answer_in_a_browser() -> Result<()> {
    let bound = wasm::build("waxseal-vectors", "vectors")?;
    let page = |path, media_type, content: Vec<u8>| {
        let content = content.into();
        Page { path, media_type, content }
    };
    let site = Site::serve(vec![
        page("/", "text/html", HTML.into()),
        page("/load.js", "text/javascript", LOAD.into()),
        page("/vectors.js", "text/javascript", bound.js.into_bytes()),
        page("/vectors.wasm", "application/wasm", bound.wasm),
    ])?;
    let browser = Browser::start().await?;
    browser.goto(site.origin()).await?;

    let done = browser.wait().at_most(Duration::from_secs(120));
    let Ok(body) = done.for_element(Locator::Css("body[data-done]")).await else {
        panic!("no report; the console says {:?}", browser.console().await?);
    };
    let report: Value = serde_json::from_str(&body.text().await?)?;
    let groups = report["groups"].as_array().expect("a report has groups");
    assert!(groups.iter().all(|group| group["failures"] == serde_json::json!([])), "{report:#}");
    // The same groups with as many cases as natively.
    let cases = |group: &Value| (group["name"].clone(), group["cases"].clone());
    let native = serde_json::to_value(waxseal_vectors::run())?;
    let native: Vec<_> =
        native["groups"].as_array().expect("a report has groups").iter().map(cases).collect();
    let (common, engines) = groups.split_at(native.len());
    assert!(common.iter().map(cases).eq(native.iter().cloned()), "{report:#}");
    // And those of a browser's two engines: every vector through both.
    let of = |name: &str| native.iter().find(|(native, _)| native == name).map(|(_, n)| n.clone());
    let counts: Vec<_> = engines.iter().map(|group| Some(group["cases"].clone())).collect();
    let vectors = of("Wycheproof Cobblestone-256");
    let parts = Some(5.into());
    assert_eq!(counts, [vectors.clone(), parts.clone(), vectors, parts], "{report:#}");
    Ok(())
}
