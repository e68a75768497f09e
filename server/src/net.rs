//! Connections: how many, how slow, how large, and how they end.
//!
//! Invariant: every connection is counted from when it is accepted until it is closed, and all that is
//! read or written on it is under the rules of its [`Line`].

mod alarm;
mod certificates;
mod crowd;
mod line;
mod outlet;
mod pace;
mod stream;
mod transport;

pub(crate) use certificates::Certificates;
pub(crate) use line::Line;
pub(crate) use pace::{Pace, Patience};

use crate::metrics::Metrics;
use actix_http::{Extensions, HttpService, KeepAlive, Request, error::DispatchError};
use actix_server::{GracefulShutdownSignal, Server};
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, fn_service, map_config,
};
use actix_web::{
    Error,
    body::MessageBody,
    dev::{AppConfig, ServiceRequest, ServiceResponse},
    http::{ConnectionType, header},
};
use crowd::Crowd;
use ipnet::IpNet;
use outlet::Outlet;
use std::{
    io,
    net::{IpAddr, SocketAddr, TcpListener},
    num::NonZeroUsize,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};
use stream::LimitedStream;
use tokio::{net::TcpStream, time::timeout_at};
use transport::Transport;

/// What one connection may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// For a request's head, from its first byte or the connection's beginning.
    pub(crate) head: Duration,
    /// For a next request.
    pub(crate) idle: Duration,
    /// For bodies and for answers.
    pub(crate) patience: Patience,
}

/// How connections are taken.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    /// What each may take.
    pub(crate) limits: Limits,
    /// How many there may be; 0 = any number.
    pub(crate) connections: usize,
    /// And from one network.
    pub(crate) of_one_network: usize,
    /// Who has many visitors behind them.
    pub(crate) proxies: Vec<IpNet>,
    /// How long requests may take to end once the server is told to stop.
    pub(crate) shutdown: Duration,
    /// Threads; `None` = one per core.
    pub(crate) workers: Option<NonZeroUsize>,
}

impl Rules {
    /// Whether what this peer says of whom it forwards is believed.
    pub(crate) fn is_proxy(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.proxies.iter().any(|network| network.contains(&peer))
    }
}

/// Serves what `app` makes, one of it in each thread, until the returned server is stopped; with
/// certificates by TLS alone.
pub(crate) fn serve<App, Made, Factory, Body>(
    rules: Arc<Rules>,
    certificates: Option<Certificates>,
    listener: TcpListener,
    metrics: Metrics,
    app: App,
) -> io::Result<Server>
where
    App: Fn() -> Made + Send + Clone + 'static,
    Made: IntoServiceFactory<Factory, Request>,
    Factory: ServiceFactory<
            Request,
            Config = AppConfig,
            Response = ServiceResponse<Body>,
            Error = Error,
            InitError = (),
        > + 'static,
    <Factory::Service as Service<Request>>::Future: 'static,
    Body: MessageBody + 'static,
{
    let builder = Server::build().disable_signals();
    let builder = builder.shutdown_timeout(rules.shutdown.as_secs());
    let builder = match rules.workers {
        Some(workers) => builder.workers(workers.get()),
        None => builder,
    };
    let stopping = builder.graceful_shutdown_signal();
    let certificates = certificates.map(Arc::new);
    if let Some(certificates) = &certificates {
        certificates.watch()?;
    }
    let crowd = Arc::new(Crowd::new(rules.connections, rules.of_one_network, metrics));
    let gate = Gate { rules, crowd, certificates, stopping: stopping.clone() };
    let builder = builder.listen("waxseal", listener, move || {
        let (stopping, ending, gate) = (stopping.clone(), stopping.clone(), gate.clone());
        let http = HttpService::build()
            // These are the stream's to watch.
            .keep_alive(KeepAlive::Os)
            .client_request_timeout(Duration::ZERO)
            .client_disconnect_timeout(line::LINGER)
            // Requests under way are ended, connections without one closed.
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .on_connect_ext(move |stream: &LimitedStream, data: &mut Extensions| {
                data.insert(stream.line());
                // For requests that would wait longer than the server lasts.
                data.insert(ending.clone());
            })
            .h1(map_config(app().into_factory(), |()| AppConfig::default()));
        fn_service(move |tcp| gate.clone().admit(tcp)).and_then(http)
    })?;
    Ok(builder.run())
}

/// Where connections come in.
#[derive(Clone)]
struct Gate {
    rules: Arc<Rules>,
    crowd: Arc<Crowd>,
    certificates: Option<Arc<Certificates>>,
    stopping: GracefulShutdownSignal,
}

impl Gate {
    /// Takes a connection, or closes it.
    async fn admit(
        self,
        tcp: TcpStream,
    ) -> Result<(LimitedStream, Option<SocketAddr>), DispatchError> {
        let peer = tcp.peer_addr()?;
        let place = self.crowd.enter(peer.ip(), self.rules.is_proxy(peer.ip()));
        let place = place.ok_or_else(|| io::Error::from(io::ErrorKind::ConnectionRefused))?;
        let start = Instant::now();
        let line = Rc::new(Line::new(self.rules.limits, place, start));
        let tcp = Outlet::new(tcp, Rc::clone(&line));
        let transport = match self.certificates {
            None => Transport::Plain(tcp),
            Some(certificates) => {
                // The line's own time for a first head has begun, too: all in all there is no more of it.
                let end = (start + self.rules.limits.head).into();
                let tls = tokio::select! {
                    tls = timeout_at(end, certificates.accept(tcp)) => tls.unwrap_or_else(|late| Err(late.into())),
                    // Nobody has asked for anything yet.
                    () = self.stopping.notified() => Err(io::ErrorKind::ConnectionAborted.into()),
                };
                let tls = tls.inspect_err(|error| tracing::debug!(%error, "no handshake"))?;
                Transport::Tls(Box::new(tls))
            }
        };
        Ok((LimitedStream::new(transport, line), Some(peer)))
    }
}

/// A request that is served: its connection knows.
pub(crate) struct Served(Option<Rc<Line>>);

impl Served {
    /// It is served from now on.
    pub(crate) fn begin(request: &ServiceRequest) -> Self {
        let line = request.conn_data::<Rc<Line>>().cloned();
        if let Some(line) = &line {
            line.serve(has_body(request));
        }
        Self(line)
    }

    /// It is answered.
    pub(crate) fn end<B>(self, response: &mut ServiceResponse<B>) {
        if self.0.is_some_and(|line| line.answered(Instant::now())) {
            response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
        }
    }
}

fn has_body(request: &ServiceRequest) -> bool {
    let headers = request.headers();
    let length = headers.get(header::CONTENT_LENGTH);
    headers.contains_key(header::TRANSFER_ENCODING) || length.is_some_and(|length| length != "0")
}
