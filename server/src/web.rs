//! The web client: its pages and their files, embedded when the server is built.
//!
//! Invariant: files under `/assets/` are named by their content and never change; nothing else may
//! be stored, but the script for other applications. A link's path is the same page for all links.

mod embed;
mod files;

use crate::{config::AbuseContact, headers, problem::ApiError, routing, service::Service};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
    web::{self, ServiceConfig},
};
use files::{Files, content_type};
use rust_embed::Embed;
use std::sync::LazyLock;
use waxseal_core::wire::ProblemType;

/// The built client. Beside most `NAME` there are `NAME.br` and `NAME.gz`.
#[derive(Embed)]
#[folder = "../target/web"]
struct Client;

static FILES: LazyLock<Files> = LazyLock::new(Files::of::<Client>);

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
    config.service(routing::below("/assets", "/assets/{name}", web::to(asset)));
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
    let name = request.path().trim_start_matches('/');
    let Some(mut response) = FILES.answer(&request, name) else {
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
    FILES.answer(request, name).unwrap_or_else(|| text(StatusCode::OK, NOT_BUILT))
}

fn text(status: StatusCode, text: &'static str) -> HttpResponse {
    HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(text)
}
