//! Runs every vector. In a page the report becomes the body's text, as JSON, and `data-done` is set;
//! on a host it is printed.

#[cfg(target_arch = "wasm32")]
fn main() -> Result<(), wasm_bindgen::JsValue> {
    let report = waxseal_vectors::run();
    let json = serde_json::to_string(&report).expect("a report has string keys only");
    let body = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.body())
        .ok_or("not in a page")?;
    body.set_text_content(Some(&json));
    body.set_attribute("data-done", "")
}

#[cfg(not(target_arch = "wasm32"))]
#[allow(clippy::print_stdout, reason = "printing is what it is for")]
fn main() -> std::process::ExitCode {
    let report = waxseal_vectors::run();
    for group in &report.groups {
        println!("{}: {} cases, {} failed", group.name, group.cases, group.failures.len());
        for failure in &group.failures {
            println!("  {failure}");
        }
    }
    if report.passed() { std::process::ExitCode::SUCCESS } else { std::process::ExitCode::FAILURE }
}
