//! Tokens in `Authorization: Bearer` (RFC 6750), and nowhere else.

use crate::problem::ApiError;
use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header};
use std::{
    convert::Infallible,
    future::{Ready, ready},
    str::FromStr,
};
use waxseal_core::wire::ProblemType;

/// The token of the one `Authorization` header.
pub(crate) struct Bearer<T>(pub(crate) T);

impl<T: FromStr> FromRequest for Bearer<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let token = token(request).and_then(|token| token.parse().ok());
        ready(token.map(Self).ok_or_else(|| ApiError::new(ProblemType::TokenRequired)))
    }
}

/// What the one `Authorization` header bears, of any kind, if there is one.
pub(crate) struct Bearing(pub(crate) Option<String>);

impl FromRequest for Bearing {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(token(request).map(str::to_owned))))
    }
}

fn token(request: &HttpRequest) -> Option<&str> {
    let mut headers = request.headers().get_all(header::AUTHORIZATION);
    let (Some(header), None) = (headers.next(), headers.next()) else {
        return None;
    };
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}
