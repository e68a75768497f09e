//! The connections to Redis: one for each thread, shared by its requests, made again when it is lost. A
//! request that had to wake another thread up for each command would cost twice as much.
//!
//! Invariant: no request uses a connection to a server that was not found safe on that connection, and
//! none waits longer than a few seconds. Where one finds the server unsafe or silent, all are made again.

mod examination;
mod node;
mod way;

use super::{
    super::{Full, Reason, StoreError, Unready},
    address::Deployment,
    safety,
    scripts::Invocation,
};
use ::redis::{
    Cmd, ErrorKind, Pipeline, RedisError, RedisResult, ServerErrorKind, Value, from_redis_value,
};
use examination::Found;
use futures_util::future::try_join_all;
use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use thread_local::ThreadLocal;
use tokio::{sync::Mutex, time::timeout};
use way::{Connection, Way};

/// For an answer.
const ANSWER: Duration = Duration::from_secs(5);

/// For replicas to say that they have what was written.
const REPLICATION: Duration = Duration::from_secs(2);

/// The way to Redis, and the connections there are.
pub(super) struct Link {
    way: Way,
    replicas: u32,
    connections: ThreadLocal<Slot>,
    losses: Arc<AtomicU64>,
}

/// A thread's place for a connection.
#[derive(Default)]
struct Slot {
    live: RwLock<Option<Live>>,
    /// Held while connecting; when that last failed, and why.
    connecting: Mutex<Option<(Instant, Trouble)>>,
}

#[derive(Clone)]
struct Live {
    connection: Connection,
    found: Found,
    /// Whether Redis ended it.
    ended: Arc<AtomicBool>,
    /// How often connections were lost, and how often before this one was made.
    losses: Arc<AtomicU64>,
    before: u64,
}

/// Why there is no connection.
#[derive(Clone)]
enum Trouble {
    /// Time may mend it.
    Unreachable(String),
    /// Only an administrator can.
    Refused(String),
    /// It does not let us in.
    Denied(String),
}

impl From<Trouble> for StoreError {
    fn from(trouble: Trouble) -> Self {
        Unready::from(trouble).into()
    }
}

impl From<Trouble> for Unready {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Unreachable(text) => Reason::Unreachable.because(text),
            Trouble::Refused(text) => Reason::Unsafe(safety::setting(&text)).because(text),
            Trouble::Denied(text) => Reason::Denied.because(text),
        }
    }
}

fn way(deployment: &Deployment) -> Result<Way, StoreError> {
    Way::new(deployment).map_err(|error| StoreError::Fault(error.to_string()))
}

impl Link {
    /// Fails for certificates that are none.
    pub(super) fn could_open(deployment: &Deployment) -> Result<(), StoreError> {
        way(deployment).map(drop)
    }

    /// Fails if the server can be reached but must not be used.
    pub(super) async fn open(deployment: &Deployment) -> Result<Self, StoreError> {
        let link = Self {
            way: way(deployment)?,
            replicas: deployment.replicas,
            connections: ThreadLocal::new(),
            losses: Arc::default(),
        };
        match link.live().await {
            Err(refused @ (Trouble::Refused(_) | Trouble::Denied(_))) => return Err(refused.into()),
            Err(Trouble::Unreachable(error)) => {
                tracing::warn!(error, "Redis cannot be reached yet");
            }
            Ok(live) => {
                if let Err(error) = link.count_replicas(&live) {
                    tracing::warn!(%error, "nothing is taken or handed out before there are more");
                }
            }
        }
        Ok(link)
    }

    /// Whether keys are on different servers.
    pub(super) const fn is_cluster(&self) -> bool {
        matches!(self.way, Way::Cluster(_))
    }

    /// Runs a script.
    pub(super) async fn run(&self, script: &Invocation<'_>) -> Result<Value, StoreError> {
        self.live().await?.run(None, script, 0).await
    }

    /// Runs a script whose answer must not be given before as many replicas as are asked for have what
    /// it wrote. Without one that writes, this proves nothing. A command may go ahead of it, whose error
    /// is the script's.
    pub(super) async fn run_replicated(
        &self,
        ahead: Option<Cmd>,
        script: &Invocation<'_>,
    ) -> Result<Value, StoreError> {
        let mut live = self.live().await?;
        // A Cluster's nodes change under one connection, so each is only known when it is asked.
        if matches!(live.connection, Connection::Server(_)) && self.count_replicas(&live).is_err() {
            // There may be more by now, or another master.
            live.lose();
            live = self.live().await?;
            self.count_replicas(&live)?;
        }
        live.run(ahead, script, self.replicas).await
    }

    /// Runs commands that read, on a share each.
    pub(super) async fn query(&self, commands: Vec<Cmd>) -> Result<Vec<Value>, StoreError> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        let mut live = self.live().await?;
        let result = match &mut live.connection {
            Connection::Server(connection) => {
                let mut pipeline = Pipeline::with_capacity(commands.len());
                for command in commands {
                    pipeline.add_command(command);
                }
                pipeline.query_async(connection).await
            }
            Connection::Cluster(connection) => {
                let ask = |command: Cmd| {
                    let mut connection = connection.clone();
                    async move { command.query_async(&mut connection).await }
                };
                try_join_all(commands.into_iter().map(ask)).await
            }
        };
        live.judge(result)
    }

    /// Whether the server answers and is still safe; if not, no request uses this connection any more.
    pub(super) async fn check(&self) -> Result<(), Unready> {
        let mut live = self.live().await?;
        let examined = timeout(self.way.patience(), examination::all(&mut live.connection)).await;
        live.found = examined.unwrap_or_else(|_| Err(late())).inspect_err(|_| live.lose())?;
        self.count_replicas(&live)
    }

    fn count_replicas(&self, live: &Live) -> Result<(), Unready> {
        let (wanted, found) = (self.replicas, live.found.replicas);
        if found >= wanted {
            return Ok(());
        }
        let text = format!("redis-replicas is {wanted}, but {found} are connected");
        Err(Reason::Replicas.because(text))
    }

    async fn live(&self) -> Result<Live, Trouble> {
        let slot = self.connections.get_or_default();
        if let Some(live) = slot.current() {
            return Ok(live);
        }
        let asked = Instant::now();
        let mut failure = slot.connecting.lock().await;
        if let Some(live) = slot.current() {
            return Ok(live);
        }
        // Whoever waited while another tried has its answer.
        if let Some((_, trouble)) = failure.as_ref().filter(|(at, _)| *at >= asked) {
            return Err(trouble.clone());
        }
        let connected = timeout(self.way.patience(), self.connect()).await;
        match connected.unwrap_or_else(|_| Err(late())) {
            Ok(live) => {
                *slot.live.write().unwrap_or_else(PoisonError::into_inner) = Some(live.clone());
                Ok(live)
            }
            Err(trouble) => {
                *failure = Some((Instant::now(), trouble.clone()));
                Err(trouble)
            }
        }
    }

    async fn connect(&self) -> Result<Live, Trouble> {
        let (ended, losses) = (Arc::new(AtomicBool::new(false)), Arc::clone(&self.losses));
        let before = losses.load(Ordering::Acquire);
        let mut connection = self.way.connect(Arc::clone(&ended)).await?;
        let found = match (examination::all(&mut connection).await, &connection) {
            (Ok(found), _) => found,
            // Whichever of its nodes is away is examined when it is back, the others when they are used.
            (Err(Trouble::Unreachable(error)), Connection::Cluster(_)) => {
                tracing::warn!(error, "not all of the Cluster can be reached");
                Found { replicas: 0 }
            }
            (Err(trouble), _) => return Err(trouble),
        };
        Ok(Live { connection, found, ended, losses, before })
    }
}

impl Slot {
    fn current(&self) -> Option<Live> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        live.as_ref().filter(|live| !live.is_lost()).cloned()
    }
}

impl Live {
    fn is_lost(&self) -> bool {
        self.ended.load(Ordering::Acquire) || self.losses.load(Ordering::Acquire) != self.before
    }

    /// Has all threads look at the server again, unless they do already.
    fn lose(&self) {
        let (before, after) = (self.before, self.before + 1);
        self.losses.compare_exchange(before, after, Ordering::AcqRel, Ordering::Relaxed).ok();
    }

    /// Runs a script and waits for replicas behind it: only the connection that wrote can tell when
    /// they have what it wrote.
    async fn run(
        &mut self,
        ahead: Option<Cmd>,
        script: &Invocation<'_>,
        replicas: u32,
    ) -> Result<Value, StoreError> {
        let is_behind = ahead.is_some();
        let sent = self.send(ahead, script.known(), replicas).await;
        let mut answers = self.judge(sent)?.into_iter();
        if is_behind {
            self.judge(answers.next().transpose())?;
        }
        if matches!(answers.as_slice().first(), Some(Err(error)) if is_unknown_script(error)) {
            let sent = self.send(None, script.unknown(), replicas).await;
            answers = self.judge(sent)?.into_iter();
        }
        let mut next = || answers.next().unwrap_or(Ok(Value::Nil));
        let (answer, copies) = (next(), next());
        let answer = self.judge(answer)?;
        if replicas > 0 {
            let copies = copies.and_then(|count| Ok(from_redis_value::<u32>(count)?));
            self.judge_copies(self.judge(copies)?, replicas)?;
        }
        Ok(answer)
    }

    async fn send(
        &mut self,
        ahead: Option<Cmd>,
        script: Cmd,
        replicas: u32,
    ) -> RedisResult<Vec<RedisResult<Value>>> {
        if let (Connection::Server(connection), None, 0) = (&mut self.connection, &ahead, replicas)
        {
            return Ok(vec![script.query_async(connection).await]);
        }
        let mut pipeline = Pipeline::with_capacity(3);
        pipeline.ignore_errors();
        for command in ahead.into_iter().chain([script]) {
            pipeline.add_command(command);
        }
        if replicas > 0 {
            pipeline.cmd("WAIT").arg(replicas).arg(REPLICATION.as_millis() as u64);
        }
        match &mut self.connection {
            Connection::Server(connection) => pipeline.query_async(connection).await,
            Connection::Cluster(connection) => pipeline.query_async(connection).await,
        }
    }

    /// What fewer replicas have than must is not told to anybody. The master may be one no longer.
    fn judge_copies(&self, copies: u32, replicas: u32) -> Result<(), StoreError> {
        if copies >= replicas {
            return Ok(());
        }
        if let Connection::Server(_) = self.connection {
            self.lose();
        }
        let text =
            format!("{copies} of {replicas} replicas (redis-replicas) have what was written");
        Err(StoreError::Unavailable(text))
    }

    /// The store's error for Redis'; after one that another server or another time may mend, the next
    /// request looks at the server again.
    fn judge<T>(&self, result: RedisResult<T>) -> Result<T, StoreError> {
        result.map_err(|error| {
            let text = error.to_string();
            // Within a script, older versions put the code into the text.
            let says = |code| error.code() == Some(code) || text.contains(&format!("-{code}"));
            if says("OOM") {
                StoreError::Full(Full::Engine)
            } else if is_fault(&error) && !says("READONLY") && !says("MISCONF") {
                StoreError::Fault(text)
            } else {
                self.part_with(&error);
                StoreError::Unavailable(text)
            }
        })
    }

    /// A Cluster's connection looks for its nodes by itself, but not while one only is silent.
    fn part_with(&self, error: &RedisError) {
        let is_stuck = error.is_timeout() || error.kind() == ErrorKind::InvalidClientConfig;
        if is_stuck || matches!(self.connection, Connection::Server(_)) {
            self.lose();
        }
    }
}

fn is_unknown_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

/// Whether our commands are to blame. They are not for an answer that cannot be read: the connection
/// ended in its middle.
fn is_fault(error: &RedisError) -> bool {
    use ServerErrorKind::{CrossSlot, ResponseError};
    error.code() == Some("WRONGTYPE")
        || matches!(
            error.kind(),
            ErrorKind::Server(ResponseError | CrossSlot) | ErrorKind::UnexpectedReturnType
        )
}

impl From<RedisError> for Trouble {
    fn from(error: RedisError) -> Self {
        let text = error.to_string();
        match error.kind() {
            ErrorKind::AuthenticationFailed | ErrorKind::Server(ServerErrorKind::NoPerm) => {
                Self::Denied(text)
            }
            ErrorKind::InvalidClientConfig if text.starts_with(DENIED) => Self::Denied(text),
            ErrorKind::InvalidClientConfig => Self::Refused(text),
            _ if matches!(error.code(), Some("NOAUTH" | "WRONGPASS")) => Self::Denied(text),
            _ => Self::Unreachable(text),
        }
    }
}

/// What such an error begins with on its way through the library, which tries none of this kind again.
const DENIED: &str = "denied";

impl From<Trouble> for RedisError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Unreachable(text) => (ErrorKind::Client, "unreachable", text).into(),
            Trouble::Refused(text) => (ErrorKind::InvalidClientConfig, "refused", text).into(),
            Trouble::Denied(text) => (ErrorKind::InvalidClientConfig, DENIED, text).into(),
        }
    }
}

fn late() -> Trouble {
    Trouble::Unreachable("Redis does not answer in time".to_owned())
}
