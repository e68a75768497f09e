//! Request bodies: JSON messages and parts.
//!
//! Invariant: never more than the limit is held, nor much more than has come; a body that stalls or is too
//! slow ends with 408, and nothing of a refused body is repeated in the answer.

use crate::{
    net::{Line, Pace},
    problem::ApiError,
};
use actix_web::{
    FromRequest, HttpMessage, HttpRequest, dev::Payload, error::PayloadError, http::header,
};
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, future::LocalBoxFuture};
use serde::de::{DeserializeOwned, IgnoredAny};
use std::{rc::Rc, time::Instant};
use tokio::time::timeout_at;
use waxseal_core::{
    layout::{PART, SEAL},
    wire::{JsonError, ProblemType, from_json},
};

/// Memory that a body gets before more of it is there, whatever length was announced.
const AT_FIRST: usize = 16 * 1024;

/// A JSON message of at most `LIMIT` bytes.
pub(crate) struct Json<T, const LIMIT: usize>(pub(crate) T);

impl<T: DeserializeOwned + 'static, const LIMIT: usize> FromRequest for Json<T, LIMIT> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = read(request, payload, "application/json", LIMIT);
        Box::pin(async move {
            let body = body.await?;
            from_json(&body).map(Self).map_err(|error| explain(&body, error))
        })
    }
}

/// Where the JSON goes wrong, without what it says there.
fn explain(body: &[u8], error: JsonError) -> ApiError {
    let (mut kind, error) = match error {
        JsonError::Malformed(error) => (ProblemType::Malformed, error),
        JsonError::Invalid(error) => (ProblemType::Invalid, error),
    };
    // A field that does not fit may come before what makes the whole no JSON.
    if str::from_utf8(body).is_err() || serde_json::from_slice::<IgnoredAny>(body).is_err() {
        kind = ProblemType::Malformed;
    }
    let what = match kind {
        ProblemType::Malformed => "not JSON",
        _ => "a field is unknown, missing, repeated, of the wrong type or out of range",
    };
    let (line, column) = (error.line(), error.column());
    ApiError::new(kind).detail(format!("line {line}, column {column}: {what}"))
}

/// The bytes of a part, at most those of part 0 with its seal.
pub(crate) struct PartBody(pub(crate) Bytes);

impl FromRequest for PartBody {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = read(request, payload, "application/octet-stream", PART + SEAL);
        Box::pin(async move { Ok(Self(body.await?)) })
    }
}

/// Reads a body of this media type.
fn read(
    request: &HttpRequest,
    payload: &mut Payload,
    media_type: &str,
    limit: usize,
) -> impl Future<Output = Result<Bytes, ApiError>> + use<> {
    let fits = request.content_type().eq_ignore_ascii_case(media_type)
        && !request.headers().contains_key(header::CONTENT_ENCODING);
    let length = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let line = request.conn_data::<Rc<Line>>().expect("every connection has its line");
    let line = Rc::clone(line);
    let payload = payload.take();
    async move {
        if !fits {
            return Err(ApiError::new(ProblemType::MediaType));
        }
        if length.is_some_and(|length| length > limit) {
            return Err(ApiError::new(ProblemType::TooLarge));
        }
        collect(payload, length.unwrap_or(0), limit, &line).await
    }
}

async fn collect(
    mut payload: Payload,
    expected: usize,
    limit: usize,
    line: &Line,
) -> Result<Bytes, ApiError> {
    let mut pace = Pace::start(Instant::now());
    let mut body = BytesMut::with_capacity(expected.min(AT_FIRST));
    loop {
        let deadline = pace.deadline(line.patience());
        match timeout_at(deadline.into(), payload.next()).await {
            Err(_) => return Err(ApiError::new(ProblemType::Timeout)),
            Ok(None) => {
                line.body_is_read();
                return Ok(body.freeze());
            }
            Ok(Some(Err(PayloadError::Overflow))) => {
                return Err(ApiError::new(ProblemType::TooLarge));
            }
            Ok(Some(Err(_))) => {
                return Err(ApiError::new(ProblemType::Malformed).detail("the body is incomplete"));
            }
            Ok(Some(Ok(chunk))) if body.len() + chunk.len() > limit => {
                return Err(ApiError::new(ProblemType::TooLarge));
            }
            Ok(Some(Ok(chunk))) => {
                pace.moved(chunk.len(), Instant::now());
                body.extend_from_slice(&chunk);
            }
        }
    }
}
