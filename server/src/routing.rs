//! Addresses and their methods.
//!
//! Invariant: HEAD works wherever GET does, and any other method than those of an address is answered
//! with 405 and the list of them.

use crate::problem::ApiError;
use actix_web::{
    Resource, Route as Handler, guard,
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
        allowed.push(method.to_string());
        resource = if method == Method::GET {
            allowed.push(Method::HEAD.to_string());
            resource.route(route.guard(guard::Any(guard::Get()).or(guard::Head())))
        } else {
            resource.route(route.method(method))
        };
    }
    let allow =
        HeaderValue::from_str(&allowed.join(", ")).expect("names of methods are a header's value");
    resource.default_service(web::to(move || {
        let error = ApiError::new(ProblemType::MethodNotAllowed);
        let error = error.header(header::ALLOW, allow.clone());
        async move { Err::<&str, _>(error) }
    }))
}
