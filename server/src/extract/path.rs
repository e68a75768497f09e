//! What addresses name: shares and parts.

use crate::problem::ApiError;
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use std::future::{Ready, ready};
use waxseal_core::{token::ShareId, wire::ProblemType};

/// `{id}`. A malformed one is an unknown one.
pub(crate) struct Id(pub(crate) ShareId);

impl FromRequest for Id {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.match_info().get("id").and_then(|id| id.parse().ok());
        ready(id.map(Self).ok_or_else(|| ApiError::new(ProblemType::UnknownShare)))
    }
}

/// `{n}`: decimal digits without a sign or leading zeros.
pub(crate) struct PartNumber(pub(crate) u64);

impl FromRequest for PartNumber {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let n = request.match_info().get("n").and_then(number);
        ready(n.map(Self).ok_or_else(|| ApiError::new(ProblemType::NotFound)))
    }
}

fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|n: &u64| n.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_number_has_one_spelling() {
        assert_eq!(number("0"), Some(0));
        assert_eq!(number("17"), Some(17));
        for bad in ["", "+1", "-1", "01", "1.0", "1e3", " 1", "18446744073709551616", "x"] {
            assert_eq!(number(bad), None, "{bad:?}");
        }
    }
}
