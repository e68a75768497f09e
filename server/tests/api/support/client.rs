//! An HTTP client that takes every answer as it comes.

use super::{Documented, Share, Wire, claim_token};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    time::Duration,
};
use ureq::http::{Method, Request, Uri};

/// Sends requests to one server.
pub(crate) struct Client {
    address: SocketAddr,
    agent: ureq::Agent,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(30)))
            .build()
            .into();
        Self { address, agent }
    }

    /// A request as it is; the status of its answer is one that the document lists.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        let reply = self.ask(method, path, headers, body);
        let known = Documented::by_all_servers().has(method, path, reply.status);
        assert!(known, "{method} {path} is answered {}, which is not documented", reply.status);
        reply
    }

    /// As [`Self::send`], whatever the status.
    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        let uri: Uri = format!("http://{}{path}", self.address).parse().expect("an address");
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = Request::builder().method(&method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = if body.is_empty() && !matches!(method, Method::POST | Method::PUT) {
            self.agent.run(request.body(()).expect("a request"))
        } else {
            self.agent.run(request.body(body).expect("a request"))
        };
        let mut response = response.expect("the server answers");
        let mut headers = BTreeMap::<String, String>::new();
        for (name, value) in response.headers() {
            let value = value.to_str().expect("headers are ASCII");
            let joined = headers.entry(name.as_str().to_owned());
            // One that comes twice shows (RFC 9110 section 5.3).
            joined.and_modify(|first| *first += &format!(", {value}")).or_insert(value.to_owned());
        }
        Reply {
            status: response.status().as_u16(),
            headers,
            body: response.body_mut().read_to_vec().expect("the body arrives"),
        }
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], b"")
    }

    /// A request with a bearer token and without a body.
    pub(crate) fn call(&self, method: &str, path: &str, token: &str) -> Reply {
        self.send(method, path, &[("authorization", &format!("Bearer {token}"))], b"")
    }

    /// A JSON request, with a bearer token unless it is empty.
    pub(crate) fn post(&self, path: &str, token: &str, json: &Value) -> Reply {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("content-type", "application/json")];
        if !token.is_empty() {
            headers.push(("authorization", &bearer));
        }
        self.send("POST", path, &headers, json.to_string().as_bytes())
    }

    pub(crate) fn put_part(&self, share: &Share, n: u64, part: &[u8]) -> Reply {
        let bearer = format!("Bearer {}", share.owner());
        let headers =
            [("authorization", bearer.as_str()), ("content-type", "application/octet-stream")];
        self.send("PUT", &share.path(&format!("/parts/{n}")), &headers, part)
    }

    /// Begins to send a part of this length, and leaves it at that.
    pub(crate) fn start_part(&self, share: &Share, n: u64, bytes: &[u8], len: usize) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).expect("the server listens");
        let path = share.path(&format!("/parts/{n}"));
        let owner = share.owner();
        let head = format!(
            "PUT {path} HTTP/1.1\r\nhost: waxseal\r\nauthorization: Bearer {owner}\r\n\
             content-type: application/octet-stream\r\ncontent-length: {len}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("the server reads");
        stream.write_all(bytes).expect("the server reads");
        stream
    }

    /// Creates the share.
    pub(crate) fn create(&self, share: &Share) {
        let reply = self.post("/api/shares", "", &share.creation());
        assert_eq!(reply.status, 201, "{reply:?}");
    }

    /// Opens the share with this claim.
    pub(crate) fn claim(&self, share: &Share, claim: u8) -> Reply {
        let request = json!({ "claim": claim_token(claim) });
        self.post(&share.path("/claims"), &share.access(), &request)
    }

    /// Where the server is.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// A connection of its own.
    pub(crate) fn wire(&self) -> Wire {
        Wire::connect(self.address)
    }

    /// Sends this text, and returns what the server sends until it closes the connection.
    pub(crate) fn raw(&self, text: &str) -> String {
        self.exchange(text, |_| {})
    }

    /// As [`Self::raw`], sending nothing more for good.
    pub(crate) fn cut(&self, text: &str) -> String {
        self.exchange(text, |stream| {
            stream.shutdown(Shutdown::Write).expect("the connection is open");
        })
    }

    fn exchange(&self, text: &str, then: impl FnOnce(&TcpStream)) -> String {
        let mut stream = TcpStream::connect(self.address).expect("the server listens");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout can be set");
        stream.write_all(text.as_bytes()).expect("the server reads");
        then(&stream);
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the server answers and closes");
        answer
    }
}

/// An answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The problem, after checking all that every problem has.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, kind: &str) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let problem = self.json();
        assert_eq!(problem["type"], format!("urn:waxseal:problem:{kind}"), "{problem}");
        assert_eq!(problem["status"], status);
        assert!(problem["title"].is_string());
        problem
    }
}
