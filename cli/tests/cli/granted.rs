//! Sending to a server that takes what an application grants.

use crate::support::{User, done, start_with};
use anyhow::Result;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::NamedTempFile;
use waxseal_core::base64url;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A grant for somebody with this role (RFC 7515 appendix A.1).
fn grant(role: &str) -> Result<String> {
    let end = SystemTime::now().duration_since(UNIX_EPOCH)? + Duration::from_secs(60);
    let header = json!({ "alg": "HS256" }).to_string();
    let claims = json!({
        "aud": "waxseal", "sub": "ann", "role": role, "jti": role, "exp": end.as_secs(),
    });
    let encode = |text: String| base64url::encode(text.as_bytes());
    let signed = format!("{}.{}", encode(header), encode(claims.to_string()));
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes())?;
    mac.update(signed.as_bytes());
    Ok(format!("{signed}.{}", base64url::encode(&mac.finalize().into_bytes())))
}

fn send(user: &User, grant: &str) -> Result<crate::support::Done> {
    done(user.command(&["send", "--text", "granted"]).env("WAXSEAL_GRANT", grant).spawn()?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_sends_with_a_grant_and_a_reader_does_not() -> Result<()> {
    let secret = NamedTempFile::new()?;
    std::fs::write(&secret, SECRET)?;
    let file = format!("--identity-grant-secret-file={}", secret.path().display());
    let flags = ["--identity-mode=grant", "--identity-grant-audience=waxseal", &file];
    let (deployment, user) = start_with(&flags).await?;

    let without = user.run(&["send", "--text", "not granted"])?;
    assert_eq!(without.code, Some(2), "{without:?}");
    assert!(without.err.contains("WAXSEAL_GRANT"), "{without:?}");
    assert_eq!(deployment.proxy.count("POST /api/shares"), 0);

    let refused = send(&user, &grant("reader")?)?;
    assert_eq!(refused.code, Some(14), "{refused:?}");
    assert!(refused.err.contains("only an owner may share"), "{refused:?}");

    let owner = grant("owner")?;
    let link = send(&user, &owner)?.ok()?;
    assert_eq!(user.run(&["open", link.trim()])?.ok()?, "granted\n");
    let again = send(&user, &owner)?;
    assert_eq!(again.code, Some(14), "a grant is for one share: {again:?}");
    Ok(())
}
