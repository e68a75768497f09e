//! The cookie by which a browser shows that its owner has confirmed who they are.
//!
//! Invariant: no script reads it, no other site sends it, and over https no other host can have set it.

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{self, HeaderValue},
};
use std::{
    convert::Infallible,
    future::{Ready, ready},
    time::Duration,
};
use waxseal_core::token::{SessionToken, TokenHash};

/// Its name by https; browsers hold it to what the prefix promises (RFC 6265bis section 4.1.3.2).
const NAME: &str = "__Host-waxseal";
/// And by http, on one's own machine.
const PLAIN_NAME: &str = "waxseal";

/// What a request's cookies say, by either name.
pub(crate) struct SessionCookie {
    https: Option<TokenHash>,
    http: Option<TokenHash>,
}

impl SessionCookie {
    /// The session it shows, on a server that browsers reach so.
    pub(super) const fn session(&self, https: bool) -> Option<TokenHash> {
        if https { self.https } else { self.http }
    }
}

impl FromRequest for SessionCookie {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let lines = request.headers().get_all(header::COOKIE).filter_map(|line| line.to_str().ok());
        let pairs: Vec<_> = lines
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .collect();
        let find = |name| {
            let mut values = pairs.iter().filter(|(of, _)| *of == name).map(|(_, value)| value);
            // Of two, one is not ours.
            let value = values.next().filter(|_| values.next().is_none());
            Some(value?.parse::<SessionToken>().ok()?.hash())
        };
        ready(Ok(Self { https: find(NAME), http: find(PLAIN_NAME) }))
    }
}

/// What sets it.
pub(super) fn set(token: &SessionToken, lasts: Duration, https: bool) -> HeaderValue {
    let (name, secure) = if https { (NAME, "; Secure") } else { (PLAIN_NAME, "") };
    let (token, age) = (token.to_base64url(), lasts.as_secs());
    let text = format!("{name}={token}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::from_str(&text).expect("base64url and digits are a header's value")
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn read(cookies: &[&str], https: bool) -> Option<TokenHash> {
        let mut request = TestRequest::default();
        for cookie in cookies {
            request = request.append_header((header::COOKIE, *cookie));
        }
        let found = SessionCookie::extract(&request.to_http_request()).into_inner();
        found.expect("it never fails").session(https)
    }

    #[test]
    fn what_is_set_is_read_back_and_only_as_it_was_set() {
        let token = SessionToken::from_bytes([7; 32]);
        let text = token.to_base64url();
        let hash = Some(token.hash());
        for https in [false, true] {
            let set = set(&token, Duration::from_secs(60), https);
            let set = set.to_str().expect("it is ASCII");
            let pair = set.split(';').next().expect("a pair");
            assert_eq!(read(&[pair], https), hash);
            assert_eq!(read(&[&format!("a=b; {pair}; c=d")], https), hash);
            assert_eq!(read(&["a=b", pair], https), hash);
            assert_eq!(read(&[pair], !https), None, "{pair}");
            assert_eq!(read(&[pair, pair], https), None, "one of them is not ours");
            assert_eq!(read(&[&pair[..pair.len() - 1]], https), None);
            assert_eq!(set.contains("; Secure"), https);
            assert!(set.contains("; HttpOnly; SameSite=Strict") && set.contains("; Max-Age=60;"));
        }
        assert_eq!(read(&[&format!("other={text}")], true), None);
        assert_eq!(read(&[], true), None);
    }
}
