//! A relay of TCP connections that can be cut as a network partition cuts them: in silence.
//!
//! Invariant: nothing is changed or lost on its way. What is sent while it is cut arrives when it is
//! mended, unless a side has given up.

use anyhow::Result;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// Relays until it is dropped.
pub struct Relay {
    port: u16,
    state: watch::Sender<State>,
    accepting: JoinHandle<()>,
}

#[derive(Clone, Copy)]
struct State {
    upstream: u16,
    is_cut: bool,
}

impl Relay {
    /// Relays to `upstream`, a port of this machine.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn start(upstream: u16) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let (state, watched) = watch::channel(State { upstream, is_cut: false });
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // An error ends the connection, which is all there is to do about it.
                tokio::spawn(relay(client, watched.clone()));
            }
        });
        Ok(Self { port, state, accepting })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Lets nothing through, and ends nothing.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.is_cut = true);
    }

    /// Lets everything through again.
    pub fn mend(&self) {
        self.state.send_modify(|state| state.is_cut = false);
    }

    /// Ends all connections, and leads new ones to another port of this machine.
    pub fn lead_to(&self, port: u16) {
        self.state.send_modify(|state| state.upstream = port);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn relay(client: TcpStream, mut state: watch::Receiver<State>) -> Result<()> {
    let upstream = state.wait_for(|state| !state.is_cut).await?.upstream;
    let server = TcpStream::connect(("127.0.0.1", upstream)).await?;
    let ((from_client, to_client), (from_server, to_server)) =
        (client.into_split(), server.into_split());
    tokio::select! {
        ended = pump(from_client, to_server, state.clone()) => ended,
        ended = pump(from_server, to_client, state.clone()) => ended,
        led = state.wait_for(|state| state.upstream != upstream) => {
            led?;
            Ok(())
        }
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut state: watch::Receiver<State>,
) -> Result<()> {
    let mut buffer = vec![0; 16_384];
    loop {
        let count = from.read(&mut buffer).await?;
        // Not even that a side has ended gets through.
        state.wait_for(|state| !state.is_cut).await?;
        if count == 0 {
            return Ok(());
        }
        to.write_all(&buffer[..count]).await?;
    }
}
