//! `Range` requests (RFC 9110 section 14): one range of bytes.
//!
//! Invariant: what is not one well-formed range of bytes is ignored, as the RFC asks.

use crate::problem::ApiError;
use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{self, HeaderValue},
};
use std::{
    convert::Infallible,
    future::{Ready, ready},
    ops::Range,
};
use waxseal_core::wire::ProblemType;

/// The bytes asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByteRange {
    /// All of them.
    Whole,
    /// From an offset to another, the last included, or to the end.
    From(u64, Option<u64>),
    /// This many at the end.
    Last(u64),
}

/// Which bytes of a known length to answer with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Slice {
    /// 200.
    Whole,
    /// 206.
    Part(Range<usize>),
}

impl FromRequest for ByteRange {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let range = request.headers().get(header::RANGE).and_then(|value| value.to_str().ok());
        ready(Ok(range.and_then(parse).unwrap_or(Self::Whole)))
    }
}

fn parse(text: &str) -> Option<ByteRange> {
    let (unit, range) = text.split_once('=')?;
    let (first, last) = range.trim().split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    match (first, last) {
        ("", last) => Some(ByteRange::Last(digits(last)?)),
        (first, "") => Some(ByteRange::From(digits(first)?, None)),
        (first, last) => {
            let (first, last) = (digits(first)?, digits(last)?);
            (first <= last).then_some(ByteRange::From(first, Some(last)))
        }
    }
}

/// A number of any length; too large a one lies past every end.
fn digits(text: &str) -> Option<u64> {
    let all = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().unwrap_or(u64::MAX))
}

impl ByteRange {
    /// The range within `len` bytes.
    ///
    /// # Errors
    /// 416 with the length, if there is no byte of it.
    pub(crate) fn of(self, len: usize) -> Result<Slice, ApiError> {
        let end = len as u64;
        let range = match self {
            Self::Whole => return Ok(Slice::Whole),
            Self::From(first, last) => {
                first..last.map_or(end, |last| last.saturating_add(1).min(end))
            }
            Self::Last(count) => end.saturating_sub(count)..end,
        };
        if range.is_empty() {
            let length = HeaderValue::from_str(&format!("bytes */{len}"))
                .expect("digits are a header's value");
            return Err(ApiError::new(ProblemType::Range).header(header::CONTENT_RANGE, length));
        }
        // Both ends are at most `len`, a usize.
        Ok(Slice::Part(range.start as usize..range.end as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_of_bytes_is_understood() {
        for (text, range) in [
            ("bytes=0-0", 0..1),
            ("bytes=2-", 2..10),
            ("BYTES=2-4", 2..5),
            ("bytes=9-99999999999999999999", 9..10),
            ("bytes=-3", 7..10),
            ("bytes=-11", 0..10),
        ] {
            let parsed = parse(text).expect(text);
            assert_eq!(parsed.of(10).ok(), Some(Slice::Part(range)), "{text}");
        }
    }

    #[test]
    fn a_range_without_a_byte_is_refused() {
        for text in ["bytes=10-", "bytes=10-11", "bytes=-0", "bytes=99999999999999999999-"] {
            assert!(parse(text).expect(text).of(10).is_err(), "{text}");
        }
        assert!(ByteRange::From(0, None).of(0).is_err());
    }

    #[test]
    fn anything_else_is_ignored() {
        for text in ["", "bytes", "bytes=", "bytes=-", "bytes=3-2", "bytes=0-1,3-4", "lines=0-1"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
