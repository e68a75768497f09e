//! The vectors, natively. `waxseal-tests` runs the same in a browser.

#[test]
fn every_vector_gives_the_expected_answer() {
    let report = waxseal_vectors::run();
    assert!(report.passed(), "{report:#?}");
}
