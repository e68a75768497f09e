//! The server's API over HTTP.
//!
//! Invariant: no token is in an address, no redirect is followed with one, and an answer is only taken
//! for the server's if it has the API's form.

mod error;
mod patience;

pub(crate) use error::ApiError;
pub(crate) use patience::{Patience, Refused};

use crate::settings::ServerUrl;
use serde::de::DeserializeOwned;
use std::{io::Read, sync::Arc, time::Duration};
use ureq::{
    Agent, Body,
    http::{HeaderMap, Method, Request, Response, StatusCode, header},
    tls::{RootCerts, TlsConfig},
};
use waxseal_core::{
    layout::BodySize,
    time::Timestamp,
    token::{AccessToken, ClaimToken, OperatorToken, OwnerToken, ShareId},
    wire::{
        BatchStatusRequest, BatchStatusResponse, ClaimRequest, CreateRequest, Landing,
        LeaseResponse, OwnedShare, PartsResponse, Policy, ShareReceipt, Status, claim_header,
        from_json, to_json,
    },
};

/// The media type of what is sealed.
const OCTETS: &str = "application/octet-stream";
/// Nothing the server says in JSON is longer, in bytes: 200 shares with 100 openings each.
const JSON_LIMIT: u64 = 2 * 1024 * 1024;
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(15);
/// How long nothing may move on one.
const STALL: Duration = Duration::from_secs(45);

/// Connections to one server, shared by threads.
#[derive(Clone)]
pub(crate) struct Api {
    agent: Agent,
    origin: String,
}

/// The answer to a claim.
pub(crate) struct Claimed {
    /// Part 0 with the seal in front.
    pub(crate) head: Vec<u8>,
    /// Length of the whole ciphertext.
    pub(crate) size: BodySize,
    /// When the share expires.
    pub(crate) expires_at: Timestamp,
    /// Until when the same claim may ask again.
    pub(crate) lease_until: Timestamp,
    /// Openings left; `None` = any number.
    pub(crate) views_left: Option<u32>,
}

/// What a request carries.
enum Sent<'a> {
    Nothing,
    Json(String),
    Bytes(&'a [u8]),
}

impl Api {
    /// To the server at `server`, through the proxy that the environment names.
    pub(crate) fn new(server: &ServerUrl) -> Self {
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("waxseal/", env!("CARGO_PKG_VERSION")))
            .max_idle_connections_per_host(16)
            .timeout_resolve(Some(CONNECT))
            .timeout_connect(Some(CONNECT))
            .timeout_per_read(Some(STALL))
            .timeout_per_write(Some(STALL))
            .build()
            .new_agent();
        Self { agent, origin: server.origin().to_owned() }
    }

    /// What the server offers.
    pub(crate) fn policy(&self) -> Result<Policy, ApiError> {
        self.json(Method::GET, "/api/policy", None, Sent::Nothing)
    }

    /// Makes a share, by a grant where the server wants one; the same again is answered again.
    pub(crate) fn create(
        &self,
        request: &CreateRequest,
        grant: Option<&str>,
    ) -> Result<ShareReceipt, ApiError> {
        let grant = grant.map(|grant| format!("Bearer {grant}"));
        self.json(Method::POST, "/api/shares", grant.as_deref(), Sent::Json(to_json(request)))
    }

    /// Stores a part; again is fine.
    pub(crate) fn put_part(&self, share: &OwnedShare, n: u64, part: &[u8]) -> Result<(), ApiError> {
        let path = path(share.id, &format!("/parts/{n}"));
        self.request(Method::PUT, &path, Some(&bearer(&share.owner)), Sent::Bytes(part)).map(|_| ())
    }

    /// Which parts are stored.
    pub(crate) fn parts(&self, share: &OwnedShare) -> Result<PartsResponse, ApiError> {
        let path = path(share.id, "/parts");
        self.json(Method::GET, &path, Some(&bearer(&share.owner)), Sent::Nothing)
    }

    /// Publishes; again is answered again.
    pub(crate) fn publish(&self, share: &OwnedShare) -> Result<ShareReceipt, ApiError> {
        let path = path(share.id, "/publish");
        self.json(Method::POST, &path, Some(&bearer(&share.owner)), Sent::Bytes(&[]))
    }

    /// What the landing shows; uses nothing up.
    pub(crate) fn landing(&self, id: ShareId, access: &AccessToken) -> Result<Landing, ApiError> {
        let bearer = format!("Bearer {}", access.to_base64url());
        self.json(Method::GET, &path(id, ""), Some(&bearer), Sent::Nothing)
    }

    /// Opens. The same claim may ask again.
    pub(crate) fn claim(
        &self,
        id: ShareId,
        access: &AccessToken,
        request: &ClaimRequest,
    ) -> Result<Claimed, ApiError> {
        let bearer = format!("Bearer {}", access.to_base64url());
        let path = path(id, "/claims");
        let sent = Sent::Json(to_json(request));
        let mut answer = self.request(Method::POST, &path, Some(&bearer), sent)?;
        let size = number(answer.headers(), claim_header::SIZE)?;
        let size = BodySize::try_from(size).map_err(|_| ApiError::Foreign)?;
        let claimed = Claimed {
            head: Vec::new(),
            size,
            expires_at: time(answer.headers(), claim_header::EXPIRES_AT)?,
            lease_until: time(answer.headers(), claim_header::LEASE_UNTIL)?,
            views_left: views_left(answer.headers())?,
        };
        let mut head = Vec::new();
        read(answer.body_mut(), size.part_len(0).unwrap_or_default(), &mut head)?;
        Ok(Claimed { head, ..claimed })
    }

    /// Reads part `n` of `len` bytes into `out`. One of another length is for its reader to refuse.
    pub(crate) fn part(
        &self,
        id: ShareId,
        claim: &ClaimToken,
        n: u64,
        len: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), ApiError> {
        let bearer = format!("Bearer {}", claim.to_base64url());
        let path = path(id, &format!("/parts/{n}"));
        let mut answer = self.request(Method::GET, &path, Some(&bearer), Sent::Nothing)?;
        if header_text(answer.headers(), header::CONTENT_TYPE.as_str()) != Some(OCTETS) {
            return Err(ApiError::Foreign);
        }
        read_up_to(answer.body_mut(), len, out)
    }

    /// Renews a claim's lease.
    pub(crate) fn lease(&self, id: ShareId, claim: &ClaimToken) -> Result<LeaseResponse, ApiError> {
        let bearer = format!("Bearer {}", claim.to_base64url());
        self.json(Method::POST, &path(id, "/lease"), Some(&bearer), Sent::Bytes(&[]))
    }

    /// Ends a claim.
    pub(crate) fn acknowledge(&self, id: ShareId, claim: &ClaimToken) -> Result<(), ApiError> {
        let bearer = format!("Bearer {}", claim.to_base64url());
        self.request(Method::POST, &path(id, "/ack"), Some(&bearer), Sent::Bytes(&[])).map(|_| ())
    }

    /// What became of shares, at most 200, in the order asked.
    pub(crate) fn statuses(
        &self,
        shares: Vec<OwnedShare>,
    ) -> Result<BatchStatusResponse, ApiError> {
        let sent = Sent::Json(to_json(&BatchStatusRequest { shares }));
        self.json(Method::POST, "/api/status", None, sent)
    }

    /// Takes a share back; again is the same.
    pub(crate) fn revoke(&self, share: &OwnedShare) -> Result<Status, ApiError> {
        let path = path(share.id, "");
        self.json(Method::DELETE, &path, Some(&bearer(&share.owner)), Sent::Nothing)
    }

    /// Takes any share down; again is the same.
    pub(crate) fn take_down(&self, id: ShareId, operator: &OperatorToken) -> Result<(), ApiError> {
        let bearer = format!("Bearer {}", operator.to_base64url());
        let path = format!("/api/operator/shares/{}", id.to_base64url());
        self.request(Method::DELETE, &path, Some(&bearer), Sent::Nothing).map(|_| ())
    }

    /// What is at `path` for whoever sends these headers: status, headers, and what follows, as it was sent and
    /// up to `limit` bytes.
    pub(crate) fn get_as_it_is(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        limit: u64,
    ) -> Result<(u16, HeaderMap, Vec<u8>), ApiError> {
        let mut request = Request::get(format!("{}{path}", self.origin));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, mut body) = self.agent.run(request.body(())?)?.into_parts();
        let mut sent = Vec::new();
        let read = body.as_reader().take(limit).read_to_end(&mut sent);
        read.map_err(|error| ApiError::from(ureq::Error::from(error)))?;
        Ok((parts.status.as_u16(), parts.headers, sent))
    }

    fn json<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        bearer: Option<&str>,
        sent: Sent<'_>,
    ) -> Result<T, ApiError> {
        let mut answer = self.request(method, path, bearer, sent)?;
        let json = text(answer.body_mut())?;
        from_json(&json).map_err(|_| ApiError::Foreign)
    }

    /// Sends and gives an answer of success, its body unread.
    fn request(
        &self,
        method: Method,
        path: &str,
        bearer: Option<&str>,
        sent: Sent<'_>,
    ) -> Result<Response<Body>, ApiError> {
        let uri = format!("{}{path}", self.origin);
        let mut request = Request::builder().method(method).uri(uri);
        if let Some(bearer) = bearer {
            request = request.header(header::AUTHORIZATION, bearer);
        }
        let answered = match sent {
            Sent::Nothing => self.agent.run(request.body(())?),
            Sent::Bytes(bytes) => {
                self.agent.run(request.header(header::CONTENT_TYPE, OCTETS).body(bytes)?)
            }
            Sent::Json(json) => self.agent.run(
                request.header(header::CONTENT_TYPE, "application/json").body(json.as_bytes())?,
            ),
        };
        let mut answer = answered?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        Err(refusal(&mut answer))
    }
}

fn refusal(answer: &mut Response<Body>) -> ApiError {
    let status = answer.status();
    let retry_after = header_text(answer.headers(), header::RETRY_AFTER.as_str())
        .and_then(|seconds| seconds.parse().ok())
        .map(Duration::from_secs);
    let to = header_text(answer.headers(), header::LOCATION.as_str()).map(ToOwned::to_owned);
    match text(answer.body_mut()).ok().and_then(|json| from_json(&json).ok()) {
        Some(problem) => ApiError::Problem { problem: Box::new(problem), retry_after },
        None if status.is_redirection() => ApiError::Moved(to),
        // What stands between may say so in its own words.
        None if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            ApiError::NoAnswer { why: format!("it answers {status}"), retry_after }
        }
        None => ApiError::Foreign,
    }
}

fn path(id: ShareId, tail: &str) -> String {
    format!("/api/shares/{}{tail}", id.to_base64url())
}

fn bearer(owner: &OwnerToken) -> String {
    format!("Bearer {}", owner.to_base64url())
}

fn text(body: &mut Body) -> Result<Vec<u8>, ApiError> {
    let mut json = Vec::new();
    let read = body.as_reader().take(JSON_LIMIT).read_to_end(&mut json);
    read.map_err(|error| ApiError::from(ureq::Error::from(error)))?;
    Ok(json)
}

/// Reads a body of exactly `len` bytes.
fn read(body: &mut Body, len: usize, out: &mut Vec<u8>) -> Result<(), ApiError> {
    read_up_to(body, len, out)?;
    if out.len() == len { Ok(()) } else { Err(ApiError::Foreign) }
}

/// Reads a body, or of one longer than `len` bytes one byte more.
fn read_up_to(body: &mut Body, len: usize, out: &mut Vec<u8>) -> Result<(), ApiError> {
    out.clear();
    let read = body.as_reader().take(len as u64 + 1).read_to_end(out);
    read.map_err(|error| ApiError::from(ureq::Error::from(error)))?;
    Ok(())
}

fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn number(headers: &HeaderMap, name: &str) -> Result<u64, ApiError> {
    header_text(headers, name).and_then(|text| text.parse().ok()).ok_or(ApiError::Foreign)
}

fn time(headers: &HeaderMap, name: &str) -> Result<Timestamp, ApiError> {
    header_text(headers, name).and_then(|text| text.parse().ok()).ok_or(ApiError::Foreign)
}

fn views_left(headers: &HeaderMap) -> Result<Option<u32>, ApiError> {
    header_text(headers, claim_header::VIEWS_LEFT)
        .map(|text| text.parse().map_err(|_| ApiError::Foreign))
        .transpose()
}
