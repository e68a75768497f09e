//! A certificate for a server of one's own, and connections that trust nothing else.

use super::Wire;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
    crypto::ring,
    pki_types::{CertificateDer, ServerName},
};
use std::{
    fs, io,
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    sync::Arc,
};
use tempfile::TempDir;

/// What the server is called in its certificates.
const NAME: &str = "share.example.org";

/// A certificate and its key, as files.
pub(crate) struct Site {
    folder: TempDir,
    shown: CertificateDer<'static>,
}

impl Site {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut site = Self { folder, shown: Vec::new().into() };
        site.renew();
        site
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What a server is told.
    pub(crate) fn flags(&self) -> [String; 2] {
        ["certificate", "key"].map(|name| format!("--tls-{name}={}", self.file(name).display()))
    }

    /// Another certificate with another key. Returns the old one, with which nobody is trusted any more.
    pub(crate) fn renew(&mut self) -> CertificateDer<'static> {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed([NAME.to_owned()]).expect("a name");
        fs::write(self.file("certificate"), cert.pem()).expect("the folder is ours");
        fs::write(self.file("key"), signing_key.serialize_pem()).expect("the folder is ours");
        std::mem::replace(&mut self.shown, cert.der().clone())
    }

    /// A connection to a server that has this certificate.
    pub(crate) fn connect(&self, address: SocketAddr) -> Wire {
        Wire::over(trusting(&self.shown, address).expect("the server has our certificate"))
    }

    /// Whether a server has this certificate.
    pub(crate) fn is_shown(&self, address: SocketAddr) -> bool {
        trusting(&self.shown, address).is_ok()
    }
}

/// What TLS is spoken over.
pub(crate) type Stream = StreamOwned<ClientConnection, TcpStream>;

fn trusting(certificate: &CertificateDer<'static>, address: SocketAddr) -> io::Result<Stream> {
    speaking(certificate, address, rustls::ALL_VERSIONS)
}

/// A connection past its handshake, which offers these versions.
pub(crate) fn speaking(
    certificate: &CertificateDer<'static>,
    address: SocketAddr,
    versions: &[&'static SupportedProtocolVersion],
) -> io::Result<Stream> {
    let mut trusted = RootCertStore::empty();
    trusted.add(certificate.clone()).expect("a certificate");
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .expect("known versions")
        .with_root_certificates(trusted)
        .with_no_client_auth();
    // As browsers do.
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let name = ServerName::try_from(NAME).expect("a name");
    let session = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(session, TcpStream::connect(address)?);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

impl Site {
    /// As [`Self::connect`], with one version only, for what is below HTTP.
    pub(crate) fn speak(
        &self,
        version: &'static SupportedProtocolVersion,
        address: SocketAddr,
    ) -> Stream {
        speaking(&self.shown, address, &[version]).expect("the server speaks it")
    }
}
