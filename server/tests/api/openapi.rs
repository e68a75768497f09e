//! The OpenAPI document, held against the server.

use crate::support::{Documented, TestServer};
use serde_json::Value;

const METHODS: [&str; 6] = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];

#[test]
fn every_address_answers_its_methods_and_no_other() {
    let server = TestServer::start();
    let document = server.get("/api/openapi.json").json();
    let paths = document["paths"].as_object().expect("paths are an object");
    assert!(paths.len() > 10);
    for (path, item) in paths {
        let address = path.replace("{id}", "AAAAAAAAAAAAAAAAAAAAAA").replace("{n}", "0");
        for method in METHODS {
            let reply = server.send(method, &address, &[], b"");
            if item.get(method.to_lowercase()).is_some() {
                assert!(![404, 405].contains(&reply.status), "{method} {path}: {reply:?}");
                continue;
            }
            reply.problem(405, "method-not-allowed");
            let allow = reply.header("allow").expect("a 405 lists the methods");
            for listed in METHODS {
                let expected = item.get(listed.to_lowercase()).is_some();
                let found = allow.split(", ").any(|allowed| allowed == listed);
                assert_eq!(found, expected, "{path} allows {allow}");
            }
            assert_eq!(allow.contains("HEAD"), item.get("get").is_some());
        }
    }
}

#[test]
fn head_answers_as_get_without_the_body() {
    let server = TestServer::start();
    for path in ["/", "/s", "/api/policy", "/api/openapi.json", "/healthz", "/readyz", "/nowhere"] {
        let (mut get, mut head) = (server.get(path), server.send("HEAD", path, &[], b""));
        assert_eq!(head.body, b"");
        get.headers.remove("date");
        head.headers.remove("date");
        assert_eq!((head.status, head.headers), (get.status, get.headers), "{path}");
    }
}

#[test]
fn every_reference_in_the_document_resolves() {
    let document = TestServer::start().get("/api/openapi.json").json();
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 20);
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("references stay in the document");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn every_call_names_its_errors_and_its_token() {
    let document = TestServer::start().get("/api/openapi.json").json();
    let schemes = document["components"]["securitySchemes"].as_object().expect("an object");
    for (path, item) in document["paths"].as_object().expect("paths are an object") {
        for (method, call) in item.as_object().expect("methods are an object") {
            if path.starts_with("/api/shares/") {
                let token = call["security"][0].as_object().expect("a token is needed");
                assert!(token.keys().all(|name| schemes.contains_key(name)), "{method} {path}");
                assert!(call["responses"].get("401").is_some(), "{method} {path}");
                assert!(call["responses"].get("404").is_some(), "{method} {path}");
            }
        }
    }
}

#[test]
fn the_documentation_lists_every_type_of_problem() {
    let document = TestServer::start().get("/api/openapi.json").json();
    let types = &document["components"]["schemas"]["ProblemType"]["enum"];
    let types = types.as_array().expect("an enumeration").iter().filter_map(Value::as_str);
    let mut types: Vec<_> = types.filter_map(|t| t.strip_prefix("urn:waxseal:problem:")).collect();
    types.sort_unstable();

    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/api.md");
    let page = std::fs::read_to_string(path).expect("it is part of the project");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let mut rows: Vec<_> = rows.collect();
    rows.sort_unstable();
    assert_eq!(rows, types);
}

/// What the statuses of all tests are held against.
#[test]
fn an_undocumented_status_is_noticed() {
    let documented = Documented::by_all_servers();
    assert!(documented.has("GET", "/api/shares/x/parts/7?a", 416));
    assert!(!documented.has("GET", "/api/shares/x/parts/7", 409));
    assert!(!documented.has("GET", "/api/policy", 404));
    // What is no call may answer anything.
    assert!(documented.has("PATCH", "/api/policy", 405));
    assert!(documented.has("GET", "/api/shares/x/y/z", 404));
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            references.extend(members.get("$ref").and_then(|to| to.as_str()).map(Into::into));
            members.values().for_each(|member| collect(member, references));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}
