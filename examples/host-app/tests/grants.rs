//! Who is given a grant, and that it is one, at the real program.

use anyhow::{Context, Result};
use data_encoding::BASE64URL_NOPAD as BASE64URL;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::{Value, json};
use std::{
    collections::HashSet,
    io::{BufRead, BufReader},
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};
use ureq::{Agent, http::Response};

/// The application, till it is dropped.
struct Cupboard {
    process: Child,
    origin: String,
    agent: Agent,
}

impl Cupboard {
    fn start() -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut process = Command::new(env!("CARGO_BIN_EXE_waxseal-example-host"))
            .args(["--waxseal", "https://share.example.org/", "--port", &port.to_string()])
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().context("its output is piped")?;
        let agent = Agent::config_builder().http_status_as_error(false).max_redirects(0);
        let origin = format!("http://localhost:{port}");
        let cupboard = Self { process, origin, agent: agent.build().into() };
        // It listens once it says so.
        BufReader::new(output).read_line(&mut String::new())?;
        Ok(cupboard)
    }

    /// Signs in, and gives the cookie.
    fn sign_in(&self, name: &str) -> Result<String> {
        let form = [("user", name)];
        let answer = self.agent.post(format!("{}/session", self.origin)).send_form(form)?;
        assert_eq!(answer.status(), 303);
        let cookie = answer.headers()["set-cookie"].to_str()?;
        assert!(cookie.ends_with("; HttpOnly; SameSite=Strict"), "{cookie}");
        Ok(cookie.split_once(';').context("a cookie")?.0.to_owned())
    }

    fn get(&self, path: &str, cookie: &str) -> Result<(u16, Value)> {
        let answer = self.agent.get(format!("{}{path}", self.origin)).header("cookie", cookie);
        read(answer.call()?)
    }

    fn ask(&self, cookie: &str, secret: &str) -> Result<(u16, Value)> {
        let ask = self.agent.post(format!("{}/grants", self.origin)).header("cookie", cookie);
        let ask = ask.content_type("application/json");
        read(ask.send(json!({ "secret": secret }).to_string())?)
    }
}

impl Drop for Cupboard {
    fn drop(&mut self) {
        // It may have ended.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// The status, and what the JSON says, if it is some.
fn read(mut answer: Response<ureq::Body>) -> Result<(u16, Value)> {
    let text = answer.body_mut().read_to_string()?;
    Ok((answer.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::Null)))
}

fn decode(part: &str) -> Result<Value> {
    Ok(serde_json::from_slice(&BASE64URL.decode(part.as_bytes())?)?)
}

#[test]
fn only_the_owner_of_a_secret_gets_a_grant() -> Result<()> {
    let cupboard = Cupboard::start()?;
    let (ada, bob) = (cupboard.sign_in("Ada")?, cupboard.sign_in("Bob")?);
    for (cookie, secret, status) in [
        (ada.as_str(), "staging-database", 200),
        (&ada, "payroll", 403),
        (&ada, "no-such-secret", 404),
        (&bob, "staging-database", 403),
        (&bob, "deploy-key", 404),
        ("", "staging-database", 401),
        ("session=", "staging-database", 401),
        ("session=invented", "staging-database", 401),
    ] {
        let (is, grant) = cupboard.ask(cookie, secret)?;
        assert_eq!(is, status, "{secret} for {cookie}");
        assert_eq!(grant["grant"].is_string(), status == 200, "{secret} for {cookie}");
    }
    assert_eq!(cupboard.get("/api/secrets/deploy-key", &bob)?.0, 404);
    assert_eq!(cupboard.get("/api/secrets/deploy-key", &ada)?.1["role"], "owner");
    Ok(())
}

#[test]
fn a_grant_is_signed_by_the_published_key_and_says_who_for_whom_and_until_when() -> Result<()> {
    let cupboard = Cupboard::start()?;
    let ada = cupboard.sign_in("Ada")?;
    let (_, set) = cupboard.get("/.well-known/jwks.json", "")?;
    let key = &set["keys"][0];
    let public = BASE64URL.decode(key["x"].as_str().context("a key")?.as_bytes())?;
    let mut names = HashSet::new();
    for _ in 0..3 {
        let (_, answer) = cupboard.ask(&ada, "staging-database")?;
        let grant = answer["grant"].as_str().context("a grant")?;
        let (signed, signature) = grant.rsplit_once('.').context("a signature")?;
        let signature = BASE64URL.decode(signature.as_bytes())?;
        let key_used = UnparsedPublicKey::new(&ED25519, &public);
        assert!(key_used.verify(signed.as_bytes(), &signature).is_ok(), "{grant}");
        let (header, claims) = signed.split_once('.').context("claims")?;
        let (header, claims) = (decode(header)?, decode(claims)?);
        assert_eq!(header, json!({ "alg": "EdDSA", "typ": "JWT", "kid": key["kid"] }));
        assert_eq!(claims["aud"], "https://share.example.org");
        assert_eq!(claims["iss"], cupboard.origin.as_str());
        assert_eq!((&claims["sub"], &claims["role"]), (&json!("Ada"), &json!("owner")));
        let (from, until) = (claims["iat"].as_u64(), claims["exp"].as_u64());
        assert_eq!(until.zip(from).map(|(until, from)| until - from), Some(60));
        assert!(until > Some(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs()));
        assert!(names.insert(claims["jti"].to_string()), "a name of its own: {claims}");
    }
    Ok(())
}

#[test]
fn its_pages_let_in_waxseal_and_nothing_else() -> Result<()> {
    let cupboard = Cupboard::start()?;
    let mut answer = cupboard.agent.get(&cupboard.origin).call()?;
    let policy = answer.headers()["content-security-policy"].to_str()?.to_owned();
    for allowed in
        ["default-src 'none'", "script-src 'self' https://share.example.org", "style-src 'self'"]
    {
        assert!(policy.split("; ").any(|directive| directive == allowed), "{allowed}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    let page = answer.body_mut().read_to_string()?;
    assert!(page.contains("content=\"https://share.example.org\""), "{page}");
    Ok(())
}
