//! Where metrics are read: a listener of their own.
//!
//! Invariant: there is one address on it, `GET /metrics`, and none of the API's or the pages'. However slow
//! the store or whoever reads, both have a limit.

use super::Metrics;
use crate::{
    net::{self, Limits, Patience, Rules},
    problem::ApiError,
    routing, serving,
    store::{Store, StoreError},
};
use actix_web::{
    App, HttpResponse,
    dev::Server,
    http::header,
    middleware::from_fn,
    web::{self, Data},
};
use std::{io, net::TcpListener, num::NonZeroUsize, sync::Arc, time::Duration};
use tokio::time::timeout;

/// OpenMetrics 1.0.
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// For the store to say what it has. What it does not say is left out.
const PATIENCE: Duration = Duration::from_secs(1);

/// What may be read, and who is asked for more.
struct Source {
    metrics: Metrics,
    store: Arc<dyn Store>,
}

/// Serves metrics on `listener` until the returned server is stopped.
///
/// # Errors
/// Those of the listener.
pub fn serve(
    metrics: &Metrics,
    store: Arc<dyn Store>,
    listener: TcpListener,
) -> io::Result<Server> {
    let source = Data::new(Source { metrics: metrics.clone(), store });
    net::serve(Arc::new(rules()), None, listener, Metrics::default(), move || {
        App::new()
            .app_data(source.clone())
            .wrap(from_fn(serving::serve_untold))
            .configure(|config| routing::get(config, "/metrics", web::to(read)))
            .default_service(web::to(HttpResponse::NotFound))
    })
}

/// Enough for some that read every few seconds.
fn rules() -> Rules {
    let stall = Duration::from_secs(10);
    let patience = Patience { stall, rate: 1024 };
    Rules {
        limits: Limits { head: stall, idle: Duration::from_secs(120), patience },
        connections: 64,
        of_one_network: 0,
        proxies: Vec::new(),
        shutdown: Duration::from_secs(1),
        workers: NonZeroUsize::new(1),
    }
}

async fn read(source: Data<Source>) -> Result<HttpResponse, ApiError> {
    let usage = timeout(PATIENCE, source.store.usage()).await;
    let usage = usage.ok().and_then(Result::ok).flatten();
    let text = source.metrics.text(usage);
    let text = text.map_err(|error| StoreError::Fault(error.to_string()))?;
    Ok(HttpResponse::Ok()
        .content_type(MEDIA_TYPE)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(text))
}
