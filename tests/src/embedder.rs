//! Another web application, whose pages show the share dialog.
//!
//! Invariant: its pages are of another site than the server's, and have a strict content security policy,
//! but for `/bare`, where a test may do anything.

use crate::{browser::Browser, deployment::Deployment, server::Engine, wait::until};
use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::ServerHandle,
    web::{self, Data},
};
use anyhow::{Context, Result};
use data_encoding::{BASE64, HEXLOWER};
use fantoccini::Locator;
use ring::hmac;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::{
    Mutex, OnceLock,
    atomic::{AtomicU64, Ordering},
};
use tempfile::TempDir;
use waxseal_core::base64url;

const SECRET: &str = "a secret of thirty-two bytes, say";
const AUDIENCE: &str = "https://share.example.org";

/// The page, as documented: one script, one element, and what is to be shared.
const PAGE: &str = r#"<!doctype html>
<html lang="en">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Another application</title>
<main>
<h1>Staging database</h1>
<script type="module" src="WAXSEAL/embed.js"></script>
<waxseal-share></waxseal-share>
<script type="module" src="/app.js"></script>
</main>
"#;

/// What the application does; the rest is for tests to look at.
const SCRIPT: &str = r#"
const share = document.querySelector("waxseal-share");
share.secret = {
  title: "Staging database",
  fields: [{ label: "Password", value: "correct horse", kind: "concealed" }],
  files: [new File(["what is in the file"], "notes.txt", { type: "text/plain" })],
};
share.grant = async () => (await fetch("/grant")).text();
window.told = [];
for (const name of ["shared", "cancel", "error"]) {
  share.addEventListener(`waxseal-${name}`, (event) => {
    const { detail } = event;
    told.push([name, detail instanceof Error ? detail.message : detail]);
  });
}
"#;

/// An application that runs till it is dropped.
pub struct Embedder {
    origin: String,
    server: ServerHandle,
    state: Data<State>,
    folder: TempDir,
}

#[derive(Default)]
struct State {
    /// Where the share dialog comes from.
    waxseal: OnceLock<String>,
    /// Grants that were asked for.
    grants: AtomicU64,
    /// The address and the hash of the script, for the page that wants no other.
    pinned: OnceLock<[String; 2]>,
    /// Claims that the next grants have instead of good ones.
    claims: Mutex<Value>,
}

impl Embedder {
    /// Starts one, and a server whose dialog it shows; `options` are flags of the server in addition.
    ///
    /// # Errors
    /// If something that is needed is missing or does not start.
    pub async fn start(options: &[&str]) -> Result<(Deployment, Self)> {
        let embedder = Self::alone()?;
        let allowed = format!("--embedding-origins={}", embedder.origin);
        let options: Vec<_> = options.iter().copied().chain([allowed.as_str()]).collect();
        let deployment = Deployment::with(Engine::Sqlite, &options, None).await?;
        embedder.embeds(&deployment.origin());
        Ok((deployment, embedder))
    }

    /// Starts one that shows no dialog yet.
    ///
    /// # Errors
    /// If no port is free.
    pub fn alone() -> Result<Self> {
        let state = Data::new(State::default());
        let shared = state.clone();
        let app = move || {
            let page =
                |request: HttpRequest, state: Data<State>| async move { answer(&request, &state) };
            App::new().app_data(shared.clone()).default_service(web::to(page))
        };
        let server = HttpServer::new(app).workers(1).disable_signals().bind(("127.0.0.1", 0))?;
        let address = server.addrs().first().copied().context("a bound server has an address")?;
        let running = server.run();
        let handle = running.handle();
        tokio::spawn(running);
        // Another site than the server's, which goes by its number.
        let origin = format!("http://localhost:{}", address.port());
        Ok(Self { origin, server: handle, state, folder: tempfile::tempdir()? })
    }

    /// From now on its pages show the dialog of this server.
    pub fn embeds(&self, waxseal: &str) {
        self.state.waxseal.get_or_init(|| waxseal.to_owned());
    }

    /// From now on `/isolated` is a page that loads this content of the script and no other, and what its
    /// own header fields want of every frame and script (COEP).
    pub fn pins(&self, script: &[u8]) {
        let hash = Sha256::digest(script);
        let name = HEXLOWER.encode(&hash[..6]);
        self.state.pinned.get_or_init(|| [format!("embed-{name}.js"), BASE64.encode(&hash)]);
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Flags of a server that takes this application's grants.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn grant_flags(&self) -> Result<Vec<String>> {
        let file = self.folder.path().join("secret");
        std::fs::write(&file, SECRET)?;
        Ok(vec![
            "--identity-mode=grant".to_owned(),
            format!("--identity-grant-audience={AUDIENCE}"),
            format!("--identity-grant-secret-file={}", file.display()),
        ])
    }

    /// How many grants its page has asked for.
    pub fn grants(&self) -> u64 {
        self.state.grants.load(Ordering::SeqCst)
    }

    /// From now on grants have these claims instead of good ones.
    pub fn grant_with(&self, claims: Value) {
        *self.state.claims.lock().expect("nobody panics with it") = claims;
    }

    /// Opens its page and waits till the button is there.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn visit(&self, browser: &Browser) -> Result<()> {
        self.visit_at(browser, "/").await
    }

    /// The same, of another page.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn visit_at(&self, browser: &Browser, path: &str) -> Result<()> {
        browser.goto(&format!("{}{path}", self.origin)).await?;
        let ready = "window.told && customElements.get('waxseal-share') !== undefined";
        until("the button", async || Ok((browser.value(ready).await? == true).then_some(()))).await
    }
}

impl Drop for Embedder {
    fn drop(&mut self) {
        // The command is sent at once; nobody waits for it to be carried out.
        drop(self.server.stop(false));
    }
}

/// Somebody at the dialog.
#[derive(Clone, Copy)]
pub struct Framed<'a> {
    browser: &'a Browser,
}

impl<'a> Framed<'a> {
    /// Presses the application's button and goes into the frame.
    ///
    /// # Errors
    /// If the dialog is not shown.
    pub async fn open(browser: &'a Browser) -> Result<Self> {
        browser.click("waxseal-share").await?;
        Self::enter(browser).await
    }

    /// Goes into the frame of a dialog that opens, and waits for the choices.
    ///
    /// # Errors
    /// If it is not shown.
    pub async fn enter(browser: &'a Browser) -> Result<Self> {
        until("the frame", async || {
            Ok((browser.value(&format!("!!{FRAME}")).await? == true).then_some(()))
        })
        .await?;
        let mark = format!("const holder = {HOLDER}; holder.id = 'waxseal-holder'");
        browser.execute(&mark, vec![]).await?;
        let holder = browser.find(Locator::Css("#waxseal-holder")).await?;
        let root = holder.shadow_root().await.context("its shadow")?;
        root.find(Locator::Css("iframe")).await?.enter_frame().await?;
        browser.wait_for("#get-link").await?;
        Ok(Self { browser })
    }

    /// Presses “Get link” and gives the link.
    ///
    /// # Errors
    /// If there is none.
    pub async fn get_link(&self) -> Result<String> {
        self.browser.click("#get-link").await?;
        self.link().await
    }

    /// The link, once it is shown.
    ///
    /// # Errors
    /// If it never is.
    pub async fn link(&self) -> Result<String> {
        self.browser.wait_for("#copy-link").await?;
        let link = self.browser.value("document.querySelector('#link').value").await?;
        Ok(link.as_str().context("a link is text")?.to_owned())
    }

    /// Goes back to the application's page.
    ///
    /// # Errors
    /// Those of the browser.
    pub async fn leave(self) -> Result<()> {
        Ok(self.browser.enter_parent_frame().await?)
    }

    /// Goes back to the application's page, where the dialog is closed by now or soon.
    ///
    /// # Errors
    /// If it stays.
    pub async fn closes(self) -> Result<()> {
        let browser = self.browser;
        self.leave().await?;
        is_closed(browser).await
    }
}

/// Waits till the application's page shows no dialog.
///
/// # Errors
/// If it always does.
pub async fn is_closed(browser: &Browser) -> Result<()> {
    until("the end of the dialog", async || {
        Ok((browser.value(&format!("!{FRAME}")).await? == true).then_some(()))
    })
    .await
}

/// What the application was told: events with their details, once there are `count`.
///
/// # Errors
/// If there never are.
pub async fn told(browser: &Browser, count: usize) -> Result<Vec<(String, Value)>> {
    until("what the application is told", async || {
        let told: Vec<(String, Value)> = serde_json::from_value(browser.value("told").await?)?;
        Ok((told.len() >= count).then_some(told))
    })
    .await
}

/// Has the page open a dialog by the function, with `options` as JavaScript.
///
/// # Errors
/// Those of the browser.
pub async fn share(browser: &Browser, waxseal: &str, options: &str) -> Result<()> {
    let call = format!(
        "window.outcome = null; import(arguments[0] + '/embed.js')\
         .then(({{ openShareDialog }}) => openShareDialog({{ {options} }}))\
         .then(shared => outcome = ['resolved', shared], why => outcome = ['rejected', why.message])"
    );
    browser.execute(&call, vec![waxseal.into()]).await?;
    Ok(())
}

/// What became of the dialog that [`share`] opened, once it is closed: `resolved` or `rejected`, and to
/// what.
///
/// # Errors
/// If it never is.
pub async fn outcome(browser: &Browser) -> Result<Value> {
    until("an outcome", async || {
        let outcome = browser.value("window.outcome").await?;
        Ok((!outcome.is_null()).then_some(outcome))
    })
    .await
}

/// What holds the dialog.
const HOLDER: &str = "document.body.lastElementChild";
/// Its frame.
const FRAME: &str = "document.body.lastElementChild?.shadowRoot?.querySelector('iframe')";

fn answer(request: &HttpRequest, state: &State) -> HttpResponse {
    let waxseal = state.waxseal.get().map_or("'none'", String::as_str);
    let policy = format!(
        "default-src 'none'; script-src {waxseal} 'self'; frame-src {waxseal}; style-src 'self'; \
         connect-src 'self'; require-trusted-types-for 'script'"
    );
    let mut answer = HttpResponse::Ok();
    if request.path() == "/bare" {
        return answer.content_type("text/html").body("<!doctype html><title>Bare</title><body>");
    }
    answer.insert_header(("content-security-policy", policy));
    match request.path() {
        "/isolated" => {
            answer.insert_header(("cross-origin-embedder-policy", "require-corp"));
            answer.insert_header(("cross-origin-opener-policy", "same-origin"));
            let [name, hash] = state.pinned.get().cloned().unwrap_or_default();
            let script = format!("{name}\" crossorigin integrity=\"sha256-{hash}\">");
            let page = PAGE.replace("embed.js\">", &script).replace("WAXSEAL", waxseal);
            answer.content_type("text/html").body(page)
        }
        "/" => answer.content_type("text/html").body(PAGE.replace("WAXSEAL", waxseal)),
        "/bare" => {
            answer.content_type("text/html").body("<!doctype html><title>Bare</title><body>")
        }
        "/app.js" => answer.content_type("text/javascript").body(SCRIPT),
        "/grant" => {
            let number = state.grants.fetch_add(1, Ordering::SeqCst);
            let claims = state.claims.lock().expect("nobody panics with it");
            answer.content_type("text/plain").body(grant(number, &claims))
        }
        _ => HttpResponse::NotFound().finish(),
    }
}

/// A grant for an owner, signed by the application.
fn grant(number: u64, claims: &Value) -> String {
    let mut all = json!({
        "aud": AUDIENCE, "sub": "ann", "role": "owner", "jti": number.to_string(), "exp": now() + 60,
    });
    if let (Some(all), Some(claims)) = (all.as_object_mut(), claims.as_object()) {
        all.extend(claims.clone());
    }
    let header = json!({ "alg": "HS256" }).to_string();
    let [header, claims] = [header, all.to_string()].map(|json| base64url::encode(json.as_bytes()));
    let signed = format!("{header}.{claims}");
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), signed.as_bytes());
    format!("{signed}.{}", base64url::encode(tag.as_ref()))
}

/// The system's time in seconds.
fn now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |time| time.as_secs())
}
