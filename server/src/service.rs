//! The running service: what every handler shares, and how it starts.
//!
//! Invariant: every answer that comes out of the application has the security headers and is logged
//! once, without its address.

use crate::{
    api,
    config::{AbuseContact, Settings},
    headers, logs,
    policy::Rules,
    store::Store,
    web,
};
use actix_web::{App, HttpServer, dev::Server, middleware::from_fn, web::Data};
use std::{io, net::TcpListener, sync::Arc, time::Duration};
use waxseal_core::token::OperatorToken;

/// What handlers share.
pub(crate) struct Service {
    /// Where shares live.
    pub(crate) store: Arc<dyn Store>,
    /// What may be created.
    pub(crate) rules: Rules,
    /// Where reports of abuse go.
    pub(crate) abuse_contact: Option<AbuseContact>,
    /// Whoever has it may take shares down.
    pub(crate) operator: Option<OperatorToken>,
    /// How long a request's body may make no progress.
    pub(crate) body_timeout: Duration,
}

/// Longer than reverse proxies keep an idle connection, so that they never find one just closed.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long requests may take to end once the server is told to stop.
const SHUTDOWN_SECONDS: u64 = 10;

/// Serves the API and the web client on `listener` until the returned server is stopped.
///
/// # Errors
/// Those of the listener, and a policy that cannot be kept.
pub fn run(
    settings: &Settings,
    listener: TcpListener,
    store: Arc<dyn Store>,
) -> io::Result<Server> {
    let service = Data::new(Service {
        store,
        rules: Rules::new(settings.policy()).map_err(io::Error::other)?,
        abuse_contact: settings.abuse_contact.clone(),
        operator: settings.operator_token.clone(),
        body_timeout: settings.body_timeout,
    });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(service.clone())
            .wrap(headers::security())
            .wrap(from_fn(logs::request))
            .configure(api::routes)
            .configure(web::routes)
            .default_service(actix_web::web::to(web::not_found))
    })
    .keep_alive(KEEP_ALIVE)
    .shutdown_timeout(SHUTDOWN_SECONDS)
    .disable_signals();
    let server = match settings.workers {
        Some(workers) => server.workers(workers.get()),
        None => server,
    };
    Ok(server.listen(listener)?.run())
}
