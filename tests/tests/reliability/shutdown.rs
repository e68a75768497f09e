//! A server that is told to end while people send and fetch: what has begun is finished.

use anyhow::{Context, Result, ensure};
use http::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use waxseal_core::{
    layout::{PART, SEAL},
    token::ClaimToken,
    wire::ClaimRequest,
};
use waxseal_tests::{
    api::Api,
    deployment::Deployment,
    server::Engine,
    share::{Share, Terms},
    upload,
    wait::{PATIENCE, until},
};

/// Bytes of a share of two parts, and of its second.
const SIZE: u64 = PART as u64 + SEAL as u64 + PART_1 as u64;
const PART_1: usize = 200_000;

const OCTETS: (&str, usize) = ("application/octet-stream", PART_1);
const JSON: &str = "application/json";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_and_claims_under_way_are_finished_on_sqlite() -> Result<()> {
    finishes(Engine::Sqlite).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_and_claims_under_way_are_finished_on_redis() -> Result<()> {
    finishes(Engine::Redis).await
}

async fn finishes(engine: Engine) -> Result<()> {
    let mut deployment = Deployment::start(engine).await?;
    let port = deployment.server.port();
    let content = vec![b'x'; 3_000_000];
    let files = [("x.bin", "application/octet-stream", content.as_slice())];
    let sent = upload::put(&deployment, "Files", &files, Terms::default()).await?;
    let claim = ClaimToken::generate(&mut getrandom::SysRng)?;
    ensure!(deployment.api.claim(&sent, &claim, None).await?.status == 200);
    let note = deployment.note("Note", "read in time", Terms::default()).await?;
    let staged = stage(&deployment.api).await?;

    // Three requests that have begun, and each is far from its end.
    let fetch = request("GET", &sent, "/parts/1", &claim.to_base64url(), None);
    let download = Exchange::begin(port, &fetch, "HTTP/1.1 200 OK").await?;
    let part = vec![7; PART_1];
    let put = request("PUT", &staged, "/parts/1", &staged.owner.to_base64url(), Some(OCTETS));
    let mut upload = Exchange::begin(port, &put, "HTTP/1.1 100 Continue").await?;
    upload.send(&part[..PART_1 / 2]).await?;
    let later = ClaimToken::generate(&mut getrandom::SysRng)?;
    let body = serde_json::to_string(&ClaimRequest { claim: later.clone(), proof: None })?;
    let open = (JSON, body.len());
    let open = request("POST", &note, "/claims", &note.keys.access.to_base64url(), Some(open));
    let mut opening = Exchange::begin(port, &open, "HTTP/1.1 100 Continue").await?;

    deployment.server.terminate()?;
    let refused = async || Ok(TcpStream::connect(("127.0.0.1", port)).await.is_err().then_some(()));
    until("new connections to be refused", refused).await?;
    ensure!(!deployment.server.has_ended()?, "it ended with requests under way");

    upload.send(&part[PART_1 / 2..]).await?;
    let answer = upload.end().await?;
    ensure!(has(&answer, "HTTP/1.1 204"), "{}", String::from_utf8_lossy(&answer));
    opening.send(body.as_bytes()).await?;
    let answer = opening.end().await?;
    ensure!(has(&answer, "HTTP/1.1 200") && answer.ends_with(note.ciphertext()));
    ensure!(!deployment.server.has_ended()?, "it ended with an answer under way");
    let answer = download.end().await?;
    let body = answer.len() - find(&answer, "\r\n\r\n").context("an answer has a head")? - 4;
    ensure!(has(&answer, &format!("content-length: {body}\r\n")), "{body} bytes came");

    // What was answered is kept.
    deployment.server.stop()?;
    deployment.server.restart()?;
    let owner = staged.owner.to_base64url();
    let path = format!("/api/shares/{}/parts", staged.keys.id.to_base64url());
    let parts = deployment.api.send(Method::GET, &path, Some(&owner), None::<&()>).await?;
    ensure!(parts.json::<serde_json::Value>()?["stored"] == json!([1]), "{parts:?}");
    let again = deployment.api.claim(&note, &later, None).await?;
    ensure!(again.status == 200, "the claim is the one that was answered: {again:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_holds_a_server_up_that_is_to_end() -> Result<()> {
    let options = ["--shutdown-timeout=1s"];
    let mut deployment = Deployment::with(Engine::Sqlite, &options, None).await?;
    let staged = stage(&deployment.api).await?;
    let put = request("PUT", &staged, "/parts/1", &staged.owner.to_base64url(), Some(OCTETS));
    let port = deployment.server.port();
    let mut upload = Exchange::begin(port, &put, "HTTP/1.1 100 Continue").await?;
    upload.send(&[7; PART_1 / 2]).await?;
    deployment.server.terminate()?;
    let ended = async || Ok(deployment.server.has_ended()?.then_some(()));
    until("the server to end", ended).await?;
    let answer = upload.end().await.unwrap_or_default();
    ensure!(!has(&answer, "HTTP/1.1 2"), "half a part was taken");
    Ok(())
}

/// A share whose parts are to come.
async fn stage(api: &Api) -> Result<Share> {
    let mut share = Share::note("Staged", "", Terms::default())?;
    share.request.size = SIZE.try_into()?;
    share.request.head = None;
    let answer = api.create(&share).await?;
    ensure!(answer.status == 201, "the server answered {answer:?}");
    Ok(share)
}

/// The head of a request that closes its connection. What has a body waits to be asked for it.
fn request(
    method: &str,
    share: &Share,
    tail: &str,
    token: &str,
    body: Option<(&str, usize)>,
) -> String {
    let id = share.keys.id.to_base64url();
    let body = body.map_or(String::new(), |(media_type, length)| {
        let expect = "expect: 100-continue\r\n";
        format!("content-type: {media_type}\r\ncontent-length: {length}\r\n{expect}")
    });
    format!(
        "{method} /api/shares/{id}{tail} HTTP/1.1\r\nhost: waxseal\r\nconnection: close\r\n\
         authorization: Bearer {token}\r\n{body}\r\n"
    )
}

/// One request, and what is answered.
struct Exchange {
    stream: TcpStream,
    heard: Vec<u8>,
}

impl Exchange {
    /// Sends a head and waits till this is answered. No more than that is read.
    async fn begin(port: u16, head: &str, answer: &str) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        // So that the rest of a part stays with the server.
        socket.set_recv_buffer_size(4096)?;
        let mut stream = socket.connect(([127, 0, 0, 1], port).into()).await?;
        stream.write_all(head.as_bytes()).await?;
        let mut heard = vec![0; answer.len()];
        stream.read_exact(&mut heard).await?;
        ensure!(heard == answer.as_bytes(), "{}", String::from_utf8_lossy(&heard));
        Ok(Self { stream, heard })
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(bytes).await?)
    }

    /// All that is answered till the connection is closed.
    async fn end(mut self) -> Result<Vec<u8>> {
        timeout(PATIENCE, self.stream.read_to_end(&mut self.heard)).await??;
        Ok(self.heard)
    }
}

fn has(answer: &[u8], text: &str) -> bool {
    find(answer, text).is_some()
}

fn find(answer: &[u8], text: &str) -> Option<usize> {
    answer.windows(text.len()).position(|window| window == text.as_bytes())
}
