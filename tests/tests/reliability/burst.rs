//! More connections at once than the server gets round to: they wait for their turn, none is lost.

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use std::fs;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use waxseal_tests::{
    server::{Engine, Server},
    siege::allow,
    wait::PATIENCE,
};

/// Many times what the standard library would have wait.
const CONNECTIONS: usize = 1000;

const REQUEST: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_burst_of_connections_waits_for_its_turn() -> Result<()> {
    allow(2 * CONNECTIONS as u64)?;
    // No program can have a longer queue.
    let longest: usize = fs::read_to_string("/proc/sys/net/core/somaxconn")?.trim().parse()?;
    let connections = CONNECTIONS.min(longest);
    let server = Server::start(Engine::Sqlite, &["--max-connections=2000"], None).await?;
    let address = ("127.0.0.1", server.port());
    // It accepts nothing for as long as it lies still.
    server.freeze()?;
    let connect = || async {
        let stream = timeout(PATIENCE, TcpStream::connect(address)).await;
        let mut stream = stream.context("a connection finds no place in the queue")??;
        stream.write_all(REQUEST).await?;
        Ok::<_, anyhow::Error>(stream)
    };
    let waiting = try_join_all((0..connections).map(|_| connect())).await?;
    server.thaw()?;
    let answers = waiting.into_iter().map(|mut stream| async move {
        let mut answer = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut answer)).await.context("no answer")??;
        ensure!(answer.starts_with("HTTP/1.1 200 "), "the server answered {answer}");
        Ok(())
    });
    try_join_all(answers).await?;
    println!("{connections} connections waited, and each was answered");
    Ok(())
}
