//! Runs every vector. In a page the report becomes the body's text, as JSON, and `data-done` is set;
//! on a host it is printed.

#[cfg(target_arch = "wasm32")]
fn main() {
    wasm_bindgen_futures::spawn_local(async {
        let report = waxseal_vectors::run_in_browser().await;
        let json = serde_json::to_string(&report).expect("a report has string keys only");
        let document = web_sys::window().and_then(|window| window.document());
        let body = document.and_then(|document| document.body()).expect("it runs in a page");
        body.set_text_content(Some(&json));
        body.set_attribute("data-done", "").expect("the attribute's name is valid");
    });
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
