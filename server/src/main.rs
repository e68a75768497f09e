//! The `waxseal-server` command.
//!
//! Invariant: standard output carries one line, the address, and it says so when the settings were only to be
//! checked; everything else is a log, but what is wrong with the settings, since they say how to log.

use anyhow::Context;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sd_notify::NotifyState;
use std::{
    io::{self, IsTerminal, Write},
    net::{SocketAddr, TcpListener},
    process::{ExitCode, exit},
    sync::Arc,
};
use tokio::{
    net::TcpSocket,
    signal::unix::{SignalKind, signal},
    time::sleep,
};
use waxseal_server::{
    Stopping,
    audit::Audit,
    check,
    config::{ConfigError, Settings, StoreUrl},
    logs,
    metrics::{self, Metrics},
    run,
    spans::Spans,
    store::{Clock, Store, SystemClock, redis::RedisStore, sqlite::SqliteStore},
};

/// Files that are no connections, and more than there are.
const OTHER_FILES: usize = 256;

#[actix_web::main]
async fn main() -> ExitCode {
    let settings = Settings::load(std::env::args_os(), std::env::vars_os()).unwrap_or_else(refuse);
    if settings.check_config {
        return tell_faults(&check::faults(&settings));
    }
    logs::init(settings.log_level);
    match serve(&settings).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(cause = format!("{error:#}"), "cannot serve");
            ExitCode::FAILURE
        }
    }
}

async fn serve(settings: &Settings) -> anyhow::Result<()> {
    allow_files(settings.max_connections);
    let metrics = Metrics::new(settings);
    let audit = Audit::start(&settings.audit)?.counted(metrics.clone());
    let spans = Spans::start(settings);
    let store = metrics.measure(open(settings, &audit).await?, &spans);
    let listener = listen(settings.listen)?;
    let address = listener.local_addr()?;
    if let Some(address) = settings.metrics_listen {
        tell_metrics(address, &metrics, Arc::clone(&store))?;
    }
    let stopping = Stopping::default();
    let server = run(settings, listener, store, audit.clone(), spans.clone(), stopping.clone())?;
    heed_hangups(settings, &audit)?;

    let (handle, delay) = (server.handle(), settings.shutdown_delay);
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    actix_web::rt::spawn(async move {
        let mut told = async || {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        };
        told().await;
        tracing::info!("stopping");
        // Nobody need hear it.
        let _ = sd_notify::notify(&[NotifyState::Stopping]);
        stopping.begin();
        tokio::select! { () = sleep(delay) => {}, () = told() => {} }
        handle.stop(true).await;
    });

    tracing::info!(%address, "listening");
    // Whoever starts the server on port 0 reads the port here.
    let scheme = if settings.tls.is_on() { "https" } else { "http" };
    writeln!(std::io::stdout(), "listening on {scheme}://{address}")?;
    // Whoever runs services may wait for this. Where nobody does it says nothing.
    sd_notify::notify(&[NotifyState::Ready])?;
    let ended = server.await;
    audit.settle().await;
    spans.settle().await;
    Ok(ended?)
}

/// Has metrics read on an address of their own, as long as the process lives.
fn tell_metrics(
    address: SocketAddr,
    metrics: &Metrics,
    store: Arc<dyn Store>,
) -> anyhow::Result<()> {
    let listener = listen(address)?;
    let address = listener.local_addr()?;
    actix_web::rt::spawn(metrics::serve(metrics, store, listener)?);
    tracing::info!(%address, "metrics are told");
    Ok(())
}

/// SIGHUP says that files were moved away or replaced. It ends only a server that has none, and that a
/// terminal was closed on: a service is told to look again, whatever it has.
fn heed_hangups(settings: &Settings, audit: &Audit) -> io::Result<()> {
    let has_files = audit.has_file() || settings.tls.is_on();
    if !has_files && io::stdin().is_terminal() {
        return Ok(());
    }
    let mut hangup = signal(SignalKind::hangup())?;
    let audit = audit.clone();
    actix_web::rt::spawn(async move {
        while hangup.recv().await.is_some() {
            audit.reopen();
        }
    });
    Ok(())
}

/// Asks for all the open files that the system lets a process have: each connection is one, and what
/// there is to begin with is often 1,024.
fn allow_files(connections: usize) {
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    let most = if raised.is_ok() { limit.maximum } else { limit.current };
    let needed = (connections + OTHER_FILES) as u64;
    if let Some(most) = most.filter(|most| *most < needed) {
        tracing::warn!(most, needed, "the limit of open files is too low for max-connections");
    }
}

/// With a longer queue than the standard library's of 128: whoever does not fit in believes to be
/// connected, and waits for ever.
fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    try_listen(address).with_context(|| format!("cannot listen on {address}"))
}

fn try_listen(address: SocketAddr) -> io::Result<TcpListener> {
    const QUEUE: u32 = 4096;
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(QUEUE)?.into_std()
}

async fn open(settings: &Settings, audit: &Audit) -> anyhow::Result<Arc<dyn Store>> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (retention, quota) = (settings.retention(), settings.quota());
    Ok(match settings.store() {
        StoreUrl::Sqlite(path) => {
            let audit = audit.clone();
            let expired = move |id| audit.expired(id);
            Arc::new(SqliteStore::open_telling(&path, retention, quota, clock, expired)?)
        }
        StoreUrl::Redis(address) => {
            let deployment = settings.deployment(&address)?;
            Arc::new(RedisStore::connect(&deployment, retention, quota, clock).await?)
        }
    })
}

/// One a line, on standard error; or that there are none.
fn tell_faults(faults: &[String]) -> ExitCode {
    if faults.is_empty() {
        // As below.
        let _ = writeln!(io::stdout(), "settings are fine");
        return ExitCode::SUCCESS;
    }
    for fault in faults {
        // Where standard error is closed there is nobody to tell.
        let _ = writeln!(io::stderr(), "error: {fault}");
    }
    ExitCode::from(2)
}

fn refuse(error: ConfigError) -> Settings {
    match &error {
        ConfigError::Settings(error) => error.exit(),
        _ => {
            tell_faults(&[error.to_string()]);
            exit(2)
        }
    }
}
