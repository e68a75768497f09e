//! The web client: its pages and their files, embedded when the server is built.
//!
//! Invariant: files under `/assets/` are named by their content and never change; nothing else may
//! be stored, but the script for other applications. A link's path is the same page for all links.

mod embed;

use crate::{config::AbuseContact, headers, problem::ApiError, routing, service::Service};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, AcceptEncoding, Encoding, Header, HeaderValue},
    },
    web::{self, Bytes, ServiceConfig},
};
use rust_embed::{Embed, RustEmbed};
use std::borrow::Cow;
use waxseal_core::wire::ProblemType;

/// The built client. Beside most `NAME` there are `NAME.br` and `NAME.gz`.
#[derive(Embed)]
#[folder = "../target/web"]
struct Client;

const BROTLI: &str = ".br";
const GZIP: &str = ".gz";
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const NO_CONTACT: &str = "Whoever runs this server has set no address for reports. Mail to \
    <span class=\"mono\">abuse@</span> and this site’s domain is meant to reach them (RFC 2142).";
const NOT_FOUND: &str = "Not found.\n";
const NOT_BUILT: &str = "The web client is not part of this build: cargo xtask run builds it.\n";

/// What a mail gateway makes of the `#` in a link belongs to the path.
const LINK: &str = "/s{tail:.*}";
/// Not every path that starts so.
const REQUEST_LINK: &str = "/r{tail:(?:[^a-z].*)?}";
const MAIL_LINK: &str = "/confirm{tail:.*}";

/// Routes the pages and the files, and links as they are made.
pub(crate) fn routes(config: &mut ServiceConfig) {
    routing::get(config, "/", web::to(compose));
    routing::get(config, "/links", web::to(links));
    routing::get(config, "/ask", web::to(ask));
    routing::get(config, "/report", web::to(report));
    routing::get(config, "/.well-known/waxseal-manifest.json", web::to(manifest));
    config.service(routing::read_only(LINK, "/s", web::to(open)));
    config.service(routing::read_only(REQUEST_LINK, "/r", web::to(answer)));
    config.service(routing::read_only(MAIL_LINK, "/confirm", web::to(confirm)));
    let asset = routing::read_only("/assets/{name}", "/{name}", web::to(asset));
    config.service(web::scope("/assets").service(asset));
    embed::routes(config);
}

/// Routes links that came through a mail gateway.
pub(crate) fn patterns(config: &mut ServiceConfig) {
    routing::get(config, LINK, web::to(open));
    routing::get(config, REQUEST_LINK, web::to(answer));
    routing::get(config, MAIL_LINK, web::to(confirm));
    embed::patterns(config);
}

/// The page for writing a secret.
async fn compose(request: HttpRequest) -> HttpResponse {
    page(&request, "index.html")
}

/// The page of an owner's links, the same for everybody: the list is in the browser.
async fn links(request: HttpRequest) -> HttpResponse {
    page(&request, "links.html")
}

/// The page that asks for a secret.
async fn ask(request: HttpRequest) -> HttpResponse {
    page(&request, "ask.html")
}

/// The page that a request's link leads to.
async fn answer(request: HttpRequest) -> HttpResponse {
    page(&request, "answer.html")
}

/// The page that every link leads to.
async fn open(request: HttpRequest) -> HttpResponse {
    page(&request, "open.html")
}

/// The page that a mail's link leads to. Loading it confirms nothing.
async fn confirm(request: HttpRequest) -> HttpResponse {
    page(&request, "confirm.html")
}

/// The page that says where reports of abuse go.
async fn report(app: web::Data<Service>) -> HttpResponse {
    let Some(page) = Client::get("report.html") else { return text(StatusCode::OK, NOT_BUILT) };
    let contact = app.abuse_contact.as_ref().map_or_else(|| NO_CONTACT.to_owned(), link);
    let page = String::from_utf8_lossy(&page.data).replace("{contact}", &contact);
    HttpResponse::Ok()
        .content_type(content_type("report.html"))
        .insert_header(headers::PERMISSIONS)
        .body(page)
}

/// Nothing in a contact needs to be escaped but `&`.
fn link(contact: &AbuseContact) -> String {
    let escaped = |text: String| text.replace('&', "&amp;");
    let (href, text) = (escaped(contact.href()), escaped(contact.to_string()));
    format!("Write to <a href=\"{href}\">{text}</a>.")
}

async fn asset(request: HttpRequest) -> HttpResponse {
    let name = format!("assets/{}", request.match_info().query("name"));
    let Some(mut response) = file::<Client>(&request, &name) else {
        return text(StatusCode::NOT_FOUND, NOT_FOUND);
    };
    response.headers_mut().insert(header::CACHE_CONTROL, FOREVER);
    response
}

/// What this version ships, for whoever compares. It says nothing about what this server serves.
async fn manifest(request: HttpRequest) -> HttpResponse {
    page(&request, "waxseal-manifest.json")
}

/// What an address without a route answers.
pub(crate) async fn not_found(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    if request.path().starts_with("/api") {
        return Err(ApiError::new(ProblemType::NotFound));
    }
    Ok(text(StatusCode::NOT_FOUND, NOT_FOUND))
}

fn page(request: &HttpRequest, name: &str) -> HttpResponse {
    file::<Client>(request, name).unwrap_or_else(|| text(StatusCode::OK, NOT_BUILT))
}

/// The file in the best encoding that there is and that the request takes.
fn file<Files: RustEmbed>(request: &HttpRequest, name: &str) -> Option<HttpResponse> {
    if name.ends_with(BROTLI) || name.ends_with(GZIP) {
        return None;
    }
    let plain = (Encoding::identity(), Files::get(name)?);
    let packed = [(Encoding::brotli(), BROTLI), (Encoding::gzip(), GZIP)]
        .map(|(encoding, suffix)| Some((encoding, Files::get(&format!("{name}{suffix}"))?)));
    let mut versions: Vec<_> = packed.into_iter().flatten().chain([plain]).collect();

    let accepted = AcceptEncoding::parse(request).unwrap_or(AcceptEncoding(Vec::new()));
    let chosen = accepted.negotiate(versions.iter().map(|(encoding, _)| encoding));
    let chosen = versions.iter().position(|(encoding, _)| Some(encoding) == chosen.as_ref());
    let (encoding, file) = versions.swap_remove(chosen.unwrap_or(versions.len() - 1));

    let mut response = HttpResponse::Ok();
    response.content_type(content_type(name)).insert_header((header::VARY, "accept-encoding"));
    if name.ends_with(".html") {
        response.insert_header(headers::PERMISSIONS);
    }
    if encoding != Encoding::identity() {
        response.insert_header((header::CONTENT_ENCODING, encoding.to_string()));
    }
    Some(response.body(match file.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    }))
}

fn text(status: StatusCode, text: &'static str) -> HttpResponse {
    HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(text)
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "wasm" => "application/wasm",
        "webmanifest" => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    /// `a.js` in three versions, `b.svg` in one.
    #[derive(Embed)]
    #[folder = "tests/web"]
    struct Files;

    fn encoding(name: &str, accept: &str) -> Option<String> {
        let request = TestRequest::default().insert_header((header::ACCEPT_ENCODING, accept));
        let response = file::<Files>(&request.to_http_request(), name).expect("the file is there");
        assert!(response.headers().contains_key(header::VARY));
        let encoding = response.headers().get(header::CONTENT_ENCODING)?;
        Some(encoding.to_str().expect("an ASCII name").to_owned())
    }

    #[test]
    fn the_smallest_encoding_that_the_request_takes_is_sent() {
        for (accept, sent) in [
            ("gzip, deflate, br, zstd", Some("br")),
            ("gzip, deflate", Some("gzip")),
            ("br;q=0, gzip", Some("gzip")),
            ("br;q=0.5, gzip;q=0.9", Some("gzip")),
            ("identity", None),
            ("", None),
            ("nonsense;;q=x", None),
        ] {
            assert_eq!(encoding("a.js", accept).as_deref(), sent, "{accept}");
            assert_eq!(encoding("b.svg", accept), None, "{accept}");
        }
    }

    #[test]
    fn packed_versions_have_no_address_of_their_own() {
        let request = TestRequest::default().to_http_request();
        for name in ["a.js.br", "a.js.gz", "c.js", "../web/a.js", ""] {
            assert!(file::<Files>(&request, name).is_none(), "{name}");
        }
    }
}
