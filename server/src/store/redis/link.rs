//! The connection to Redis: one, shared by all requests, made again when it is lost.
//!
//! Invariant: no request uses a connection to a server that was not found safe on that connection, and
//! none waits longer than a few seconds.

use super::{
    super::{Full, StoreError},
    safety,
};
use ::redis::{
    AsyncConnectionConfig, Client, ErrorKind, IntoConnectionInfo, Pipeline, ProtocolVersion,
    PushInfo, PushKind, RedisError, RedisResult, ScriptInvocation, ServerErrorKind, Value,
    aio::MultiplexedConnection, cmd,
};
use std::{
    collections::HashMap,
    sync::{
        Arc, Once, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{sync::Mutex, time::timeout};

/// For a connection to be made and found safe.
const CONNECT: Duration = Duration::from_secs(2);

/// For an answer.
const ANSWER: Duration = Duration::from_secs(5);

/// The way to the server.
pub(super) struct Link {
    client: Client,
    live: RwLock<Option<Live>>,
    /// Held while connecting; when that last failed, and why.
    connecting: Mutex<Option<(Instant, Trouble)>>,
    warned: Once,
}

#[derive(Clone)]
struct Live {
    connection: MultiplexedConnection,
    lost: Arc<AtomicBool>,
}

/// Why there is no connection.
#[derive(Clone)]
enum Trouble {
    /// Time may mend it.
    Unreachable(String),
    /// Only an administrator can.
    Refused(String),
}

impl From<Trouble> for StoreError {
    fn from(trouble: Trouble) -> Self {
        let (Trouble::Unreachable(text) | Trouble::Refused(text)) = trouble;
        Self::Unavailable(text)
    }
}

impl Link {
    /// Fails if the server can be reached but must not be used.
    pub(super) async fn open(url: &str) -> Result<Self, StoreError> {
        let link = Self {
            client: client(url).map_err(|error| StoreError::Fault(error.to_string()))?,
            live: RwLock::new(None),
            connecting: Mutex::new(None),
            warned: Once::new(),
        };
        match link.live().await {
            Err(refused @ Trouble::Refused(_)) => return Err(refused.into()),
            Err(Trouble::Unreachable(error)) => {
                tracing::warn!(error, "Redis cannot be reached yet");
            }
            Ok(_) => {}
        }
        Ok(link)
    }

    /// Runs a script.
    pub(super) async fn run(&self, script: &ScriptInvocation<'_>) -> Result<Value, StoreError> {
        let mut live = self.live().await?;
        let result = script.invoke_async(&mut live.connection).await;
        live.judge(result)
    }

    /// Runs commands that read.
    pub(super) async fn query(&self, pipeline: &Pipeline) -> Result<Vec<Value>, StoreError> {
        if pipeline.is_empty() {
            return Ok(Vec::new());
        }
        let mut live = self.live().await?;
        let result = pipeline.query_async(&mut live.connection).await;
        live.judge(result)
    }

    /// Whether the server answers and is still safe; if not, no request uses this connection any more.
    pub(super) async fn check(&self) -> Result<(), StoreError> {
        let mut live = self.live().await?;
        let result = timeout(CONNECT, self.examine(&mut live.connection)).await;
        result.unwrap_or_else(|_| Err(late())).map_err(|trouble| {
            live.lose();
            trouble.into()
        })
    }

    fn current(&self) -> Option<Live> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        live.as_ref().filter(|live| !live.lost.load(Ordering::Acquire)).cloned()
    }

    async fn live(&self) -> Result<Live, Trouble> {
        if let Some(live) = self.current() {
            return Ok(live);
        }
        let asked = Instant::now();
        let mut failure = self.connecting.lock().await;
        if let Some(live) = self.current() {
            return Ok(live);
        }
        // Whoever waited while another tried has its answer.
        if let Some((_, trouble)) = failure.as_ref().filter(|(at, _)| *at >= asked) {
            return Err(trouble.clone());
        }
        match timeout(CONNECT, self.connect()).await.unwrap_or_else(|_| Err(late())) {
            Ok(live) => {
                *self.live.write().unwrap_or_else(PoisonError::into_inner) = Some(live.clone());
                Ok(live)
            }
            Err(trouble) => {
                *failure = Some((Instant::now(), trouble.clone()));
                Err(trouble)
            }
        }
    }

    async fn connect(&self) -> Result<Live, Trouble> {
        let lost = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&lost);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(ANSWER))
            .set_push_sender(move |push: PushInfo| {
                if push.kind == PushKind::Disconnection {
                    flag.store(true, Ordering::Release);
                }
                Ok::<(), ()>(())
            });
        let mut connection =
            self.client.get_multiplexed_async_connection_with_config(&config).await?;
        self.examine(&mut connection).await?;
        Ok(Live { connection, lost })
    }

    /// Finds out whether the server is safe.
    async fn examine(&self, connection: &mut MultiplexedConnection) -> Result<(), Trouble> {
        let info: String = cmd("INFO").query_async(connection).await?;
        if info.contains("\nloading:1") {
            return Err(Trouble::Unreachable("Redis is loading its data".to_owned()));
        }
        safety::check(&info).map_err(Trouble::Refused)?;
        let mut config = cmd("CONFIG");
        // Denied by many providers.
        let settings: RedisResult<HashMap<String, String>> =
            config.arg("GET").arg("appendfsync").query_async(connection).await;
        let settings = settings.unwrap_or_default();
        let policy = settings.get("appendfsync").map(String::as_str);
        if let Some(warning) = safety::warning(&info, policy) {
            self.warned.call_once(|| tracing::warn!("{warning}"));
        }
        Ok(())
    }
}

impl Live {
    fn lose(&self) {
        self.lost.store(true, Ordering::Release);
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
                self.lose();
                StoreError::Unavailable(text)
            }
        })
    }
}

/// Whether our commands are to blame.
fn is_fault(error: &RedisError) -> bool {
    use ServerErrorKind::{CrossSlot, ResponseError};
    error.code() == Some("WRONGTYPE")
        || matches!(
            error.kind(),
            ErrorKind::Server(ResponseError | CrossSlot)
                | ErrorKind::UnexpectedReturnType
                | ErrorKind::Parse
        )
}

impl From<RedisError> for Trouble {
    fn from(error: RedisError) -> Self {
        let text = error.to_string();
        match error.kind() {
            ErrorKind::AuthenticationFailed
            | ErrorKind::InvalidClientConfig
            | ErrorKind::Server(ServerErrorKind::NoPerm) => Self::Refused(text),
            _ if matches!(error.code(), Some("NOAUTH" | "WRONGPASS")) => Self::Refused(text),
            _ => Self::Unreachable(text),
        }
    }
}

fn late() -> Trouble {
    Trouble::Unreachable("Redis does not answer in time".to_owned())
}

/// With the protocol that tells of a lost connection before a request finds out.
fn client(url: &str) -> RedisResult<Client> {
    let info = url.into_connection_info()?;
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Client::open(info.set_redis_settings(settings))
}
