//! The running service: what every handler shares, and how it starts.

use crate::{
    api,
    audit::{Audit, Audited, By},
    config::{AbuseContact, EmbeddingOrigins, Settings},
    identity::{Identity, Waiters},
    metrics::Metrics,
    net::{self, Certificates, Rules as NetRules},
    policy::Rules,
    rates::Rates,
    serving,
    spans::Spans,
    stopping::Stopping,
    store::Store,
    web,
};
use actix_web::{App, dev::Server, middleware::from_fn, web::Data};
use std::{io, net::TcpListener, sync::Arc};
use waxseal_core::token::OperatorToken;

/// What handlers share.
pub(crate) struct Service {
    /// Where shares live.
    pub(crate) store: Arc<dyn Store>,
    /// Where what happens is told.
    audit: Audit,
    /// Where it is counted.
    pub(crate) metrics: Metrics,
    /// Where it is traced.
    pub(crate) spans: Spans,
    /// Whether the server is about to stop.
    pub(crate) stopping: Stopping,
    /// What may be created.
    pub(crate) rules: Rules,
    /// How much of it.
    pub(crate) rates: Rates,
    /// Who may.
    pub(crate) identity: Identity,
    /// Whoever waits for a confirmation.
    pub(crate) waiters: Arc<Waiters>,
    /// How connections are taken.
    pub(crate) net: Arc<NetRules>,
    /// Whose pages may show the share dialog.
    pub(crate) embedding: EmbeddingOrigins,
    /// Where reports of abuse go.
    pub(crate) abuse_contact: Option<AbuseContact>,
    /// Whoever has it may take shares down.
    pub(crate) operator: Option<OperatorToken>,
}

impl Service {
    /// The store, for calls by somebody that are told.
    pub(crate) fn audited(&self, by: By) -> Audited {
        Audited::new(&self.store, &self.audit, by)
    }
}

/// Serves the API and the web client on `listener` until the returned server is stopped. `stopping` says
/// that this is near.
///
/// # Errors
/// Those of the listener; a certificate or keys that cannot be read, a policy that cannot be kept.
pub fn run(
    settings: &Settings,
    listener: TcpListener,
    store: Arc<dyn Store>,
    audit: Audit,
    spans: Spans,
    stopping: Stopping,
) -> io::Result<Server> {
    let connections = Arc::new(settings.connections());
    let certificates = settings.tls.files().map(Certificates::load).transpose();
    let certificates = certificates.map_err(io::Error::other)?;
    let metrics = audit.metrics().clone();
    let service = Data::new(Service {
        rates: Rates::new(settings.allowance(), Arc::clone(&store)),
        identity: Identity::new(settings, &audit).map_err(io::Error::other)?,
        waiters: Arc::default(),
        net: Arc::clone(&connections),
        store,
        audit,
        metrics: metrics.clone(),
        spans,
        stopping,
        rules: Rules::new(settings.policy()).map_err(io::Error::other)?,
        embedding: settings.embedding_origins.clone(),
        abuse_contact: settings.abuse_contact.clone(),
        operator: settings.operator_token.clone(),
    });
    net::serve(connections, certificates, listener, metrics, move || {
        App::new()
            .app_data(service.clone())
            .wrap(from_fn(serving::serve))
            // What is found without a search for a pattern comes first.
            .configure(web::routes)
            .configure(api::routes)
            .configure(web::patterns)
            .default_service(actix_web::web::to(web::not_found))
    })
}
