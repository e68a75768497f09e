//! The statuses that the OpenAPI document lists for each call.

use super::TestServer;
use serde_json::Value;
use std::sync::OnceLock;

/// By method and the address's segments: the statuses.
pub(crate) struct Documented(Vec<(String, Vec<String>, Vec<u16>)>);

impl Documented {
    /// It is the same of every server, so one is asked that nobody watches.
    pub(crate) fn by_all_servers() -> &'static Self {
        static DOCUMENTED: OnceLock<Documented> = OnceLock::new();
        DOCUMENTED.get_or_init(|| {
            let server = TestServer::start();
            Self::read(&server.ask("GET", "/api/openapi.json", &[], b"").json())
        })
    }

    fn read(document: &Value) -> Self {
        let members = |value: &Value| value.as_object().expect("an object").clone();
        let calls = members(&document["paths"]).into_iter().flat_map(|(path, calls)| {
            let segments: Vec<_> = path.split('/').map(str::to_owned).collect();
            members(&calls).into_iter().map(move |(method, call)| {
                let statuses = members(&call["responses"]).into_iter();
                let statuses = statuses.map(|(code, _)| code.parse().expect("a status code"));
                (method.to_uppercase(), segments.clone(), statuses.collect())
            })
        });
        Self(calls.collect())
    }

    /// Whether a call's answer may have this status; what is no call is not described.
    pub(crate) fn has(&self, method: &str, path: &str, status: u16) -> bool {
        let path = path.split('?').next().unwrap_or_default();
        let method = if method == "HEAD" { "GET" } else { method };
        let call = self.0.iter().find(|(of, segments, _)| {
            of == method
                && segments.len() == path.split('/').count()
                && segments.iter().zip(path.split('/')).all(|(s, p)| s.starts_with('{') || s == p)
        });
        call.is_none_or(|(.., statuses)| statuses.contains(&status))
    }
}
