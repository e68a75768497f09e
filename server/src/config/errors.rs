//! Why there are no settings.
//!
//! Invariant: no text repeats a secret.

use super::{
    audit::AuditError, identity::IdentityError, otlp::OtlpError, store_url::StoreUrlError,
    tls::TlsError,
};
use crate::{identity::KeyError, policy::PolicyError, store::redis::AddressError};
use std::path::PathBuf;

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A flag, a variable or a key does not fit, or help was asked for.
    #[error(transparent)]
    Settings(#[from] conf::Error),
    /// A file cannot be read.
    #[error("cannot read the file {0}: {1}")]
    File(PathBuf, std::io::Error),
    /// A file has no certificates.
    #[error("no certificates of authorities: {0}")]
    Authority(PathBuf),
    /// A file has no certificate to show.
    #[error("no certificates in PEM: {0}")]
    Certificate(PathBuf),
    /// A file has no key that can be used.
    #[error("no private key in PEM, or one with a password: {0}")]
    PrivateKey(PathBuf),
    /// A certificate and a key that are not one's own.
    #[error("the certificate in {0} is of no use with the key in {1}: {2}")]
    Pair(PathBuf, PathBuf, rustls::Error),
    /// The keys of grants cannot be read.
    #[error("the keys of grants cannot be read from {0}: {1}")]
    GrantKeys(PathBuf, KeyError),
    /// The secret of grants is easy to guess.
    #[error("the secret of grants in {0} has less than 32 bytes")]
    GrantSecret(PathBuf),
    /// A file has no key of pseudonyms.
    #[error("the key of audit events in {0} is not 32 bytes in base64url")]
    AuditKey(PathBuf),
    /// The system has no randomness.
    #[error("cannot start: {0}")]
    Randomness(#[from] getrandom::Error),
    /// The system does not let us.
    #[error("cannot start: {0}")]
    System(#[from] std::io::Error),
    /// The store's address is none.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The file is not TOML.
    #[error("the configuration file {0} is not TOML: {1}")]
    Toml(PathBuf, toml::de::Error),
}

/// Settings that do not fit each other.
#[derive(Debug, thiserror::Error)]
pub(super) enum CheckError {
    #[error("lease: at most 24h")]
    Lease,
    #[error("{name}: more than 0s and at most 24h")]
    Timeout { name: &'static str },
    #[error("{name}: at most 24h")]
    LongTimeout { name: &'static str },
    #[error("{name}: at least {largest}, which one share of max-bytes takes when it is sealed")]
    Quota { name: &'static str, largest: u64 },
    #[error("store: {0}")]
    Store(#[from] StoreUrlError),
    #[error("redis-replicas: only a store on Redis has replicas")]
    Replicas,
    #[error("redis-cert and redis-key: one is nothing without the other")]
    Identity,
    #[error(
        "{name}: only for a store that is reached by rediss://, rediss+cluster:// or rediss+sentinel://"
    )]
    Certificate { name: &'static str },
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Otlp(#[from] OtlpError),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Confirmations(#[from] IdentityError),
    #[error(transparent)]
    Policy(#[from] PolicyError),
}
