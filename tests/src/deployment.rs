//! A server as people reach it: through a network that a test can watch and disturb.

use crate::{
    api::Api,
    clock::Clock,
    proxy::Proxy,
    server::{Engine, Server},
    share::{Share, Terms},
};
use anyhow::{Result, ensure};

/// A server, and the way to it.
pub struct Deployment {
    /// The process.
    pub server: Server,
    /// The way of the browsers.
    pub proxy: Proxy,
    /// Another way, past the proxy.
    pub api: Api,
}

impl Deployment {
    /// Starts a server on an empty store.
    ///
    /// # Errors
    /// If something that is needed is missing or does not start.
    pub async fn start(engine: Engine) -> Result<Self> {
        Self::with(engine, &[], None).await
    }

    /// Starts a server with flags, and by a clock, of the test's own.
    ///
    /// # Errors
    /// If something that is needed is missing or does not start.
    pub async fn with(engine: Engine, options: &[&str], clock: Option<&Clock>) -> Result<Self> {
        let server = Server::start(engine, options, clock).await?;
        let proxy = Proxy::start(server.port()).await?;
        let api = Api::new(&format!("http://127.0.0.1:{}", server.port()));
        Ok(Self { server, proxy, api })
    }

    /// Scheme, host and port as browsers know them.
    pub fn origin(&self) -> String {
        self.proxy.origin()
    }

    /// Puts a note on the server, past the proxy.
    ///
    /// # Errors
    /// If the server does not take it.
    pub async fn note(&self, title: &str, text: &str, terms: Terms<'_>) -> Result<Share> {
        let share = Share::note(title, text, terms)?;
        self.put(&share).await?;
        Ok(share)
    }

    /// Puts a share on the server, past the proxy.
    ///
    /// # Errors
    /// If the server does not take it.
    pub async fn put(&self, share: &Share) -> Result<()> {
        let answer = self.api.create(share).await?;
        ensure!(answer.status == 201, "the server answered {answer:?}");
        Ok(())
    }
}
