//! Settings of what is told to the operator.
//!
//! Invariant: no text repeats the key.

use super::ConfigError;
use conf::Conf;
use std::{convert::Infallible, fmt, fs, path::PathBuf, str::FromStr};
use waxseal_core::base64url::{self, Base64Error};

/// Where audit events go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditTo {
    /// Nowhere.
    Off,
    /// Standard output.
    Stdout,
    /// A file.
    File(PathBuf),
}

impl FromStr for AuditTo {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "off" => Self::Off,
            "stdout" => Self::Stdout,
            path => Self::File(path.into()),
        })
    }
}

/// How addresses of owners and networks are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditAddresses {
    /// As they are.
    Clear,
    /// By pseudonyms.
    Hashed,
    /// Not at all.
    Off,
}

/// None of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("clear, hashed or off")]
pub struct AuditAddressesError;

impl FromStr for AuditAddresses {
    type Err = AuditAddressesError;

    fn from_str(text: &str) -> Result<Self, AuditAddressesError> {
        match text {
            "clear" => Ok(Self::Clear),
            "hashed" => Ok(Self::Hashed),
            "off" => Ok(Self::Off),
            _ => Err(AuditAddressesError),
        }
    }
}

/// What pseudonyms are made with.
#[derive(Clone)]
pub struct AuditKey([u8; Self::LEN]);

impl AuditKey {
    /// Length in bytes.
    pub const LEN: usize = 32;

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl FromStr for AuditKey {
    type Err = Base64Error;

    fn from_str(text: &str) -> Result<Self, Base64Error> {
        base64url::decode_array(text).map(Self)
    }
}

impl fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuditKey(…)")
    }
}

/// Those that begin with `audit`.
#[derive(Debug, Conf)]
#[conf(serde)]
pub struct AuditSettings {
    /// Where audit events go: off, stdout, or a file, which each is added to as a line of JSON.
    #[conf(long, env, default_value = "off", serde(use_value_parser))]
    pub audit: AuditTo,

    /// How audit events tell the addresses of owners and networks: clear, hashed or off.
    #[conf(long, env, default_value = "hashed", serde(use_value_parser))]
    pub audit_addresses: AuditAddresses,

    /// What audit events are given pseudonyms with: 32 random bytes in base64url.
    #[conf(env, secret, default_help_str = "another at each start", serde(use_value_parser))]
    audit_key: Option<AuditKey>,

    /// File with that key instead.
    #[conf(long, env)]
    pub audit_key_file: Option<PathBuf>,
}

/// Settings that do not fit each other.
#[derive(Debug, thiserror::Error)]
pub(super) enum AuditError {
    #[error("audit: off, stdout or a file")]
    Nowhere,
    #[error("audit-key: by one of the two settings")]
    Key,
}

impl AuditSettings {
    /// The key, if one is set.
    ///
    /// # Errors
    /// [`ConfigError`] for a file without one.
    pub fn key(&self) -> Result<Option<AuditKey>, ConfigError> {
        let Some(path) = &self.audit_key_file else { return Ok(self.audit_key.clone()) };
        let text = fs::read_to_string(path);
        let text = text.map_err(|error| ConfigError::File(path.clone(), error))?;
        let key = text.trim_end_matches(['\r', '\n']).parse();
        Ok(Some(key.map_err(|_| ConfigError::AuditKey(path.clone()))?))
    }

    pub(super) fn check(&self) -> Result<(), AuditError> {
        if self.audit == AuditTo::File(PathBuf::new()) {
            Err(AuditError::Nowhere)
        } else if self.audit_key.is_some() && self.audit_key_file.is_some() {
            Err(AuditError::Key)
        } else {
            Ok(())
        }
    }
}
