//! The share dialog for other applications: the document of its frame, and the script that frames it.
//!
//! Invariant: without origins that may frame it there is neither; only these origins' pages may show the
//! frame, whose scripts and rights are those of every other page.

use super::{Client, FILES, NOT_BUILT, NOT_FOUND, content_type, text};
use crate::{headers, routing, service::Service};
use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, EntityTag, HeaderName, HeaderValue, IfNoneMatch},
    },
    web::{self, ServiceConfig},
};
use data_encoding::HEXLOWER;

const PAGE: &str = "embed.html";
const SCRIPT: &str = "embed.js";
/// Where the page has the origins that may frame it.
const ORIGINS: &str = "{origins}";
/// Digits of the script's hash in the address that is for one content.
const DIGITS: usize = 12;

/// Applications write the address down, so its content changes with the server's version.
const FOR_MINUTES: HeaderValue = HeaderValue::from_static("public, max-age=300");
/// What any page may load, in whatever way.
const FOR_ALL: [(HeaderName, &str); 2] = [
    (header::CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin"),
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
];

/// Routes both.
pub(super) fn routes(config: &mut ServiceConfig) {
    routing::get(config, "/embed", web::to(frame));
    routing::get(config, "/embed.js", web::to(script));
}

/// Routes the script's address that names its content.
pub(super) fn patterns(config: &mut ServiceConfig) {
    routing::get(config, "/embed-{hash}.js", web::to(script_of_one_content));
}

/// The document of the frame.
async fn frame(app: web::Data<Service>) -> HttpResponse {
    if app.embedding.is_empty() {
        return text(StatusCode::NOT_FOUND, NOT_FOUND);
    }
    let Some(page) = Client::get(PAGE) else { return text(StatusCode::OK, NOT_BUILT) };
    let page = String::from_utf8_lossy(&page.data).replace(ORIGINS, &app.embedding.to_string());
    HttpResponse::Ok()
        .content_type(content_type(PAGE))
        .insert_header(headers::PERMISSIONS)
        .insert_header((header::CONTENT_SECURITY_POLICY, headers::framed_by(&app.embedding)))
        .insert_header((header::CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin"))
        .body(page)
}

/// The script at the address that stays.
async fn script(request: HttpRequest, app: web::Data<Service>) -> HttpResponse {
    answer(&request, &app, FOR_MINUTES, |_| true)
}

/// The script at the address that names its content, for those who want no other.
async fn script_of_one_content(request: HttpRequest, app: web::Data<Service>) -> HttpResponse {
    let wanted = request.match_info().query("hash");
    answer(&request, &app, super::FOREVER, |hash| hash[..DIGITS] == *wanted)
}

fn answer(
    request: &HttpRequest,
    app: &Service,
    caching: HeaderValue,
    is_wanted: impl Fn(&str) -> bool,
) -> HttpResponse {
    let not_found = || text(StatusCode::NOT_FOUND, NOT_FOUND);
    let Some(content) = Client::get(SCRIPT).filter(|_| !app.embedding.is_empty()) else {
        return not_found();
    };
    let hash = HEXLOWER.encode(&content.metadata.sha256_hash());
    if !is_wanted(&hash) {
        return not_found();
    }
    // Weak: it is the same script, however it is packed.
    let tag = EntityTag::new_weak(hash);
    let known = match request.get_header::<IfNoneMatch>() {
        Some(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(&tag)),
        Some(IfNoneMatch::Any) => true,
        None => false,
    };
    let whole = if known { None } else { FILES.answer(request, SCRIPT) };
    let mut response = whole.unwrap_or_else(|| HttpResponse::NotModified().finish());
    let tag = HeaderValue::try_from(tag.to_string()).expect("a hash in quotes is ASCII");
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag);
    headers.insert(header::CACHE_CONTROL, caching);
    for (name, value) in FOR_ALL {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
