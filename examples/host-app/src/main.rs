//! Cupboard: a small web application of somebody else, where a team keeps its secrets. Their owners share
//! them through Waxseal.
//!
//! Invariant: only a secret's owner gets a grant for it. The page shows the menu to owners alone, but it
//! is the server that decides.
#![allow(clippy::print_stdout, reason = "a command talks to its terminal")]

mod grants;
mod people;
mod secrets;

use actix_web::{
    App, HttpResponse, HttpServer,
    error::{ErrorForbidden, ErrorInternalServerError, ErrorNotFound},
    get,
    middleware::DefaultHeaders,
    post, web,
};
use clap::Parser;
use grants::Grants;
use people::{Sessions, User};
use secrets::{Role, Secrets};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

#[derive(Parser)]
#[command(about = "A web application that shares its secrets through Waxseal")]
struct Options {
    /// Where browsers reach Waxseal.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    waxseal: Url,
    /// What Waxseal calls itself (its setting identity-grant-audience), if not that address.
    #[arg(long)]
    audience: Option<String>,
    /// Port of this machine to listen on.
    #[arg(long, default_value = "3000")]
    port: u16,
}

/// What may be in our pages: our own files, and the script and the frame of Waxseal.
fn policy(waxseal: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' {waxseal}; frame-src {waxseal}; style-src 'self'; \
         connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'"
    )
}

#[actix_web::main]
async fn main() -> anyhow::Result<()> {
    let Options { waxseal, audience, port } = Options::parse();
    let waxseal = waxseal.origin().ascii_serialization();
    let origin = format!("http://localhost:{port}");
    let grants = web::Data::new(Grants::new(&origin, audience.as_ref().unwrap_or(&waxseal))?);
    let secrets = web::Data::new(Secrets::load()?);
    let sessions = web::Data::new(Sessions::default());
    let page = include_str!("../pages/page.html").replace("WAXSEAL", &waxseal);
    let server = HttpServer::new(move || {
        let file = |kind: &'static str, text: String| {
            web::get().to(move || {
                let file = HttpResponse::Ok().content_type(kind).body(text.clone());
                async { file }
            })
        };
        App::new()
            .app_data(grants.clone())
            .app_data(secrets.clone())
            .app_data(sessions.clone())
            .wrap(DefaultHeaders::new().add(("content-security-policy", policy(&waxseal))))
            .route("/", file("text/html", page.clone()))
            .route("/secrets/{id}", file("text/html", page.clone()))
            .route("/app.js", file("text/javascript", include_str!("../pages/app.js").to_owned()))
            .route("/style.css", file("text/css", include_str!("../pages/style.css").to_owned()))
            .service((people::sign_in, list, secret, grant, keys))
    });
    let server = server.workers(1).bind(("localhost", port))?.run();
    println!("listening on {origin}");
    Ok(server.await?)
}

#[get("/api/secrets")]
async fn list(user: User, secrets: web::Data<Secrets>) -> web::Json<Value> {
    web::Json(json!({ "user": user.name(), "secrets": secrets.seen_by(user.name()) }))
}

#[get("/api/secrets/{id}")]
async fn secret(
    user: User,
    id: web::Path<String>,
    secrets: web::Data<Secrets>,
) -> actix_web::Result<web::Json<Value>> {
    let found = secrets.find(&id, user.name());
    let (secret, role) = found.ok_or_else(|| ErrorNotFound("there is no such secret for you"))?;
    Ok(web::Json(json!({ "user": user.name(), "role": role, "secret": secret })))
}

#[derive(Deserialize)]
struct Wanted {
    secret: String,
}

/// What the dialog asks for when somebody presses “Get link”. No other site's page can ask with our
/// users' sessions: cookies that are `SameSite=Strict` do not go with its requests.
#[post("/grants")]
async fn grant(
    user: User,
    wanted: web::Json<Wanted>,
    secrets: web::Data<Secrets>,
    grants: web::Data<Grants>,
) -> actix_web::Result<web::Json<Value>> {
    match secrets.find(&wanted.secret, user.name()) {
        Some((_, Role::Owner)) => {
            let grant = grants.sign(user.name()).map_err(ErrorInternalServerError)?;
            Ok(web::Json(json!({ "grant": grant })))
        }
        Some((_, Role::Reader)) => Err(ErrorForbidden("only its owner may share a secret")),
        None => Err(ErrorNotFound("there is no such secret for you")),
    }
}

/// Where Waxseal reads which key grants are signed by.
#[get("/.well-known/jwks.json")]
async fn keys(grants: web::Data<Grants>) -> web::Json<Value> {
    web::Json(grants.keys())
}
