//! A server of one's own, a client for it, and shares to put there.

mod application;
mod client;
pub(crate) mod collector;
mod documented;
pub(crate) mod email;
pub(crate) mod exposed;
mod process;
mod share;
mod tls;
mod wire;

pub(crate) use application::{Application, Publisher};
pub(crate) use client::{Client, Reply};
pub(crate) use collector::Collector;
pub(crate) use documented::Documented;
pub(crate) use exposed::Exposed;
pub(crate) use process::Process;
pub(crate) use share::{Share, claim_token};
pub(crate) use tls::Site;
pub(crate) use wire::Wire;

use std::{
    net::TcpListener,
    ops::Deref,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::Duration,
};
use tempfile::TempDir;
use waxseal_core::time::Timestamp;
use waxseal_server::{
    Stopping,
    audit::Audit,
    config::Settings,
    run,
    spans::Spans,
    store::{Clock, Store, sqlite::SqliteStore},
};

/// A clock that tests move.
#[derive(Default)]
pub(crate) struct TestClock(AtomicU64);

impl TestClock {
    pub(crate) fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_millis() as u64, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    /// From 2026-03-03T14:02:00Z on.
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(1_772_546_520_000 + self.0.load(Ordering::SeqCst))
    }
}

/// A server in this process, stopped when dropped.
pub(crate) struct TestServer {
    pub(crate) clock: Arc<TestClock>,
    client: Client,
    handle: actix_web::dev::ServerHandle,
    thread: Option<JoinHandle<()>>,
    _folder: TempDir,
}

impl TestServer {
    /// With the default settings.
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// With these flags.
    pub(crate) fn with(flags: &[&str]) -> Self {
        Self::over(flags, async |path, settings, clock| {
            SqliteStore::open(path, settings.retention(), settings.quota(), clock)
                .expect("the folder is empty")
        })
    }

    /// With these flags, over another store.
    pub(crate) fn over<Open, S>(flags: &[&str], open: Open) -> Self
    where
        Open: AsyncFnOnce(&Path, &Settings, Arc<dyn Clock>) -> S + Send + 'static,
        S: Store + 'static,
    {
        let args = ["waxseal-server", "--workers=1"].iter().chain(flags);
        let settings = Settings::load(args, []).expect("the flags fit");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("waxseal.db");
        let clock = Arc::new(TestClock::default());
        let its_clock = clock.clone();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let client = Client::new(listener.local_addr().expect("the listener is bound"));
        let (started, handle) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async {
                let store = open(&path, &settings, its_clock).await;
                let (audit, stopping) = (Audit::default(), Stopping::default());
                let server =
                    run(&settings, listener, Arc::new(store), audit, Spans::default(), stopping)
                        .expect("the server starts");
                started.send(server.handle()).expect("the test waits for it");
                server.await.expect("the server ends well");
            });
        });
        let handle = handle.recv().expect("the server starts");
        Self { clock, client, handle, thread: Some(thread), _folder: folder }
    }
}

impl Deref for TestServer {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        // Telling is enough, the future only waits.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            // A server that panicked has failed its test already.
            let _ = thread.join();
        }
    }
}
