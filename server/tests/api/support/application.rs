//! An application whose users share: it signs grants and publishes its keys.

use ring::{
    hmac,
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair},
};
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{SystemTime, UNIX_EPOCH},
};
use tempfile::TempDir;
use waxseal_core::base64url;

/// Names of grants, each once.
static NAMES: AtomicU64 = AtomicU64::new(0);

/// One application with one key.
pub(crate) struct Application {
    name: String,
    key: Ed25519KeyPair,
    folder: TempDir,
}

impl Application {
    pub(crate) fn new() -> Self {
        Self::named("key")
    }

    /// With this name of its key.
    pub(crate) fn named(name: &str) -> Self {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("random numbers");
        Self {
            name: name.to_owned(),
            key: Ed25519KeyPair::from_pkcs8(key.as_ref()).expect("it was just made"),
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// Its public key.
    fn jwk(&self) -> Value {
        let x = base64url::encode(self.key.public_key().as_ref());
        json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": self.name, "x": x })
    }

    /// A file with its public key.
    pub(crate) fn file(&self) -> PathBuf {
        let path = self.folder.path().join("keys.json");
        let set = json!({ "keys": [self.jwk()] });
        fs::write(&path, set.to_string()).expect("the folder is ours");
        path
    }

    /// The same as PEM (RFC 8410 section 4).
    pub(crate) fn pem_file(&self) -> PathBuf {
        const SPKI: [u8; 12] = *b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";
        let der = [&SPKI, self.key.public_key().as_ref()].concat();
        let base64 = base64url::encode(&der).replace('-', "+").replace('_', "/") + "=";
        let path = self.folder.path().join("key.pem");
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----\n");
        fs::write(&path, pem).expect("the folder is ours");
        path
    }

    /// A file with this secret, and an end of line as editors write it.
    pub(crate) fn secret_file(&self, secret: &str) -> PathBuf {
        let path = self.folder.path().join("secret");
        fs::write(&path, format!("{secret}\n")).expect("the folder is ours");
        path
    }

    /// The system's time in seconds.
    pub(crate) fn now() -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_secs()
    }

    /// A grant for an owner, but for these claims; null leaves one out.
    pub(crate) fn grant(&self, claims: Value) -> String {
        let signed = unsigned(&json!({ "alg": "EdDSA", "kid": self.name }), claims);
        let signature = self.key.sign(signed.as_bytes());
        format!("{signed}.{}", base64url::encode(signature.as_ref()))
    }

    /// The same, signed with a secret.
    pub(crate) fn grant_by(secret: &[u8], claims: Value) -> String {
        let signed = unsigned(&json!({ "alg": "HS256" }), claims);
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
        format!("{signed}.{}", base64url::encode(tag.as_ref()))
    }

    /// The same, signed with what is public.
    pub(crate) fn confused(&self) -> String {
        Self::grant_by(self.key.public_key().as_ref(), json!({}))
    }

    /// The same, signed by nobody.
    pub(crate) fn unsigned() -> String {
        unsigned(&json!({ "alg": "none" }), json!({})) + "."
    }
}

fn unsigned(header: &Value, claims: Value) -> String {
    let now = Application::now();
    let name = NAMES.fetch_add(1, Ordering::Relaxed).to_string();
    let mut all = json!({
        "aud": "https://share.example.org", "sub": "ann", "role": "owner",
        "jti": name, "iat": now, "exp": now + 60,
    });
    let all = all.as_object_mut().expect("it is one");
    let Value::Object(claims) = claims else { panic!("claims are an object") };
    all.extend(claims);
    all.retain(|_, value| !value.is_null());
    let encode = |json: String| base64url::encode(json.as_bytes());
    let claims = serde_json::to_string(all).expect("JSON is JSON");
    format!("{}.{}", encode(header.to_string()), encode(claims))
}

/// Where applications publish their keys.
pub(crate) struct Publisher {
    address: SocketAddr,
    /// What it answers, if it does.
    set: Arc<Mutex<Option<Value>>>,
    reads: Arc<AtomicU64>,
}

impl Publisher {
    /// Of the keys of one.
    pub(crate) fn of(application: &Application) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (set, reads) = (Arc::new(Mutex::new(None)), Arc::default());
        let publisher = Self { address, set, reads };
        publisher.publish(&[application]);
        let (set, reads) = (Arc::clone(&publisher.set), Arc::clone(&publisher.reads));
        // It ends with the process.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.expect("a connection");
                let set = set.lock().expect("no test panics").clone();
                answer(stream, set.as_ref()).expect("the server takes it");
                reads.fetch_add(1, Ordering::SeqCst);
            }
        });
        publisher
    }

    pub(crate) fn address(&self) -> String {
        format!("http://{}/keys", self.address)
    }

    /// The keys of these from now on.
    pub(crate) fn publish(&self, applications: &[&Application]) {
        let keys: Vec<_> = applications.iter().map(|application| application.jwk()).collect();
        *self.set.lock().expect("no test panics") = Some(json!({ "keys": keys }));
    }

    /// Nothing from now on.
    pub(crate) fn fail(&self) {
        *self.set.lock().expect("no test panics") = None;
    }

    /// How often the keys were asked for.
    pub(crate) fn reads(&self) -> u64 {
        self.reads.load(Ordering::SeqCst)
    }
}

fn answer(mut stream: TcpStream, set: Option<&Value>) -> std::io::Result<()> {
    let mut head = BufReader::new(stream.try_clone()?).lines();
    while !head.next().transpose()?.unwrap_or_default().is_empty() {}
    let (status, body) = set.map_or(("500 Down", String::new()), |set| ("200 OK", set.to_string()));
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}
