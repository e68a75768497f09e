//! The server's API as another client than the browser's uses it.

use crate::share::Share;
use anyhow::Result;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::{Serialize, de::DeserializeOwned};
use waxseal_core::{
    token::{ClaimToken, Proof, ShareId},
    wire::{ClaimRequest, OwnedShare, Problem, Status},
};

/// Connections to one server.
#[derive(Clone)]
pub struct Api {
    origin: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status code.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    /// If it is not.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        Ok(serde_json::from_slice(&self.body)?)
    }

    /// The body as a problem.
    ///
    /// # Errors
    /// If it is not.
    pub fn problem(&self) -> Result<Problem> {
        self.json()
    }
}

impl Api {
    /// To the server at `origin`.
    pub fn new(origin: &str) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { origin: origin.to_owned(), client }
    }

    /// Puts a share on the server.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn create(&self, share: &Share) -> Result<Answer> {
        self.send(Method::POST, "/api/shares", None, Some(&share.request)).await
    }

    /// What a link holder sees before opening.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn landing(&self, share: &Share) -> Result<Answer> {
        let access = share.keys.access.to_base64url();
        self.send(Method::GET, &path(share.keys.id, ""), Some(&access), None::<&()>).await
    }

    /// Opens.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn claim(
        &self,
        share: &Share,
        claim: &ClaimToken,
        proof: Option<Proof>,
    ) -> Result<Answer> {
        let access = share.keys.access.to_base64url();
        let request = ClaimRequest { claim: claim.clone(), proof };
        let path = path(share.keys.id, "/claims");
        self.send(Method::POST, &path, Some(&access), Some(&request)).await
    }

    /// Ends a claim.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn acknowledge(&self, share: &Share, claim: &ClaimToken) -> Result<Answer> {
        let path = path(share.keys.id, "/ack");
        self.send(Method::POST, &path, Some(&claim.to_base64url()), None::<&()>).await
    }

    /// What the owner may know.
    ///
    /// # Errors
    /// If there is no such answer.
    pub async fn status(&self, share: &Share) -> Result<Status> {
        self.status_of(&OwnedShare { id: share.keys.id, owner: share.owner.clone() }).await
    }

    /// As [`Self::status`], of a share that another client made.
    ///
    /// # Errors
    /// If there is no such answer.
    pub async fn status_of(&self, share: &OwnedShare) -> Result<Status> {
        let owner = share.owner.to_base64url();
        self.send(Method::GET, &path(share.id, "/status"), Some(&owner), None::<&()>).await?.json()
    }

    /// Takes a share back.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn revoke(&self, share: &Share) -> Result<Answer> {
        let owner = share.owner.to_base64url();
        self.send(Method::DELETE, &path(share.keys.id, ""), Some(&owner), None::<&()>).await
    }

    /// Any request.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        bearer: Option<&str>,
        body: Option<&impl Serialize>,
    ) -> Result<Answer> {
        let body = match body {
            Some(body) => Some(("application/json", serde_json::to_vec(body)?.into())),
            None => None,
        };
        self.send_bytes(method, path, bearer, body).await
    }

    /// Any request, with a body of a media type.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn send_bytes(
        &self,
        method: Method,
        path: &str,
        bearer: Option<&str>,
        body: Option<(&str, Bytes)>,
    ) -> Result<Answer> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.origin));
        if let Some(bearer) = bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {bearer}"));
        }
        let body = match body {
            Some((media_type, body)) => {
                request = request.header(header::CONTENT_TYPE, media_type);
                body
            }
            None => Bytes::new(),
        };
        let response = self.client.request(request.body(Full::new(body))?).await?;
        let (head, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Answer { status: head.status, headers: head.headers, body })
    }
}

fn path(id: ShareId, tail: &str) -> String {
    format!("/api/shares/{}{tail}", id.to_base64url())
}
