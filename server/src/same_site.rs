//! No page but ours calls the API.
//!
//! Invariant: a request that a browser sends for a page of another origin reaches no handler of the API.
//! What no browser sends passes, as it has no person's browser to misuse.

use crate::{problem::ApiError, service::Service};
use actix_web::{
    dev::ServiceRequest,
    http::{
        Method, Uri,
        header::{self, HeaderMap, HeaderName},
    },
    web::Data,
};
use waxseal_core::wire::ProblemType;

/// What browsers say, and scripts cannot change (Fetch Metadata).
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Why a request is not served: a foreign page sends it to the API.
pub(crate) fn refusal(request: &ServiceRequest) -> Option<ApiError> {
    // As handlers are found: `/%61pi` leads to them, too.
    let is_call = request.match_info().as_str().starts_with("/api");
    (is_call && is_foreign(request)).then(|| ApiError::new(ProblemType::CrossSite))
}

fn is_foreign(request: &ServiceRequest) -> bool {
    let service = request.app_data::<Data<Service>>().expect("every app has its service");
    let by_proxy = || request.peer_addr().is_some_and(|peer| service.net.is_proxy(peer.ip()));
    is_foreign_by(request.method(), request.headers(), by_proxy)
}

fn is_foreign_by(method: &Method, headers: &HeaderMap, by_proxy: impl Fn() -> bool) -> bool {
    let value = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = value(&SITE) {
        // Somebody may follow a link to what can only be read.
        let followed = value(&MODE) == Some("navigate") && method.is_safe();
        return !matches!(site, "same-origin" | "none") && !followed;
    }
    // An older browser, or one without encryption on its way here.
    let Some(origin) = value(&header::ORIGIN) else { return false };
    let hosts = [Some(header::HOST), by_proxy().then_some(FORWARDED_HOST)];
    !hosts.iter().flatten().filter_map(value).any(|host| is_of(origin, host))
}

/// Whether an origin is of the host that was asked. A proxy may leave the port out.
fn is_of(origin: &str, host: &str) -> bool {
    let Ok(origin) = origin.parse::<Uri>() else { return false };
    let Some(authority) = origin.authority() else { return false };
    authority.as_str().eq_ignore_ascii_case(host) || authority.host().eq_ignore_ascii_case(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn foreign(method: Method, headers: &[(&str, &str)], by_proxy: bool) -> bool {
        let mut map = HeaderMap::new();
        map.insert(header::HOST, HeaderValue::from_static("share.example:8443"));
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            map.insert(name, HeaderValue::from_str(value).expect("a value"));
        }
        is_foreign_by(&method, &map, || by_proxy)
    }

    #[test]
    fn what_a_browser_says_of_a_foreign_page_is_enough() {
        let (site, mode) = ("sec-fetch-site", "sec-fetch-mode");
        for (of, how, method, refused) in [
            ("same-origin", "cors", Method::POST, false),
            ("none", "navigate", Method::GET, false),
            ("cross-site", "cors", Method::POST, true),
            ("cross-site", "no-cors", Method::GET, true),
            ("same-site", "cors", Method::GET, true),
            ("same-site", "no-cors", Method::POST, true),
            // A link, and a form.
            ("cross-site", "navigate", Method::GET, false),
            ("cross-site", "navigate", Method::POST, true),
            ("same-site", "navigate", Method::POST, true),
            ("canary", "cors", Method::GET, true),
        ] {
            assert_eq!(foreign(method, &[(site, of), (mode, how)], false), refused, "{of} {how}");
            // Whatever host a proxy asks for.
            let origin = ("origin", "https://elsewhere.example");
            assert_eq!(
                foreign(Method::POST, &[(site, of), (mode, "cors"), origin], false),
                !matches!(of, "same-origin" | "none"),
            );
        }
    }

    #[test]
    fn of_an_older_browser_the_origin_is_compared() {
        for (origin, host, by_proxy, refused) in [
            ("https://share.example:8443", None, false, false),
            ("http://Share.Example:8443", None, false, false),
            ("https://share.example", None, false, true),
            ("https://share.example:8444", None, false, true),
            ("https://evil.example:8443", None, false, true),
            ("https://share.example:8443.evil.example", None, false, true),
            ("https://evil.example/share.example:8443", None, false, true),
            ("https://share.example@evil.example", None, false, true),
            ("null", None, false, true),
            ("", None, false, true),
            ("file://", None, false, true),
            // Only a proxy of ours knows another name.
            ("https://other.example", Some("other.example"), true, false),
            ("https://other.example", Some("other.example"), false, true),
            ("https://evil.example", Some("other.example"), true, true),
        ] {
            let mut headers = vec![("origin", origin)];
            headers.extend(host.map(|host| ("x-forwarded-host", host)));
            assert_eq!(foreign(Method::POST, &headers, by_proxy), refused, "{origin} {host:?}");
        }
        assert!(is_of("https://share.example:8443", "share.example"), "without its port");
        assert!(!foreign(Method::POST, &[], false), "no browser");
    }
}
