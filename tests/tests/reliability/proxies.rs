//! Proxies in front, configured as our documentation says: what they pass on, and for whom.

use anyhow::{Result, ensure};
use http::Method;
use waxseal_tests::{
    api::Api,
    caddy::Caddy,
    nginx::Nginx,
    raw::{exchange, statuses},
    server::{Engine, Server},
    share::{Share, Terms},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nginx_passes_everything_on_as_it_is() -> Result<()> {
    let server = server().await?;
    let nginx = Nginx::start(server.port()).await?;
    passes_on(&server, nginx.port()).await?;
    knows_its_visitors(nginx.port()).await?;
    let redirect = b"GET /s?a HTTP/1.1\r\nhost: share.example.org\r\nconnection: close\r\n\r\n";
    let redirect = String::from_utf8(exchange(nginx.redirects(), redirect).await?)?;
    ensure!(redirect.starts_with("HTTP/1.1 301 "), "{redirect}");
    ensure!(redirect.contains("Location: https://share.example.org/s?a\r\n"), "{redirect}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn caddy_passes_everything_on_as_it_is() -> Result<()> {
    let server = server().await?;
    let caddy = Caddy::start(server.port()).await?;
    passes_on(&server, caddy.port()).await?;
    knows_its_visitors(caddy.port()).await
}

/// One that believes them, and lets each visitor make a share.
async fn server() -> Result<Server> {
    let options = ["--trusted-proxies=127.0.0.1", "--creations-per-hour=1"];
    Server::start(Engine::Sqlite, &options, None).await
}

/// That the proxy on `port` changes nothing of answers.
async fn passes_on(server: &Server, port: u16) -> Result<()> {
    let direct = Api::new(&format!("http://127.0.0.1:{}", server.port()));
    let through = Api::new(&format!("http://127.0.0.1:{port}"));
    for path in ["/", "/s", "/s%23AAAA", "/api/policy", "/api/nowhere", "/nowhere"] {
        let ask = async |api: &Api| api.send(Method::GET, path, None, None::<&()>).await;
        let (one, mut other) = (ask(&direct).await?, ask(&through).await?);
        ensure!((one.status, &one.body) == (other.status, &other.body), "{path}: {other:?}");
        for (name, value) in &one.headers {
            let kept = other.headers.remove(name);
            ensure!(name == "date" || kept.as_ref() == Some(value), "{path}: {name} is {kept:?}");
        }
        let more: Vec<_> = other.headers.keys().map(|name| name.as_str().to_owned()).collect();
        ensure!(more == ["server"] || more == ["server", "connection"], "{path}: {more:?} added");
    }
    Ok(())
}

/// That nobody is another visitor by saying so.
async fn knows_its_visitors(port: u16) -> Result<()> {
    let mut seen = Vec::new();
    for n in 0..3 {
        let share = Share::note("pretended", "", Terms::default())?;
        let body = serde_json::to_string(&share.request)?;
        let request = format!(
            "POST /api/shares HTTP/1.1\r\nhost: waxseal\r\nconnection: close\r\n\
             x-forwarded-for: 192.0.2.{n}\r\nforwarded: for=192.0.2.{n}\r\n\
             x-real-ip: 192.0.2.{n}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        seen.extend(statuses(&exchange(port, request.as_bytes()).await?));
    }
    ensure!(seen == [201, 429, 429], "{seen:?}");
    Ok(())
}
