//! Requests of the server's own to others.

use std::{sync::Arc, time::Duration};
use ureq::{
    Agent,
    tls::{RootCerts, TlsConfig},
};

/// Asks once, within this time, whom the system's authorities vouch for. It blocks.
pub(crate) fn agent(patience: Duration) -> Agent {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier);
    let tls = tls
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let agent = Agent::config_builder().tls_config(tls).timeout_global(Some(patience));
    agent.max_redirects(0).build().into()
}
