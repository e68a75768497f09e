//! Who is there. Signing in is for show: whoever says that they are Ada is.
//!
//! Invariant: what a browser keeps is a random name of its session, out of reach of scripts.

use crate::grants::random;
use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    error::{ErrorBadRequest, ErrorInternalServerError, ErrorUnauthorized},
    http::header,
    post, web,
};
use serde::Deserialize;
use std::{
    collections::HashMap,
    future::{Ready, ready},
    sync::{Mutex, PoisonError},
};

/// Carol owns a secret, too, but is not there today.
const PEOPLE: [&str; 2] = ["Ada", "Bob"];

/// Who is signed in, by the names of their sessions.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<String, &'static str>>);

/// Whoever is signed in.
pub(crate) struct User(&'static str);

impl User {
    pub(crate) const fn name(&self) -> &'static str {
        self.0
    }
}

impl FromRequest for User {
    type Error = actix_web::Error;
    type Future = Ready<actix_web::Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let cookies =
            request.headers().get_all(header::COOKIE).filter_map(|line| line.to_str().ok());
        let mut cookies = cookies.flat_map(|line| line.split("; "));
        let session = cookies.find_map(|cookie| cookie.strip_prefix("session="));
        let known = request.app_data::<web::Data<Sessions>>().map(|sessions| &sessions.0);
        let user = session.zip(known).and_then(|(session, known)| {
            known.lock().unwrap_or_else(PoisonError::into_inner).get(session).copied()
        });
        ready(user.map(Self).ok_or_else(|| ErrorUnauthorized("sign in first")))
    }
}

#[derive(Deserialize)]
struct SignIn {
    user: String,
}

#[post("/session")]
pub(crate) async fn sign_in(
    form: web::Form<SignIn>,
    sessions: web::Data<Sessions>,
) -> actix_web::Result<HttpResponse> {
    let user = PEOPLE.into_iter().find(|name| *name == form.user);
    let user = user.ok_or_else(|| ErrorBadRequest("nobody of that name is here"))?;
    let session = random().map_err(ErrorInternalServerError)?;
    let cookie = format!("session={session}; Path=/; HttpOnly; SameSite=Strict");
    sessions.0.lock().unwrap_or_else(PoisonError::into_inner).insert(session, user);
    let mut answer = HttpResponse::SeeOther();
    Ok(answer.insert_header(("location", "/")).insert_header(("set-cookie", cookie)).finish())
}
