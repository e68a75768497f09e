//! A site of a few files from memory, on a free port of this machine.

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, web};
use anyhow::{Context, Result};
use bytes::Bytes;

/// Serves until it is dropped.
pub struct Site {
    origin: String,
    server: ServerHandle,
}

/// One file of a [`Site`].
#[derive(Debug, Clone)]
pub struct Page {
    /// Path with its leading slash.
    pub path: &'static str,
    /// Media type.
    pub media_type: &'static str,
    /// What is in it.
    pub content: Bytes,
}

impl Site {
    /// Serves `pages`, and 404 for every other path.
    ///
    /// # Errors
    /// If no port is free.
    pub fn serve(pages: Vec<Page>) -> Result<Self> {
        let pages = web::Data::new(pages);
        let app = move || App::new().app_data(pages.clone()).default_service(web::to(answer));
        let server = HttpServer::new(app).workers(1).disable_signals().bind(("127.0.0.1", 0))?;
        let address = server.addrs().first().copied().context("a bound server has an address")?;
        let running = server.run();
        let site = Self { origin: format!("http://{address}"), server: running.handle() };
        tokio::spawn(running);
        Ok(site)
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // The command is sent at once; nobody waits for it to be carried out.
        drop(self.server.stop(false));
    }
}

async fn answer(request: HttpRequest, pages: web::Data<Vec<Page>>) -> HttpResponse {
    match pages.iter().find(|page| page.path == request.path()) {
        Some(page) => HttpResponse::Ok().content_type(page.media_type).body(page.content.clone()),
        None => HttpResponse::NotFound().finish(),
    }
}
