//! How a connection is made: to one server, to the master that Sentinels name, to a Cluster.
//!
//! Invariant: whatever is connected to speaks RESP3, which tells of a lost connection.

use super::{
    super::address::{Address, Deployment, Sentinels},
    ANSWER,
    node::Node,
};
use ::redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, ProtocolVersion, PushInfo, PushKind,
    RedisError, RedisResult, TlsCertificates, TlsMode,
    aio::MultiplexedConnection,
    cluster::{ClusterClient, ClusterClientBuilder},
    cluster_async::ClusterConnection,
    sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::Mutex;

/// For one connection to be made, of several that may have to be tried.
const ONE: Duration = Duration::from_secs(1);

/// How often a request to a Cluster is sent anew when a node says that it did nothing.
const RETRIES: u32 = 4;
const RETRY_WAIT_MILLIS: (u64, u64) = (50, 500);

/// The way to Redis.
pub(super) enum Way {
    Server(Box<Client>),
    Sentinel(Box<Mutex<SentinelClient>>),
    Cluster(Box<ClusterClient>),
}

/// What requests are sent over.
#[derive(Clone)]
pub(super) enum Connection {
    Server(MultiplexedConnection),
    Cluster(ClusterConnection<Node>),
}

impl Way {
    pub(super) fn new(deployment: &Deployment) -> RedisResult<Self> {
        let certificates = deployment.is_tls().then(|| {
            // Another part of the process may have been first.
            rustls::crypto::ring::default_provider().install_default().ok();
            deployment.certificates.clone()
        });
        Ok(match (&deployment.address, certificates) {
            (Address::Server(node), None) => Self::Server(Box::new(Client::open(node.clone())?)),
            (Address::Server(node), Some(certificates)) => {
                Self::Server(Box::new(Client::build_with_tls(node.clone(), certificates)?))
            }
            (Address::Sentinel(sentinels), certificates) => {
                Self::Sentinel(Box::new(Mutex::new(sentinel(sentinels, certificates)?)))
            }
            (Address::Cluster(nodes), certificates) => {
                let (least, most) = RETRY_WAIT_MILLIS;
                let builder = ClusterClientBuilder::new(nodes.clone())
                    .connection_timeout(ONE)
                    .response_timeout(ANSWER)
                    .overall_response_timeout(Some(ANSWER))
                    .retries(RETRIES)
                    .min_retry_wait(least)
                    .max_retry_wait(most);
                let builder = match certificates {
                    Some(certificates) => builder.certs(certificates),
                    None => builder,
                };
                Self::Cluster(Box::new(builder.build()?))
            }
        })
    }

    /// For a connection to be made and found safe.
    pub(super) const fn patience(&self) -> Duration {
        Duration::from_secs(match self {
            Self::Server(_) => 2,
            // The first that are asked may not be there.
            Self::Sentinel(_) | Self::Cluster(_) => 4,
        })
    }

    /// A new connection; `ended` is set when it is.
    pub(super) async fn connect(&self, ended: Arc<AtomicBool>) -> RedisResult<Connection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.patience()))
            .set_response_timeout(Some(ANSWER))
            .set_push_sender(move |push: PushInfo| {
                if push.kind == PushKind::Disconnection {
                    ended.store(true, Ordering::Release);
                }
                Ok::<(), ()>(())
            });
        Ok(match self {
            Self::Server(client) => Connection::Server(
                client.get_multiplexed_async_connection_with_config(&config).await?,
            ),
            Self::Sentinel(client) => Connection::Server(
                client.lock().await.get_async_connection_with_config(&config).await?,
            ),
            // It makes lost connections again by itself.
            Self::Cluster(client) => {
                Connection::Cluster(client.get_async_generic_connection().await?)
            }
        })
    }
}

fn sentinel(
    sentinels: &Sentinels,
    certificates: Option<TlsCertificates>,
) -> RedisResult<SentinelClient> {
    let nodes = sentinels.nodes.iter().map(|node| node.addr().clone());
    let nodes: Vec<ConnectionAddr> = nodes.collect();
    let own = sentinels.nodes.first().map(|node| node.redis_settings().clone());
    let own =
        own.ok_or_else(|| RedisError::from((ErrorKind::EmptySentinelList, "no Sentinels")))?;
    let settings = sentinels.redis.redis_settings();
    let mut builder =
        SentinelClientBuilder::new(nodes, &sentinels.master, SentinelServerType::Master)?
            .set_client_to_redis_protocol(ProtocolVersion::RESP3)
            .set_client_to_redis_db(settings.db());
    if let Some(user) = settings.username() {
        builder = builder.set_client_to_redis_username(user);
    }
    if let Some(password) = settings.password() {
        builder = builder.set_client_to_redis_password(password);
    }
    if let Some(user) = own.username() {
        builder = builder.set_client_to_sentinel_username(user);
    }
    if let Some(password) = own.password() {
        builder = builder.set_client_to_sentinel_password(password);
    }
    if let Some(certificates) = certificates {
        builder = builder
            .set_client_to_redis_tls_mode(TlsMode::Secure)
            .set_client_to_redis_certificates(certificates.clone())
            .set_client_to_sentinel_tls_mode(TlsMode::Secure)
            .set_client_to_sentinel_certificates(certificates);
    }
    builder.build()
}
