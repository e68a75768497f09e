//! Somebody between a server and its visitors who changes what is served at one path.
//!
//! Invariant: everything else passes as it is.

use crate::raw;
use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, http::StatusCode, web,
};
use anyhow::{Context, Result};

/// What is changed.
#[derive(Debug, Clone)]
pub enum Tampering {
    /// A byte in the middle, for whoever asks for it unpacked.
    Byte,
    /// For whoever takes brotli: another file of the same length, well packed.
    Repacked,
    /// More at the end of what is not packed, and nothing is.
    Added(&'static [u8]),
    /// One text in place of another, where nothing is packed.
    Replaced(&'static str, &'static str),
    /// A header has another value, or is away.
    Header(&'static str, Option<&'static str>),
    /// It is not there.
    Missing,
}

/// Changes what it was told to until it is dropped.
pub struct Tamperer {
    origin: String,
    server: ServerHandle,
}

#[derive(Clone)]
struct Job {
    upstream: u16,
    path: String,
    tampering: Tampering,
}

impl Tamperer {
    /// Stands before the server on `upstream`, a port of this machine.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn start(upstream: u16, path: &str, tampering: Tampering) -> Result<Self> {
        let job = web::Data::new(Job { upstream, path: path.to_owned(), tampering });
        let app = move || App::new().app_data(job.clone()).default_service(web::to(pass_on));
        let server = HttpServer::new(app).workers(1).disable_signals().bind(("127.0.0.1", 0))?;
        let address = server.addrs().first().copied().context("a bound server has an address")?;
        let running = server.run();
        let tamperer = Self { origin: format!("http://{address}"), server: running.handle() };
        tokio::spawn(running);
        Ok(tamperer)
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        self.origin.clone()
    }
}

impl Drop for Tamperer {
    fn drop(&mut self) {
        // The command is sent at once; nobody waits for it to be carried out.
        drop(self.server.stop(false));
    }
}

async fn pass_on(request: HttpRequest, job: web::Data<Job>) -> HttpResponse {
    match answer(&request, &job).await {
        Ok(answer) => answer,
        Err(error) => HttpResponse::BadGateway().body(format!("{error:#}")),
    }
}

async fn answer(request: &HttpRequest, job: &Job) -> Result<HttpResponse> {
    let tampering = (request.path() == job.path).then_some(&job.tampering);
    let asked = request.headers().get("accept-encoding");
    let asked = asked.context("every request says what it takes")?.to_str()?;
    let takes = match tampering {
        Some(Tampering::Added(_) | Tampering::Replaced(..)) => "identity",
        Some(Tampering::Repacked) if asked.contains("br") => "identity",
        _ => asked,
    };
    let sent = format!(
        "GET {} HTTP/1.1\r\nhost: server\r\naccept-encoding: {takes}\r\nconnection: close\r\n\r\n",
        request.uri()
    );
    let received = raw::exchange(job.upstream, sent.as_bytes()).await?;
    let end = received.windows(4).position(|end| end == b"\r\n\r\n").context("a head ends")?;
    let (head, mut body) = (std::str::from_utf8(&received[..end])?, received[end + 4..].to_vec());
    let (status, headers) = head.split_once("\r\n").context("a head has headers")?;
    let status = status.split(' ').nth(1).context("an answer has a status")?.parse::<u16>()?;
    let mut headers: Vec<(String, String)> = headers
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .filter(|(name, _)| !["connection", "content-length", "date"].contains(&name.as_str()))
        .collect();
    let mut status = StatusCode::from_u16(status)?;
    match tampering {
        None => {}
        Some(Tampering::Byte) if asked == "identity" => {
            let middle = body.len() / 2;
            body[middle] ^= 1;
        }
        Some(Tampering::Repacked) if asked.contains("br") => {
            body.reverse();
            headers.push(("content-encoding".to_owned(), "br".to_owned()));
            body = brotli(&body);
        }
        Some(Tampering::Byte | Tampering::Repacked) => {}
        Some(Tampering::Added(more)) => body.extend_from_slice(more),
        Some(Tampering::Replaced(from, to)) => {
            body = String::from_utf8(body)?.replace(from, to).into_bytes();
        }
        Some(Tampering::Header(name, value)) => {
            headers.retain(|(known, _)| known != name);
            headers.extend(value.map(|value| ((*name).to_owned(), value.to_owned())));
        }
        Some(Tampering::Missing) => status = StatusCode::NOT_FOUND,
    }
    let mut answer = HttpResponse::build(status);
    for (name, value) in headers {
        answer.append_header((name, value));
    }
    Ok(answer.body(body))
}

fn brotli(content: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut packer = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
    packer.write_all(content).expect("a Vec takes all there is");
    packer.into_inner()
}
