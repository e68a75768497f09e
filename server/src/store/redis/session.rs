//! Sessions in Redis, so that all servers on it believe the same browsers.
//!
//! Invariant: a session is named by the hash of its token and is gone when its time is over.

use super::{
    super::{AddressHash, StoreError},
    link::Link,
    scripts::Script,
};
use ::redis::{Value, cmd};
use std::sync::LazyLock;
use waxseal_core::{time::Timestamp, token::TokenHash};

static SESSION: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("session.lua")));

/// Keeps whose it is, until then.
pub(super) async fn keep(
    link: &Link,
    session: TokenHash,
    address: AddressHash,
    (now, until): (Timestamp, Timestamp),
) -> Result<(), StoreError> {
    let mut invocation = SESSION.invoke();
    invocation.key(key(session)).arg(until.unix_millis()).arg(address.as_bytes());
    invocation.arg(until.since(now).as_millis() as u64);
    link.run(&invocation).await.map(drop)
}

/// Whose it is, if it lasts.
pub(super) async fn find(
    link: &Link,
    session: TokenHash,
    now: Timestamp,
) -> Result<Option<AddressHash>, StoreError> {
    let found = link.query(vec![cmd("GET").arg(key(session)).take()]).await?;
    let Some(Value::BulkString(value)) = found.into_iter().next() else { return Ok(None) };
    let read = || {
        let (address, until) = value.split_first_chunk::<32>()?;
        let until = str::from_utf8(until).ok()?.parse().ok()?;
        Some((AddressHash::from_bytes(*address), Timestamp::from_unix_millis(until)))
    };
    let (address, until) =
        read().ok_or_else(|| StoreError::Fault("a session is damaged".to_owned()))?;
    Ok((now < until).then_some(address))
}

fn key(session: TokenHash) -> String {
    format!("waxseal:session:{{{}}}", session.to_base64url())
}
