//! What a page of another site makes a browser send: it reaches no call of the API.

use crate::support::{Share, TestServer, claim_token};
use serde_json::json;

#[test]
fn a_foreign_page_creates_and_spends_nothing() {
    let server = TestServer::start();
    let (new, open) = (Share::new(1), Share::new(2));
    server.create(&open);
    let bearer = |token: &str| format!("Bearer {token}");
    let calls = [
        ("POST", "/api/shares".to_owned(), String::new(), new.creation()),
        ("POST", open.path("/claims"), bearer(&open.access()), json!({ "claim": claim_token(1) })),
        ("DELETE", open.path(""), bearer(&open.owner()), json!(null)),
        ("GET", open.path(""), bearer(&open.access()), json!(null)),
        ("POST", "/%61pi/shares".to_owned(), String::new(), new.creation()),
        ("GET", "/a%70i/policy".to_owned(), String::new(), json!(null)),
    ];
    let foreign = [
        &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")][..],
        &[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "no-cors")],
        &[("origin", "https://elsewhere.example")],
        &[("origin", "null")],
    ];
    for headers in foreign {
        for (method, path, token, body) in &calls {
            let mut headers = headers.to_vec();
            headers.extend([("content-type", "application/json"), ("authorization", token)]);
            let body = if body.is_null() { String::new() } else { body.to_string() };
            let reply = server.send(method, path, &headers, body.as_bytes());
            reply.problem(403, "cross-site");
            assert!(reply.header("content-security-policy").is_some());
            assert!(reply.headers.keys().all(|name| !name.starts_with("access-control")));
        }
    }
    server.call("GET", &new.path(""), &new.access()).problem(404, "unknown-share");
    let landing = server.call("GET", &open.path(""), &open.access()).json();
    assert_eq!(landing["views_left"], 1);

    let ours = [("sec-fetch-site", "same-origin"), ("content-type", "application/json")];
    let reply = server.send("POST", "/api/shares", &ours, new.creation().to_string().as_bytes());
    assert_eq!(reply.status, 201);
    let followed = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")];
    for path in ["/", "/links", "/s", "/confirm", "/api/policy"] {
        assert_eq!(server.send("GET", path, &followed, b"").status, 200, "{path}");
    }
}
