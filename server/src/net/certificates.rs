//! The certificate that the server shows, and what TLS it speaks.
//!
//! Invariant: there is always a certificate with its key. A pair that is of no use leaves the last one in
//! place, and a connection that there is keeps the one that it began with.

use super::outlet::Outlet;
use crate::config::{ConfigError, TlsFiles};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use sha2::{Digest, Sha256};
use std::{
    fs, io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::sleep,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// Between two looks at the files.
const PAUSE: Duration = Duration::from_secs(10);

/// All that is spoken over it.
const PROTOCOL: &[u8] = b"http/1.1";

/// The one there is, and where the next one will be.
pub(crate) struct Certificates {
    files: TlsFiles,
    current: RwLock<Arc<ServerConfig>>,
    /// What was last found in the files, of use or not; `None` for no pair.
    found: Mutex<Option<Fingerprint>>,
}

type Fingerprint = [u8; 32];

/// Both files as they were at one time.
struct Pair<'a> {
    files: &'a TlsFiles,
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Certificates {
    /// Reads both files.
    ///
    /// # Errors
    /// [`ConfigError`] if they cannot be read, or do not fit each other.
    pub(crate) fn load(files: TlsFiles) -> Result<Self, ConfigError> {
        let pair = Pair::read(&files)?;
        let (current, found) = (RwLock::new(Arc::new(pair.config()?)), Some(pair.fingerprint()));
        Ok(Self { files, current, found: Mutex::new(found) })
    }

    /// Looks at the files now and then, and when the process is told to (SIGHUP), for as long as somebody
    /// else has `self`.
    pub(super) fn watch(self: &Arc<Self>) -> io::Result<()> {
        let mut hangup = signal(SignalKind::hangup())?;
        let watched = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                let told = tokio::select! {
                    _ = hangup.recv() => true,
                    () = sleep(PAUSE) => false,
                };
                let Some(certificates) = watched.upgrade() else { return };
                let look = tokio::task::spawn_blocking(move || certificates.look(told));
                if let Err(error) = look.await {
                    tracing::error!(%error, "the certificate could not be looked at");
                }
            }
        });
        Ok(())
    }

    /// Takes what is in the files, if it is new or somebody says that it is. Of each trouble there is one
    /// word, not one for each look.
    fn look(&self, told: bool) {
        let pair = Pair::read(&self.files);
        let found = pair.as_ref().ok().map(Pair::fingerprint);
        let mut known = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if !told && *known == found {
            return;
        }
        *known = found;
        match pair.and_then(|pair| pair.config()) {
            Ok(config) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
                tracing::info!("the certificate was read again");
            }
            Err(error) => {
                let cause = error.to_string();
                tracing::error!(cause, "the new certificate is of no use, the last one stays");
            }
        }
    }

    /// Does the server's part of a handshake.
    pub(super) async fn accept(&self, tcp: Outlet) -> io::Result<TlsStream<Outlet>> {
        let config = Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner));
        TlsAcceptor::from(config).accept(tcp).await
    }
}

impl<'a> Pair<'a> {
    fn read(files: &'a TlsFiles) -> Result<Self, ConfigError> {
        let read =
            |path: &PathBuf| fs::read(path).map_err(|error| ConfigError::File(path.clone(), error));
        let (certificate, key) = (read(&files.certificate)?, read(&files.key)?);
        Ok(Self { files, certificate, key })
    }

    fn fingerprint(&self) -> Fingerprint {
        let mut hash = Sha256::new();
        hash.update((self.certificate.len() as u64).to_be_bytes());
        hash.update(&self.certificate);
        hash.update(&self.key);
        hash.finalize().into()
    }

    /// TLS 1.2 and 1.3 with it.
    fn config(&self) -> Result<ServerConfig, ConfigError> {
        let TlsFiles { certificate, key } = self.files;
        let chain =
            CertificateDer::pem_slice_iter(&self.certificate).collect::<Result<Vec<_>, _>>();
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let chain = chain.ok_or_else(|| ConfigError::Certificate(certificate.clone()))?;
        let private = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|_| ConfigError::PrivateKey(key.clone()))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider has what both versions need")
            .with_no_client_auth()
            .with_single_cert(chain, private)
            .map_err(|error| ConfigError::Pair(certificate.clone(), key.clone(), error))?;
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        Ok(config)
    }
}
