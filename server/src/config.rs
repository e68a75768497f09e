//! Settings: defaults, TOML file, environment and flags, the later over the earlier.
//!
//! Invariant: [`Settings`] that exist are consistent: the default expiry is one of those offered and
//! the largest share is one that a sealed body can hold.

mod abuse_contact;
mod audit;
mod embedding;
mod errors;
mod expiries;
mod grant_keys;
mod hidden;
mod identity;
mod otlp;
mod proxies;
mod store_url;
mod tls;

pub use abuse_contact::AbuseContact;
pub use audit::{AuditAddresses, AuditAddressesError, AuditKey, AuditSettings, AuditTo};
pub use embedding::{EmbeddingOrigins, EmbeddingOriginsError};
use errors::CheckError;
pub use errors::ConfigError;
pub use expiries::{Expiries, ExpiriesError};
pub use grant_keys::{GrantKeys, GrantKeysError};
pub use identity::{IdentitySettings, SmtpTls, SmtpTlsError};
pub use otlp::{OtlpEndpoint, OtlpEndpointError, OtlpSettings, Ratio, RatioError};
pub use proxies::{Proxies, ProxiesError};
pub use store_url::StoreUrl;
pub use tls::TlsSettings;
pub(crate) use tls::{TlsFiles, authorities};

use crate::{
    net::{self, Limits, Patience},
    policy::Rules,
    rates::Allowance,
    store::{Quota, Retention, redis::Deployment},
};
use conf::Conf;
use expiries::expiry;
use hidden::Hidden;
use std::{ffi::OsString, fmt, net::SocketAddr, num::NonZeroUsize, path::PathBuf, time::Duration};
use store_url::StoreUrlError;
use tracing::level_filters::LevelFilter;
use waxseal_core::{
    token::OperatorToken,
    wire::{ConfirmationPolicy, ExpiresIn, IdentityMode, Policy},
};

const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;

/// How many uploads of the largest size may be under way at once, unless a setting says otherwise.
const LARGEST_STAGED: u64 = 8;

/// No connection waits longer for anything.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// The Waxseal server: keeps ciphertext, hands it out once.
#[derive(Debug, Conf)]
#[conf(env_prefix = "WAXSEAL_", name = "waxseal-server", version, serde, test)]
#[conf(validation_predicate = Settings::check_times)]
#[conf(validation_predicate = Settings::check_tls)]
#[conf(validation_predicate = Settings::check_store)]
#[conf(validation_predicate = Settings::check_identity)]
#[conf(validation_predicate = Settings::check_otlp)]
#[conf(validation_predicate = Settings::check_audit)]
#[conf(validation_predicate = Settings::check_policy)]
pub struct Settings {
    /// TOML file with settings; flags and environment go before it.
    #[conf(long, env, serde(skip))]
    pub config: Option<PathBuf>,

    /// Only says whether the settings, and the files that they name, are fine: by its exit code, 0 or 2.
    #[conf(long, serde(skip))]
    pub check_config: bool,

    /// IP address and port to listen on; port 0 takes a free one.
    #[conf(long, env, default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// TLS without a proxy.
    #[conf(flatten, serde(flatten))]
    pub tls: TlsSettings,

    /// IP address and port on which metrics are read: plain HTTP, for whoever reaches it.
    #[conf(long, env)]
    pub metrics_listen: Option<SocketAddr>,

    /// Traces.
    #[conf(flatten, serde(flatten))]
    pub otlp: OtlpSettings,

    /// Where shares are kept: sqlite:PATH or redis://[user:password@]host[:port][/db]; docs/redis.md
    /// has the addresses for TLS, Cluster and Sentinel.
    #[conf(long, env, default_value = "sqlite:./data/waxseal.db", serde(use_value_parser))]
    store: Hidden,

    /// Replicas of Redis that must have a share, its opening or its end before it is answered.
    #[conf(long, env, default_value = "0")]
    pub redis_replicas: u32,

    /// File with the certificates of the only authorities that are trusted for Redis (PEM).
    #[conf(long, env, default_help_str = "the system's")]
    pub redis_ca: Option<PathBuf>,

    /// File with the certificate that is shown to Redis (PEM).
    #[conf(long, env)]
    pub redis_cert: Option<PathBuf>,

    /// File with the key of that certificate (PEM).
    #[conf(long, env)]
    pub redis_key: Option<PathBuf>,

    /// Largest share, in unpadded bytes of its attachments.
    #[conf(long, env, default_help_str = "2147483648 on sqlite, 104857600 on redis")]
    pub max_bytes: Option<u64>,

    /// Most bytes stored, all shares together, as sealed.
    #[conf(long, env, default_help_str = "no limit")]
    pub max_stored_bytes: Option<u64>,

    /// Most bytes of uploads that are not yet published, all together, as sealed; part of the above.
    #[conf(long, env, default_help_str = "8 of the largest shares on sqlite, no limit on redis")]
    pub max_staged_bytes: Option<u64>,

    /// Expiries offered, in seconds: 60 to 2592000 (30 days), comma-separated (a list in TOML).
    #[conf(long, env, default_value = "3600,43200,86400,432000,2592000")]
    pub expiries: Expiries,

    /// The expiry chosen beforehand, in seconds; one of those offered.
    #[conf(long, env, default_value = "86400", value_parser = expiry)]
    pub default_expiry: ExpiresIn,

    /// Whether one-time viewing is chosen beforehand.
    #[conf(parameter, long, env, default_value = "true", default_if_missing = "true")]
    pub one_time: bool,

    /// Whether every share must be one-time.
    #[conf(parameter, long, env, default_value = "false", default_if_missing = "true")]
    pub force_one_time: bool,

    /// Whether every share must have a passphrase; requests for a secret, and answers to them, have none.
    #[conf(parameter, long, env, default_value = "false", default_if_missing = "true")]
    pub force_passphrase: bool,

    /// Whether sending is allowed over plain http that is not localhost.
    #[conf(parameter, long, env, default_value = "false", default_if_missing = "true")]
    pub allow_insecure_http: bool,

    /// How long the recipient's browser may ask again after its last request, at most 24h; 0s = the
    /// first answer is the only one.
    #[conf(long, env, default_value = "15m", value_parser = duration, serde(use_value_parser))]
    pub lease: Duration,

    /// How long a record without content outlives its share, so that late visitors get a true answer.
    #[conf(long, env, default_value = "7d", value_parser = duration, serde(use_value_parser))]
    pub record_retention: Duration,

    /// How long the head of a request may take, and a new connection to send one.
    #[conf(long, env, default_value = "10s", value_parser = duration, serde(use_value_parser))]
    pub head_timeout: Duration,

    /// How long a request's body or an answer may make no progress.
    #[conf(long, env, default_value = "20s", value_parser = duration, serde(use_value_parser))]
    pub body_timeout: Duration,

    /// Fewest bytes a second, on average, of a body or an answer that takes longer than body-timeout;
    /// 0 = any.
    #[conf(long, env, default_value = "1024")]
    pub min_rate: u32,

    /// How long a connection is kept for a next request; no longer than head-timeout where there are many.
    #[conf(long, env, default_value = "75s", value_parser = duration, serde(use_value_parser))]
    pub idle_timeout: Duration,

    /// Most connections at a time; 0 = any number.
    #[conf(long, env, default_value = "4096")]
    pub max_connections: usize,

    /// Most connections at a time from one address, or from one /64 of IPv6; 0 = any number.
    #[conf(long, env, default_value = "256")]
    pub max_connections_per_address: usize,

    /// Shares that one address may make in an hour, evenly after as many at once; 0 = any number, as
    /// for the three below.
    #[conf(long, env, default_value = "3600")]
    pub creations_per_hour: u64,

    /// Claims from one address in an hour: each opening is one, and each wrong passphrase.
    #[conf(long, env, default_value = "7200")]
    pub openings_per_hour: u64,

    /// Statuses that one address may ask for in an hour: "My links" asks for each of its links.
    #[conf(long, env, default_value = "360000")]
    pub lookups_per_hour: u64,

    /// Bytes that one address may upload in an hour, as sealed.
    #[conf(long, env, default_value = "17179869184")]
    pub upload_bytes_per_hour: u64,

    /// Reverse proxies in front of the server, as addresses or networks, comma-separated (a list in
    /// TOML): what they say of whom they forward for is believed.
    #[conf(long, env, default_value = "", default_help_str = "none")]
    pub trusted_proxies: Proxies,

    /// How long requests under way may take to end once the server is told to stop, in whole seconds.
    #[conf(long, env, default_value = "30s", value_parser = duration, serde(use_value_parser))]
    pub shutdown_timeout: Duration,

    /// How long the server goes on once it is told to stop, with /readyz saying so, for balancers to notice;
    /// ends when it is told again.
    #[conf(long, env, default_value = "0s", value_parser = duration, serde(use_value_parser))]
    pub shutdown_delay: Duration,

    /// Where reports of abuse go, told on every recipient's page: an e-mail address or an https:// one.
    #[conf(long, env, serde(use_value_parser))]
    pub abuse_contact: Option<AbuseContact>,

    /// Web applications that may show the share dialog in their pages, as origins (https:// and
    /// a host), comma-separated (a list in TOML).
    #[conf(long, env, default_value = "", default_help_str = "none")]
    pub embedding_origins: EmbeddingOrigins,

    /// The token with which `waxseal takedown` takes a share down: 32 random bytes in base64url.
    #[conf(env, secret, serde(use_value_parser))]
    pub operator_token: Option<OperatorToken>,

    /// Who may make shares.
    #[conf(flatten, prefix)]
    pub identity: IdentitySettings,

    /// What is told to the operator.
    #[conf(flatten, serde(flatten))]
    pub audit: AuditSettings,

    /// Least severe log line: off, error, warn, info, debug or trace.
    #[conf(long, env, default_value = "info", serde(use_value_parser))]
    pub log_level: LevelFilter,

    /// Threads that serve requests.
    #[conf(long, env, default_help_str = "one per core")]
    pub workers: Option<NonZeroUsize>,
}

impl Settings {
    /// Reads flags (the program's name first), environment, and the file that one of them names.
    ///
    /// # Errors
    /// [`ConfigError`], with every setting that does not fit.
    pub fn load(
        args: impl IntoIterator<Item: Into<OsString>>,
        env: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
        let env: Vec<_> = env.into_iter().collect();
        let file = conf::find_parameter("config", args.clone()).or_else(|| {
            env.iter().find(|(name, _)| name == "WAXSEAL_CONFIG").map(|(_, v)| v.clone())
        });
        let builder = Self::conf_builder().args(args).env(env);
        let Some(path) = file.map(PathBuf::from) else {
            return Ok(builder.try_parse()?);
        };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => return Err(ConfigError::File(path, error)),
        };
        match toml::from_str::<toml::Value>(&text) {
            Ok(document) => Ok(builder.doc(path.display().to_string(), document).try_parse()?),
            Err(error) => Err(ConfigError::Toml(path, error)),
        }
    }

    /// Where shares are kept.
    pub fn store(&self) -> StoreUrl {
        StoreUrl::read(&self.store).expect("it was checked when the settings were read")
    }

    /// The Redis at an address, with what else is set about it.
    ///
    /// # Errors
    /// [`ConfigError`] if it is no address or a certificate cannot be read.
    pub fn deployment(&self, address: &str) -> Result<Deployment, ConfigError> {
        let read = |path: &PathBuf| {
            std::fs::read(path).map_err(|error| ConfigError::File(path.clone(), error))
        };
        let mut deployment = address.parse::<Deployment>()?.with_replicas(self.redis_replicas);
        if let Some(authority) = &self.redis_ca {
            deployment = deployment.with_authority(authorities(authority)?);
        }
        if let (Some(certificate), Some(key)) = (&self.redis_cert, &self.redis_key) {
            deployment = deployment.with_identity(read(certificate)?, read(key)?);
        }
        Ok(deployment)
    }

    /// The policy, as clients see it.
    pub fn policy(&self) -> Policy {
        let max_bytes = self.max_bytes.unwrap_or(match self.store() {
            StoreUrl::Sqlite(_) => 2 * GIB,
            StoreUrl::Redis(_) => 100 * MIB,
        });
        Policy {
            max_bytes,
            expiries: self.expiries.get().to_vec(),
            default_expiry: self.default_expiry,
            one_time: self.one_time || self.force_one_time,
            force_one_time: self.force_one_time,
            force_passphrase: self.force_passphrase,
            allow_insecure_http: self.allow_insecure_http,
            identity: self.identity.mode,
            confirmation: (self.identity.mode == IdentityMode::Email).then(|| ConfirmationPolicy {
                within: self.retention().pending.as_secs(),
                session: self.identity.session.as_secs(),
            }),
        }
    }

    /// How much the store takes.
    pub fn quota(&self) -> Quota {
        let staged = || match self.store() {
            StoreUrl::Sqlite(_) => Some(LARGEST_STAGED.saturating_mul(self.largest()?)),
            // The limit is Redis' own, `maxmemory`, and without a quota there is no ledger to keep.
            StoreUrl::Redis(_) => None,
        };
        Quota {
            stored: self.max_stored_bytes,
            staged: self.max_staged_bytes.or_else(staged),
            ..Quota::default()
        }
    }

    /// Bytes of the largest share's ciphertext, if the policy can be kept.
    fn largest(&self) -> Option<u64> {
        Some(Rules::new(self.policy()).ok()?.largest().get())
    }

    /// How long the store keeps things.
    pub fn retention(&self) -> Retention {
        Retention { lease: self.lease, record: self.record_retention, ..Retention::default() }
    }

    /// How connections are taken.
    pub(crate) fn connections(&self) -> net::Rules {
        net::Rules {
            limits: Limits {
                head: self.head_timeout,
                idle: self.idle_timeout,
                patience: Patience { stall: self.body_timeout, rate: self.min_rate },
            },
            connections: self.max_connections,
            of_one_network: self.max_connections_per_address,
            proxies: self.trusted_proxies.0.clone(),
            shutdown: self.shutdown_timeout,
            workers: self.workers,
        }
    }

    /// What one network may do in an hour.
    pub(crate) const fn allowance(&self) -> Allowance {
        Allowance {
            creations: self.creations_per_hour,
            openings: self.openings_per_hour,
            lookups: self.lookups_per_hour,
            bytes: self.upload_bytes_per_hour,
            mails: self.identity.mails_per_hour,
            mails_to_one: self.identity.mails_per_owner_per_hour,
        }
    }

    fn check_times(&self) -> Result<(), CheckError> {
        for (name, timeout) in [
            ("head-timeout", self.head_timeout),
            ("body-timeout", self.body_timeout),
            ("idle-timeout", self.idle_timeout),
        ] {
            if timeout.is_zero() || timeout > LONGEST_TIMEOUT {
                return Err(CheckError::Timeout { name });
            }
        }
        for (name, timeout) in
            [("shutdown-timeout", self.shutdown_timeout), ("shutdown-delay", self.shutdown_delay)]
        {
            if timeout > LONGEST_TIMEOUT {
                return Err(CheckError::LongTimeout { name });
            }
        }
        if self.lease > Retention::default().lease_max {
            return Err(CheckError::Lease);
        }
        Ok(())
    }

    fn check_tls(&self) -> Result<(), CheckError> {
        Ok(self.tls.check()?)
    }

    fn check_store(&self) -> Result<(), CheckError> {
        let deployment = match StoreUrl::read(&self.store)? {
            StoreUrl::Redis(address) => {
                Some(address.parse::<Deployment>().map_err(StoreUrlError::from)?)
            }
            StoreUrl::Sqlite(_) => None,
        };
        if self.redis_replicas > 0 && deployment.is_none() {
            return Err(CheckError::Replicas);
        }
        if self.redis_cert.is_some() != self.redis_key.is_some() {
            return Err(CheckError::Identity);
        }
        let certificates = [("redis-ca", &self.redis_ca), ("redis-cert", &self.redis_cert)];
        match certificates.iter().find(|(_, path)| path.is_some()) {
            Some((name, _)) if !deployment.is_some_and(|deployment| deployment.is_tls()) => {
                Err(CheckError::Certificate { name })
            }
            _ => Ok(()),
        }
    }

    fn check_identity(&self) -> Result<(), CheckError> {
        Ok(self.identity.check(self.allow_insecure_http)?)
    }

    fn check_otlp(&self) -> Result<(), CheckError> {
        Ok(self.otlp.check()?)
    }

    fn check_audit(&self) -> Result<(), CheckError> {
        Ok(self.audit.check()?)
    }

    fn check_policy(&self) -> Result<(), CheckError> {
        // What may be shared depends on it.
        if StoreUrl::read(&self.store).is_err() {
            return Ok(());
        }
        let largest = Rules::new(self.policy())?.largest().get();
        for (name, quota) in [
            ("max-stored-bytes", self.max_stored_bytes),
            ("max-staged-bytes", self.max_staged_bytes),
        ] {
            if quota.is_some_and(|quota| quota < largest) {
                return Err(CheckError::Quota { name, largest });
            }
        }
        Ok(())
    }
}

fn duration(text: &str) -> Result<Duration, impl fmt::Display + use<>> {
    humantime::parse_duration(text)
}
