//! Settings of the server's own TLS, and what all TLS of the server reads from files.

use super::ConfigError;
use conf::Conf;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Those that begin with `tls`.
#[derive(Debug, Conf)]
#[conf(serde)]
pub struct TlsSettings {
    /// File with the certificate that the server shows, and those between it and its authority (PEM);
    /// with it the server speaks TLS itself. Read again when it changes.
    #[conf(long, env)]
    tls_certificate: Option<PathBuf>,

    /// File with the key of that certificate (PEM, without a password).
    #[conf(long, env)]
    tls_key: Option<PathBuf>,
}

/// What TLS is spoken with.
#[derive(Debug, Clone)]
pub(crate) struct TlsFiles {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// Settings that do not fit each other.
#[derive(Debug, thiserror::Error)]
#[error("tls-certificate and tls-key: one is nothing without the other")]
pub(super) struct TlsError;

impl TlsSettings {
    /// Whether the server speaks TLS itself.
    pub const fn is_on(&self) -> bool {
        self.tls_certificate.is_some()
    }

    /// Both files, if there are any.
    pub(crate) fn files(&self) -> Option<TlsFiles> {
        let (certificate, key) = (self.tls_certificate.clone()?, self.tls_key.clone()?);
        Some(TlsFiles { certificate, key })
    }

    pub(super) const fn check(&self) -> Result<(), TlsError> {
        if self.tls_certificate.is_some() == self.tls_key.is_some() {
            Ok(())
        } else {
            Err(TlsError)
        }
    }
}

/// A file with certificates of authorities, as it is.
///
/// # Errors
/// [`ConfigError`] if it cannot be read or has none: then nobody would be trusted, and each connection fail.
pub(crate) fn authorities(path: &Path) -> Result<Vec<u8>, ConfigError> {
    let pem = fs::read(path).map_err(|error| ConfigError::File(path.to_owned(), error))?;
    let has_some = CertificateDer::pem_slice_iter(&pem).next().is_some_and(|first| first.is_ok());
    if has_some { Ok(pem) } else { Err(ConfigError::Authority(path.to_owned())) }
}
