//! What the Mozilla HTTP Observatory would say of every answer, and what it says of bad ones.

use crate::{
    headers::every_kind,
    observatory::{ORIGIN, Results, Rules, examine},
    support::{Reply, TestServer},
};
use std::collections::BTreeMap;

/// What can be had at best, without cookies and without being on a list that browsers ship.
fn best(rules: &Rules, reply: &Reply) -> i32 {
    let page = reply.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    // Only pages load scripts.
    let counts = |test: &str| page || test != "subresource-integrity";
    let tests = rules.modifiers.iter().filter(|(test, _)| counts(test));
    100 + tests.filter_map(|(_, results)| results.values().max()).sum::<i32>()
}

#[test]
fn every_kind_of_answer_has_the_top_score() {
    let rules = Rules::read();
    let server = TestServer::start();
    let mut replies: Vec<_> = every_kind(&server).into_iter().map(|(reply, _)| reply).collect();
    for path in ["/", "/links", "/s", "/confirm", "/api/policy", "/nowhere"] {
        let asked = server.send("GET", path, &[("origin", ORIGIN)], b"");
        // Whoever asks for a page asks for its files.
        let page = String::from_utf8_lossy(&asked.body).into_owned();
        let files = page.split('"').filter(|text| text.starts_with("/assets/"));
        replies.extend(files.map(|file| server.get(file)));
        replies.push(asked);
    }
    let mut scores = BTreeMap::new();
    for reply in &replies {
        let results = examine(reply);
        let score = rules.score(&results);
        assert_eq!(score, best(&rules, reply), "{results:#?} of {:#?}", reply.headers);
        assert_eq!(rules.grade(score), "A+");
        *scores.entry(score).or_insert(0) += 1;
    }
    // 155 for a page, whose scripts count too, 150 for all else.
    assert!(scores.keys().all(|score| [150, 155].contains(score)), "{scores:?}");
    assert!(scores[&150] > 20, "{scores:?}");
}

#[test]
fn what_other_applications_load_has_the_best_grade_too() {
    let rules = Rules::read();
    let server = TestServer::with(&["--embedding-origins=https://app.example.org"]);
    for path in ["/embed", "/embed.js"] {
        let reply = server.send("GET", path, &[("origin", ORIGIN)], b"");
        let mut results = examine(&reply);
        assert_eq!(rules.grade(rules.score(&results)), "A+", "{path}: {results:#?}");
        // That other origins load it is what it is for; nothing else is worse than elsewhere.
        results.insert(
            "cross-origin-resource-policy",
            "cross-origin-resource-policy-implemented-with-same-origin",
        );
        results.insert(
            "cross-origin-resource-sharing",
            "cross-origin-resource-sharing-not-implemented",
        );
        assert_eq!(rules.score(&results), best(&rules, &reply), "{path}: {results:#?}");
    }
}

/// An answer with nothing but this header.
fn bare(header: &str, value: Option<&str>) -> Reply {
    let headers = value.map(|value| (header.to_owned(), value.to_owned()));
    Reply { status: 200, headers: headers.into_iter().collect(), body: Vec::new() }
}

#[test]
fn what_a_header_is_worth_depends_on_its_value() {
    let rules = Rules::read();
    let mut results: Vec<String> = Vec::new();
    for block in include_str!("../observatory/cases.txt").split("\n\n").skip(1) {
        let mut lines = block.lines();
        let header = lines.next().expect("a block begins with its header");
        let test = match header {
            "access-control-allow-origin" => "cross-origin-resource-sharing",
            _ => header,
        };
        for line in lines {
            let (value, result) = match line.split_once(" => ") {
                Some((value, result)) => (Some(value), result),
                None => (None, line),
            };
            assert_eq!(examine(&bare(header, value))[test], result, "{header}: {value:?}");
            assert!(rules.modifiers[test].contains_key(result), "{result} is not in the table");
            results.push(result.into());
        }
    }
    for (test, known) in &rules.modifiers {
        let elsewhere = ["cookies", "redirection", "subresource-integrity"];
        for result in known.keys().filter(|_| !elsewhere.contains(&test.as_str())) {
            let universal = result.ends_with("with-universal-access");
            assert!(
                result.ends_with("via-csp") || universal || results.contains(result),
                "{result}"
            );
        }
    }
}

#[test]
fn an_answer_that_lets_every_origin_read_is_marked_down() {
    let mut reply = bare("access-control-allow-origin", Some(ORIGIN));
    reply.headers.insert("access-control-allow-credentials".into(), "True".into());
    let universal = "cross-origin-resource-sharing-implemented-with-universal-access";
    assert_eq!(examine(&reply)["cross-origin-resource-sharing"], universal);
}

#[test]
fn framing_is_a_matter_of_the_policy_where_it_says_so() {
    let reply = bare("content-security-policy", Some("default-src 'none'; frame-ancestors 'none'"));
    assert_eq!(examine(&reply)["x-frame-options"], "x-frame-options-implemented-via-csp");
}

#[test]
fn a_script_is_worth_what_its_tag_says() {
    let result = |body: &str| {
        let mut reply = bare("content-type", Some("text/html; charset=utf-8"));
        reply.body = body.into();
        examine(&reply)["subresource-integrity"]
    };
    let (ours, hash) = ("<script type=\"module\" src=\"/a.js\"", " integrity=\"sha256-x\"");
    for (page, worth) in [
        ("<p>".to_owned(), "sri-not-implemented-but-no-scripts-loaded"),
        (format!("{ours}{hash}>"), "sri-implemented-and-all-scripts-loaded-securely"),
        (format!("{ours}>"), "sri-not-implemented-but-all-scripts-loaded-from-secure-origin"),
        (
            format!("{ours}{hash}></script>{ours}>"),
            "sri-not-implemented-but-all-scripts-loaded-from-secure-origin",
        ),
        (
            format!("{ours}{hash}><script src=\"https://a.example/b.js\">"),
            "sri-not-implemented-but-external-scripts-loaded-securely",
        ),
        (
            format!("<script src=\"https://a.example/b.js\"{hash}>"),
            "sri-implemented-and-external-scripts-loaded-securely",
        ),
        (
            format!("<script src=\"//a.example/b.js\"{hash}>"),
            "sri-implemented-but-external-scripts-not-loaded-securely",
        ),
        (
            "<script src=\"http://a.example/b.js\">".into(),
            "sri-not-implemented-and-external-scripts-not-loaded-securely",
        ),
    ] {
        assert_eq!(result(&page), worth, "{page}");
    }
    let json = bare("content-type", Some("application/json"));
    assert_eq!(examine(&json)["subresource-integrity"], "sri-not-implemented-response-not-html");
}

#[test]
fn extra_credit_is_for_what_is_good_without_it() {
    let rules = Rules::read();
    let mut results: Results = examine(&bare("x-content-type-options", Some("nosniff")));
    // No policy −25, no HSTS −20, no framing −20.
    assert_eq!(rules.score(&results), 35);
    results.insert(
        "cross-origin-resource-policy",
        "cross-origin-resource-policy-implemented-with-same-origin",
    );
    assert_eq!(rules.score(&results), 35);
    for (test, result) in [
        ("content-security-policy", "csp-implemented-with-unsafe-eval"),
        ("strict-transport-security", "hsts-implemented-max-age-at-least-six-months"),
        ("x-frame-options", "x-frame-options-sameorigin-or-deny"),
    ] {
        results.insert(test, result);
    }
    assert_eq!(rules.score(&results), 100);
    results.insert("x-content-type-options", "x-content-type-options-not-implemented");
    assert_eq!(rules.score(&results), 85);
    assert_eq!(
        [100, 99, 89, 62, 24, 3].map(|score| rules.grade(score)),
        ["A+", "A", "A-", "C+", "F", "F"]
    );
}
