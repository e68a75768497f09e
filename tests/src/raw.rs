//! Bytes to a port as they are, and what comes back.

use crate::wait::PATIENCE;
use anyhow::{Context, Result};
use std::io::ErrorKind;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Sends `bytes` over a connection of their own and returns all that comes till the other side closes it.
///
/// # Errors
/// If there is no connection, or the other side keeps it open.
pub async fn exchange(port: u16, bytes: &[u8]) -> Result<Vec<u8>> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let (mut from, mut to) = stream.into_split();
    let mut answer = Vec::new();
    let read = async {
        let mut buffer = [0; 8192];
        loop {
            match from.read(&mut buffer).await {
                Ok(0) => break,
                Ok(count) => answer.extend_from_slice(&buffer[..count]),
                // Closed with bytes of ours unread.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    };
    // Who refuses need not read to the end.
    let write = async { to.write_all(bytes).await.ok() };
    let (read, _) = timeout(PATIENCE * 3, async { tokio::join!(read, write) })
        .await
        .context("the connection is kept open")?;
    read?;
    Ok(answer)
}

/// The status of each answer, interim ones left out.
pub fn statuses(answers: &[u8]) -> Vec<u16> {
    let answers = String::from_utf8_lossy(answers);
    let lines = answers.match_indices("HTTP/1.1 ").map(|(at, mark)| &answers[at + mark.len()..]);
    let codes = lines.filter_map(|line| line.get(..3)?.parse().ok());
    codes.filter(|code| *code >= 200).collect()
}
