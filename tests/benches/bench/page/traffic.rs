//! What went over the wire for a page, by the account of a relay between browser and server.
//!
//! Not the browser's own account: its developer tools keep silent about what its workers load.
//!
//! Invariant: all bytes are counted, and each belongs to a request or to the answer to it.

use anyhow::{Context, Result, ensure};
use std::fmt;
use waxseal_tests::proxy::Proxy;

/// Exchanges in the order of their requests.
pub(crate) struct Traffic(Vec<Exchange>);

/// A request and its answer.
struct Exchange {
    request: Message,
    answer: Message,
}

/// One HTTP message (RFC 9112) with a length.
struct Message {
    /// Its first line.
    line: String,
    /// The encoding of its body.
    encoding: String,
    /// Bytes of first line and headers, and of the body.
    head: usize,
    body: usize,
}

impl Traffic {
    /// All that went through; `None` as long as there is a request without its whole answer.
    pub(crate) fn of(proxy: &Proxy) -> Result<Option<Self>> {
        let mut exchanges = Vec::new();
        for connection in proxy.traffic().chunks(2) {
            let [up, down] = connection else { continue };
            let (requests, answers) = (messages(up)?, messages(down)?);
            let (Some(requests), Some(answers)) = (requests, answers) else { return Ok(None) };
            if requests.len() != answers.len() {
                return Ok(None);
            }
            let pairs = requests.into_iter().zip(answers);
            exchanges.extend(pairs.map(|(request, answer)| Exchange { request, answer }));
        }
        let order = proxy.requests();
        exchanges
            .sort_by_key(|exchange| order.iter().position(|line| *line == exchange.request.line));
        Ok(Some(Self(exchanges)))
    }

    /// How many requests there were.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Bytes received.
    pub(crate) fn bytes(&self) -> usize {
        self.heads() + self.bodies()
    }

    fn heads(&self) -> usize {
        self.0.iter().map(|exchange| exchange.answer.head).sum()
    }

    fn bodies(&self) -> usize {
        self.0.iter().map(|exchange| exchange.answer.body).sum()
    }

    fn sent(&self) -> usize {
        self.0.iter().map(|Exchange { request, .. }| request.head + request.body).sum()
    }
}

impl fmt::Display for Traffic {
    /// As a table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| request | answer | encoding | headers | body | bytes |")?;
        writeln!(f, "|---|---|---|---|---|---|")?;
        for Exchange { request, answer } in &self.0 {
            let Message { encoding, head, body, .. } = answer;
            let status = answer.line.split(' ').nth(1).unwrap_or_default();
            let (name, total) = (named(&request.line), head + body);
            writeln!(f, "| {name} | {status} | {encoding} | {head} | {body} | {total} |")?;
        }
        let (heads, bodies) = (self.heads(), self.bodies());
        let (count, sent) = (self.len(), self.sent());
        writeln!(f, "| {count} requests | | | {heads} | {bodies} | {} |", self.bytes())?;
        writeln!(f, "\nThe browser sent {sent} bytes.")
    }
}

/// The messages in a stream, if it ends with one.
fn messages(mut stream: &[u8]) -> Result<Option<Vec<Message>>> {
    const END: &[u8] = b"\r\n\r\n";
    let mut messages = Vec::new();
    while !stream.is_empty() {
        let Some(end) = stream.windows(END.len()).position(|four| four == END) else {
            return Ok(None);
        };
        let (head, rest) = stream.split_at(end + END.len());
        let text = str::from_utf8(head)?;
        let header = |name: &str| {
            let mut headers = text.lines().filter_map(|line| line.split_once(':'));
            Some(headers.find(|(known, _)| known.eq_ignore_ascii_case(name))?.1.trim())
        };
        ensure!(header("transfer-encoding").is_none(), "a message without its length");
        let body = header("content-length").map_or(Ok(0), str::parse::<usize>)?;
        let Some((_, rest)) = rest.split_at_checked(body) else { return Ok(None) };
        stream = rest;
        messages.push(Message {
            line: text.lines().next().context("a head has a first line")?.to_owned(),
            encoding: header("content-encoding").unwrap_or("–").to_owned(),
            head: head.len(),
            body,
        });
    }
    Ok(Some(messages))
}

/// Method and path, the same for all shares.
fn named(line: &str) -> String {
    let line = line.strip_suffix(" HTTP/1.1").unwrap_or(line);
    match line.split_once("/api/shares/") {
        Some((method, share)) => {
            let call = share.split_once('/').map(|(_, call)| format!("/{call}"));
            format!("{method}/api/shares/{{id}}{}", call.unwrap_or_default())
        }
        None => line.to_owned(),
    }
}
