//! `crypto`: how fast a browser seals and opens bulk, beside its own AES and beside `aes-gcm`.
//!
//! Invariant: what is compared runs in the same browser, in turn, in workers.

use anyhow::{Context, Result};
use fantoccini::Locator;
use std::collections::BTreeMap;
use waxseal_tests::{
    browser::Browser,
    site::{Page, Site},
    wasm,
};

/// MiB sealed, and opened, by each.
const MIB: u32 = 256;
/// How often; the median counts.
const ROUNDS: usize = 3;

/// Name of the job, workers, and what it is.
const CASES: [(&str, u32, &str); 6] = [
    ("plain", 1, "SubtleCrypto from JavaScript, 256 KiB at a time"),
    ("platform", 1, "Waxseal through SubtleCrypto, one worker"),
    ("platform", 4, "Waxseal through SubtleCrypto, four workers, as the pages do"),
    ("alone", 1, "`aes-gcm` in WASM, in place"),
    ("portable", 1, "Waxseal in WASM, one worker"),
    ("portable", 2, "Waxseal in WASM, two workers"),
];

/// What is compared: the case, what it is measured by, and what is wanted at least.
const RATIOS: [(Case, Case, &str); 5] = [
    (("platform", 4), ("plain", 1), "0.45"),
    (("platform", 4), ("alone", 1), "3"),
    (("platform", 1), ("plain", 1), "–"),
    (("portable", 1), ("alone", 1), "0.85"),
    (("portable", 2), ("portable", 1), "1.7"),
];

type Case = (&'static str, u32);

/// Measures and prints.
pub(crate) async fn bench() -> Result<()> {
    let bound = wasm::build("waxseal-engine", "bench")?;
    let page = |path, media_type, content: Vec<u8>| {
        let content = content.into();
        Page { path, media_type, content }
    };
    const HTML: &str = r#"<!doctype html><meta charset="utf-8"><title>Crypto</title>
<link rel="icon" href="data:,"><body><script type="module" src="/page.js"></script>"#;
    let site = Site::serve(vec![
        page("/", "text/html", HTML.into()),
        page("/page.js", "text/javascript", include_str!("crypto/page.js").into()),
        page("/worker.js", "text/javascript", include_str!("crypto/worker.js").into()),
        page("/bench.js", "text/javascript", bound.js.into_bytes()),
        page("/bench.wasm", "application/wasm", bound.wasm),
    ])?;
    let browser = Browser::start().await?;
    browser.goto(site.origin()).await?;
    browser.wait().for_element(Locator::Css("body[data-ready]")).await?;

    println!("\n## Bulk in a browser: {MIB} MiB, median of {ROUNDS}\n");
    println!("| MB/s | seal | open |\n|---|---|---|");
    let mut speeds: BTreeMap<(Case, bool), Vec<f64>> = BTreeMap::new();
    // In turn, so that whatever else the machine does falls on all alike.
    for _ in 0..ROUNDS {
        for (name, workers, _) in CASES {
            for open in [false, true] {
                let call = "return measure(...arguments)";
                let arguments = vec![name.into(), open.into(), MIB.into(), workers.into()];
                let millis = browser.execute(call, arguments).await?;
                let millis = millis.as_f64().with_context(|| format!("{name}: {millis}"))?;
                let speed = f64::from(MIB) * 1.048_576 / (millis / 1000.0);
                speeds.entry(((name, workers), open)).or_default().push(speed);
            }
        }
    }
    let median = |case: Case, open| {
        let mut speeds = speeds.get(&(case, open)).cloned().unwrap_or_default();
        speeds.sort_by(f64::total_cmp);
        crate::figures::quantile(&speeds, 0.5)
    };
    for (name, workers, what) in CASES {
        let case = (name, workers);
        println!("| {what} | {:.0} | {:.0} |", median(case, false), median(case, true));
    }
    println!("\n| ratio | seal | open | wanted |\n|---|---|---|---|");
    for (case, base, wanted) in RATIOS {
        let ratio = |open| median(case, open) / median(base, open);
        let name = |(name, workers): Case| format!("{name} × {workers}");
        let (seal, open) = (ratio(false), ratio(true));
        println!("| {} / {} | {seal:.2} | {open:.2} | {wanted} |", name(case), name(base));
    }
    Ok(())
}
