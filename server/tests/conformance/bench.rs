//! A store to test, on an engine of the case's choice, with a clock that the case moves.
//!
//! Invariant: nothing is shared between two benches.

use crate::{redis_cluster::Cluster, redis_server::RedisServer, sample::Sample};
use std::{
    collections::HashSet,
    ffi::OsString,
    fs,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tempfile::TempDir;
use waxseal_core::{time::Timestamp, token::TokenHash};
use waxseal_server::{
    config::Settings,
    metrics::Metrics,
    spans::Spans,
    store::{
        Admission, Clock, Opened, Quota, Receipt, Retention, Store, StoreError, redis::RedisStore,
        sqlite::SqliteStore,
    },
};

/// How long to wait for what happens without a request.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Expects a call to be refused in a certain way.
macro_rules! assert_refused {
    ($call:expr, $error:pat $(if $guard:expr)? $(,)?) => {
        match $call {
            Err($error) $(if $guard)? => {}
            other => panic!("expected {}, got {other:?}", stringify!($error)),
        }
    };
}

/// The engines there are.
#[derive(Clone, Copy)]
pub(crate) enum Engine {
    Sqlite,
    Redis,
    Cluster,
}

/// A clock that stands until it is moved.
pub(crate) struct Hands(AtomicU64);

impl Hands {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(1_772_546_520_123)))
    }

    pub(crate) fn advance(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).expect("no case waits that long");
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    pub(crate) fn set_back(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).expect("no case goes back that far");
        self.0.fetch_sub(millis, Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Where the engine keeps its data.
enum Home {
    Sqlite(TempDir),
    Redis(RedisServer),
    Cluster(Arc<Mutex<Cluster>>),
}

/// A store and its clock.
pub(crate) struct Bench {
    store: Option<Arc<dyn Store>>,
    pub(crate) clock: Arc<Hands>,
    retention: Retention,
    quota: Quota,
    home: Home,
}

impl Engine {
    pub(crate) async fn start(self) -> Bench {
        self.start_with(Retention::default()).await
    }

    pub(crate) async fn start_with(self, retention: Retention) -> Bench {
        self.start_within(retention, Quota::default()).await
    }

    pub(crate) async fn start_within(self, retention: Retention, quota: Quota) -> Bench {
        let home = match self {
            Self::Sqlite => Home::Sqlite(tempfile::tempdir().expect("a folder can be made")),
            Self::Redis => Home::Redis(RedisServer::start(&[])),
            Self::Cluster => Home::Cluster(empty_cluster()),
        };
        let mut bench = Bench { store: None, clock: Hands::new(), retention, quota, home };
        bench.open().await;
        bench
    }
}

/// With what measures its calls, which must not change them.
fn measured(store: Arc<dyn Store>) -> Arc<dyn Store> {
    let flags = ["waxseal-server", "--metrics-listen=127.0.0.1:0"].map(OsString::from);
    let settings = Settings::load(flags, []).unwrap_or_else(|error| panic!("{error}"));
    let metrics = Metrics::new(&settings);
    assert!(metrics.is_on());
    metrics.measure(store, &Spans::default())
}

impl Bench {
    async fn open(&mut self) {
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as _;
        let store: Result<Arc<dyn Store>, StoreError> = match &self.home {
            Home::Sqlite(folder) => {
                let path = folder.path().join("data").join("waxseal.db");
                SqliteStore::open(&path, self.retention, self.quota, clock)
                    .map(|store| measured(Arc::new(store)))
            }
            Home::Redis(server) => self.connect(&server.url(), clock).await,
            Home::Cluster(cluster) => {
                let url = lock(cluster).url();
                self.connect(&url, clock).await
            }
        };
        self.store = Some(store.expect("the store opens"));
    }

    async fn connect(
        &self,
        url: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<dyn Store>, StoreError> {
        let deployment = url.parse().expect("an address");
        let store = RedisStore::connect(&deployment, self.retention, self.quota, clock).await;
        store.map(|store| Arc::new(store) as _)
    }

    /// Ends the store, and Redis by a crash, and opens it again.
    pub(crate) async fn reopen(&mut self) {
        self.store = None;
        match &mut self.home {
            Home::Sqlite(_) => {}
            Home::Redis(server) => {
                server.kill();
                assert!(server.run());
            }
            Home::Cluster(cluster) => lock(cluster).crash(),
        }
        self.open().await;
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        Arc::clone(self.store.as_ref().expect("the store is open"))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    pub(crate) fn set_back(&self, by: Duration) {
        self.clock.set_back(by);
    }

    pub(crate) async fn create(&self, sample: &Sample) -> Receipt {
        self.store()
            .create(sample.new.clone(), Admission::Live)
            .await
            .expect("a new share is taken")
            .answer
    }

    /// Creates a share of several parts and publishes it.
    pub(crate) async fn upload(&self, sample: &Sample) -> Receipt {
        let store = self.store();
        self.create(sample).await;
        for n in 0..sample.new.size.parts() {
            let part = sample.part(n);
            store.put_part(sample.new.id, sample.new.owner, n, part).await.expect("it fits");
        }
        store
            .publish(sample.new.id, sample.new.owner, Admission::Live)
            .await
            .expect("all parts are there")
            .answer
    }

    /// Claims with the right tokens.
    pub(crate) async fn claim(
        &self,
        sample: &Sample,
        claim: TokenHash,
    ) -> Result<Opened, StoreError> {
        let Sample { new, proof, .. } = sample;
        let done = self.store().claim(new.id, new.access, claim, *proof).await;
        done.map(|done| done.answer)
    }

    /// Whether anything of the share's content is kept anywhere.
    pub(crate) fn holds(&self, sample: &Sample) -> bool {
        match &self.home {
            Home::Sqlite(folder) => folder_holds(folder.path(), &sample.words()),
            Home::Redis(server) => redis_holds(server, sample),
            Home::Cluster(cluster) => (0..3).any(|n| redis_holds(lock(cluster).node(n), sample)),
        }
    }

    /// Waits until nothing of the content is kept, without a request. Redis goes by its own time there,
    /// as `only_redis` tests.
    pub(crate) fn loses_unasked(&self, sample: &Sample) {
        if let Home::Sqlite(_) = self.home {
            self.loses(sample);
        }
    }

    /// Waits until nothing of the share's content is kept.
    fn loses(&self, sample: &Sample) {
        let deadline = Instant::now() + PATIENCE;
        while self.holds(sample) {
            assert!(Instant::now() < deadline, "the content stays");
            std::thread::yield_now();
        }
    }
}

fn redis_holds(server: &RedisServer, sample: &Sample) -> bool {
    let pattern = format!("waxseal:{{{}}}:*", sample.new.id.to_base64url());
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg(pattern)
        .query(&mut server.connection())
        .expect("a running server answers");
    keys.iter().any(|key| !key.ends_with(":record") && !key.ends_with(":claims"))
}

/// The Cluster of this process, which takes longer to start than most cases last.
static CLUSTER: Mutex<Weak<Mutex<Cluster>>> = Mutex::new(Weak::new());

/// Starts the Cluster that benches have as long as this is kept, one after the other.
pub(crate) fn start_cluster() -> Arc<Mutex<Cluster>> {
    let cluster = Arc::new(Mutex::new(Cluster::start(false)));
    *CLUSTER.lock().expect("nothing panics with it") = Arc::downgrade(&cluster);
    cluster
}

/// That Cluster, emptied.
fn empty_cluster() -> Arc<Mutex<Cluster>> {
    let cluster = CLUSTER.lock().expect("nothing panics with it").upgrade();
    let cluster = cluster.expect("it was started for all benches");
    for n in 0..3 {
        let () = lock(&cluster).ask(n, &mut redis::cmd("FLUSHALL"));
    }
    cluster
}

fn lock(cluster: &Mutex<Cluster>) -> MutexGuard<'_, Cluster> {
    cluster.lock().expect("no case has failed before")
}

/// Whether a file in the folder or below has any of the words, at any place.
pub(crate) fn folder_holds(folder: &Path, words: &HashSet<u64>) -> bool {
    fs::read_dir(folder).expect("the folder is there").any(|entry| {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            return folder_holds(&path, words);
        }
        let mut last = 0;
        // A file may go while we look.
        fs::read(path).unwrap_or_default().into_iter().any(|byte| {
            last = last << 8 | u64::from(byte);
            words.contains(&last)
        })
    })
}
