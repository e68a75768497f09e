//! Grants that were used, in Redis, so that all servers on it know of them.
//!
//! Invariant: a grant is named by a hash, belongs to the first share that asked, and is forgotten when it
//! is no longer valid.

use super::{super::StoreError, link::Link, scripts::Script};
use ::redis::from_redis_value;
use std::{sync::LazyLock, time::Duration};
use waxseal_core::token::{ShareId, TokenHash};

static GRANT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("grant.lua")));

/// As `Store::take_grant`, for a grant that lasts for so long.
pub(super) async fn take(
    link: &Link,
    grant: TokenHash,
    id: ShareId,
    lasts: Duration,
) -> Result<(), StoreError> {
    let mut invocation = GRANT.invoke();
    invocation.key(format!("waxseal:grant:{{{}}}", grant.to_base64url()));
    invocation.arg(id.as_bytes()).arg(lasts.as_millis().max(1) as u64);
    let has: i64 = from_redis_value(link.run(&invocation).await?)
        .map_err(|error| StoreError::Fault(error.to_string()))?;
    if has == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}
