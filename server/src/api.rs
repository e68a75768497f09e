//! The HTTP API.
//!
//! Invariant: what is routed here is what the OpenAPI document lists, and nothing else.

mod answer;
mod confirmation;
mod openapi;
mod operator;
mod owner;
mod recipient;

use crate::routing;
use actix_web::{
    Route,
    http::Method,
    web::{self, ServiceConfig},
};

/// The methods of an address, each with what makes its route.
type Methods = &'static [(Method, fn() -> Route)];

/// Every address of the API.
const ADDRESSES: &[(&str, Methods)] = &[
    ("/api/shares", &[(Method::POST, || web::to(owner::create))]),
    (
        "/api/shares/{id}",
        &[
            (Method::GET, || web::to(recipient::landing)),
            (Method::DELETE, || web::to(owner::revoke)),
        ],
    ),
    ("/api/shares/{id}/parts", &[(Method::GET, || web::to(owner::parts))]),
    (
        "/api/shares/{id}/parts/{n}",
        &[(Method::GET, || web::to(recipient::part)), (Method::PUT, || web::to(owner::put_part))],
    ),
    ("/api/shares/{id}/publish", &[(Method::POST, || web::to(owner::publish))]),
    (
        "/api/shares/{id}/confirmation",
        &[
            (Method::GET, || web::to(confirmation::wait)),
            (Method::POST, || web::to(confirmation::ask)),
        ],
    ),
    ("/api/confirmations", &[(Method::POST, || web::to(confirmation::confirm))]),
    ("/api/confirmations/deny", &[(Method::POST, || web::to(confirmation::deny))]),
    ("/api/shares/{id}/claims", &[(Method::POST, || web::to(recipient::claim))]),
    ("/api/shares/{id}/lease", &[(Method::POST, || web::to(recipient::renew))]),
    ("/api/shares/{id}/ack", &[(Method::POST, || web::to(recipient::acknowledge))]),
    ("/api/shares/{id}/answer", &[(Method::POST, || web::to(answer::answer))]),
    ("/api/shares/{id}/status", &[(Method::GET, || web::to(owner::status))]),
    ("/api/status", &[(Method::POST, || web::to(owner::statuses))]),
    ("/api/operator/shares/{id}", &[(Method::DELETE, || web::to(operator::take_down))]),
    ("/api/policy", &[(Method::GET, || web::to(operator::policy))]),
    ("/api/openapi.json", &[(Method::GET, || web::to(openapi::document))]),
    ("/healthz", &[(Method::GET, || web::to(operator::healthy))]),
    ("/readyz", &[(Method::GET, || web::to(operator::ready))]),
];

/// What most of the addresses begin with: it is compared once.
const SHARE: &str = "/api/shares/{id}";

/// Routes the API. What has no placeholder is found without a search, so it comes first.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let resource = |path: &'static str, tail: &str, methods: Methods| {
        let methods = methods.iter().map(|(method, route)| (method.clone(), route()));
        routing::resource(path, tail, methods)
    };
    let mut share = web::scope(SHARE);
    let mut others = Vec::new();
    for (path, methods) in ADDRESSES {
        match path.strip_prefix(SHARE) {
            Some(tail) => share = share.service(resource(path, tail, methods)),
            None if path.contains('{') => others.push(resource(path, path, methods)),
            None => {
                config.service(resource(path, path, methods));
            }
        }
    }
    config.service(share);
    for other in others {
        config.service(other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_document_lists_exactly_what_is_routed() {
        let routed: BTreeSet<_> = ADDRESSES
            .iter()
            .flat_map(|(path, methods)| methods.iter().map(move |(method, _)| (path, method)))
            .map(|(path, method)| (path.to_string(), method.as_str().to_lowercase()))
            .collect();
        let document: serde_json::Value =
            serde_json::from_str(openapi::json()).expect("the document is JSON");
        let paths = document["paths"].as_object().expect("paths are an object");
        let listed = paths.iter().flat_map(|(path, methods)| {
            let methods = methods.as_object().expect("methods are an object").keys();
            methods.map(move |method| (path.clone(), method.clone()))
        });
        assert_eq!(listed.collect::<BTreeSet<_>>(), routed);
    }
}
