//! Addresses and their methods.
//!
//! Invariant: HEAD works wherever GET does, and any other method than those of an address is answered
//! with 405 and the list of them.

use crate::problem::ApiError;
use actix_web::{
    Resource, Route as Handler, Scope,
    guard::{self, Guard},
    http::{
        Method,
        header::{self, HeaderValue},
    },
    web::{self, ServiceConfig},
};
use waxseal_core::wire::ProblemType;

/// Which address of ours a request was for; a request knows it once it got there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route(&'static str);

impl Route {
    /// As it is routed, with placeholders where requests have ids.
    pub(crate) const fn pattern(self) -> &'static str {
        self.0
    }
}

/// Routes an address that can only be read.
pub(crate) fn get(config: &mut ServiceConfig, path: &'static str, route: Handler) {
    config.service(read_only(path, path, route));
}

/// All addresses below `prefix`, as one that can only be read; the handler tells them apart. They are found
/// without a search for a pattern.
pub(crate) fn below(prefix: &str, path: &'static str, route: Handler) -> Scope {
    let reads = web::scope("").guard(reads()).default_service(route);
    let scope = web::scope(prefix).app_data(Route(path)).service(reads);
    scope.default_service(not_allowed(&[Method::GET, Method::HEAD]))
}

/// An address that can only be read; `tail` is what of it is to be compared still.
pub(crate) fn read_only(path: &'static str, tail: &str, route: Handler) -> Resource {
    resource(path, tail, [(Method::GET, route)])
}

/// An address with its methods; `tail` is what of it is to be compared still.
pub(crate) fn resource(
    path: &'static str,
    tail: &str,
    methods: impl IntoIterator<Item = (Method, Handler)>,
) -> Resource {
    let mut allowed = Vec::new();
    let mut resource = web::resource(tail).app_data(Route(path));
    for (method, route) in methods {
        allowed.push(method.clone());
        resource = if method == Method::GET {
            allowed.push(Method::HEAD);
            resource.route(route.guard(reads()))
        } else {
            resource.route(route.method(method))
        };
    }
    resource.default_service(not_allowed(&allowed))
}

/// Whether a request reads.
fn reads() -> impl Guard {
    guard::Any(guard::Get()).or(guard::Head())
}

/// Answers that only these methods are there.
fn not_allowed(allowed: &[Method]) -> Handler {
    let allowed = allowed.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    let allow = HeaderValue::try_from(allowed).expect("names of methods are a header's value");
    web::to(move || {
        let error = ApiError::new(ProblemType::MethodNotAllowed);
        let error = error.header(header::ALLOW, allow.clone());
        async move { Err::<&str, _>(error) }
    })
}
