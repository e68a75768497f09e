//! Headers that every answer has.
//!
//! Invariant: nothing is allowed that the web client does not need.

use crate::config::EmbeddingOrigins;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// What the pages may load and do: scripts, styles and data of this origin, WebAssembly, nothing
/// inline, nothing framed.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; \
    script-src 'self' 'wasm-unsafe-eval'; \
    worker-src 'self'; \
    style-src 'self'; \
    connect-src 'self'; \
    img-src 'self' blob:; \
    manifest-src 'self'; \
    base-uri 'none'; \
    form-action 'none'; \
    frame-ancestors 'none'; \
    require-trusted-types-for 'script'; \
    trusted-types waxseal";

/// Nothing else than this in the policy is about frames around a page.
const UNFRAMED: &str = "frame-ancestors 'none'";

/// For pages, which alone may use them: the features that would hurt most in the wrong hands. What a
/// page may do without being listed is not: writing to the clipboard, and the system's share sheet, which
/// is unknown to some browsers, which would complain.
pub(crate) const PERMISSIONS: (HeaderName, &str) =
    (header::PERMISSIONS_POLICY, "camera=(), clipboard-read=(), geolocation=(), microphone=()");

/// What every answer says, unless it says something else of its own.
const SECURITY: [(HeaderName, &str); 8] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::CROSS_ORIGIN_EMBEDDER_POLICY, "require-corp"),
    (header::CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
    (header::CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::STRICT_TRANSPORT_SECURITY, "max-age=63072000"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// The policy of a page that these origins' pages may frame; all else is as for every page.
pub(crate) fn framed_by(origins: &EmbeddingOrigins) -> String {
    CONTENT_SECURITY_POLICY.replace(UNFRAMED, &format!("frame-ancestors {origins}"))
}

/// Adds them.
pub(crate) fn secure(headers: &mut HeaderMap) {
    // Where a page's own policy says who may frame it, this header would have old browsers say nobody.
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    for (name, value) in SECURITY {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}
