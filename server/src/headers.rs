//! Headers that every answer has.
//!
//! Invariant: nothing is allowed that the web client does not need.

use actix_web::{
    http::header::{self, HeaderName},
    middleware::DefaultHeaders,
};

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

/// For pages, which alone may use them: the features that would hurt most in the wrong hands. What a
/// page may do without being listed is not: writing to the clipboard, and the system's share sheet, which
/// is unknown to some browsers, which would complain.
pub(crate) const PERMISSIONS: (HeaderName, &str) =
    (header::PERMISSIONS_POLICY, "camera=(), clipboard-read=(), geolocation=(), microphone=()");

/// Adds them; an answer's own `Cache-Control` stays.
pub(crate) fn security() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((header::CACHE_CONTROL, "no-store"))
        .add((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .add((header::CROSS_ORIGIN_EMBEDDER_POLICY, "require-corp"))
        .add((header::CROSS_ORIGIN_OPENER_POLICY, "same-origin"))
        .add((header::CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"))
        .add((header::REFERRER_POLICY, "no-referrer"))
        .add((header::STRICT_TRANSPORT_SECURITY, "max-age=63072000"))
        .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .add((header::X_FRAME_OPTIONS, "DENY"))
}
