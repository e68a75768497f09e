//! A server where owners confirm by mail, and a hand of the test's own on its store: what a person would
//! read in a mail is set there, as another server on the same Redis would.

use super::{Reply, Share, TestServer};
use crate::redis_server::RedisServer;
use serde_json::{Value, json};
use std::{ops::Deref, time::Duration};
use tokio::runtime::Runtime;
use waxseal_core::token::{ConfirmationToken, OwnerToken, ShareId};
use waxseal_server::store::{
    AddressHash, Ask, Clock, Quota, Retention, Store, StoreError, redis::RedisStore,
};

/// Mails are sent to this address alone, and by nobody: there is no mail server.
pub(crate) const ALLOWED: &str = "ann@allowed.example";

const FLAGS: [&str; 7] = [
    "--identity-mode=email",
    "--identity-allowed=ann@allowed.example",
    "--identity-public-url=http://localhost:8080",
    "--identity-smtp-host=127.0.0.1",
    "--identity-smtp-port=1",
    "--identity-smtp-tls=none",
    "--identity-mail-from=share@allowed.example",
];

/// The number that the test has owners see.
pub(crate) const NUMBER: &str = "42";

/// The server and what is behind it.
pub(crate) struct EmailServer {
    server: TestServer,
    pub(crate) redis: RedisServer,
    store: RedisStore,
    runtime: Runtime,
}

impl EmailServer {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// With these flags besides, or instead of those of the same name.
    pub(crate) fn with(flags: &[&str]) -> Self {
        let redis = RedisServer::start(&[]);
        let url = redis.url();
        let name = |flag: &str| flag.split('=').next().map(str::to_owned);
        let mut all = FLAGS.to_vec();
        all.retain(|flag| flags.iter().all(|other| name(other) != name(flag)));
        all.extend(flags);
        let server = TestServer::over(&all, async move |_, settings, clock| {
            let (retention, quota) = (settings.retention(), settings.quota());
            let deployment = url.parse().expect("an address");
            RedisStore::connect(&deployment, retention, quota, clock).await.expect("it is safe")
        });
        let runtime = Runtime::new().expect("threads can be started");
        let clock: std::sync::Arc<dyn Clock> = server.clock.clone();
        let deployment = redis.url().parse().expect("an address");
        let (retention, quota) = (Retention::default(), Quota::default());
        let store = RedisStore::connect(&deployment, retention, quota, clock);
        let store = runtime.block_on(store).expect("it is safe");
        Self { server, redis, store, runtime }
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.server.clock.advance(by);
    }

    /// Has a mail sent to this address.
    pub(crate) fn ask(&self, share: &Share, address: &str, keep: bool) -> Reply {
        let request = json!({ "address": address, "keep": keep });
        self.post(&share.path("/confirmation"), &share.owner(), &request)
    }

    /// Sets the token of this seed as the one that was mailed last.
    pub(crate) fn mail(
        &self,
        share: &Share,
        seed: u8,
        session_of: Option<AddressHash>,
    ) -> Result<(), StoreError> {
        let ask = Ask {
            token: ConfirmationToken::from_bytes([seed; 32]).hash(),
            number: NUMBER.parse().expect("two digits"),
            session_of,
        };
        let id: ShareId = share.id().parse().expect("an id");
        let owner: OwnerToken = share.owner().parse().expect("a token");
        self.runtime.block_on(self.store.ask(id, owner.hash(), ask)).map(drop)
    }

    /// Confirms with the token of this seed.
    pub(crate) fn confirm(&self, share: &Share, seed: u8, number: &str) -> Reply {
        let request = json!({ "id": share.id(), "token": mailed(seed), "number": number });
        self.post("/api/confirmations", "", &request)
    }

    /// Denies with the token of this seed.
    pub(crate) fn deny(&self, share: &Share, seed: u8) -> Reply {
        let request = json!({ "id": share.id(), "token": mailed(seed) });
        self.post("/api/confirmations/deny", "", &request)
    }

    /// The state that the owner is told.
    pub(crate) fn state(&self, share: &Share) -> Value {
        self.call("GET", &share.path("/status"), &share.owner()).json()["state"].clone()
    }

    /// Whoever has the link is told of nothing.
    #[track_caller]
    pub(crate) fn is_unknown(&self, share: &Share) {
        let landing = self.call("GET", &share.path(""), &share.access());
        landing.problem(404, "unknown-share");
        self.claim(share, 1).problem(404, "unknown-share");
        let nobody = self.call("GET", &Share::new(0xfe).path(""), &share.access());
        assert_eq!(landing.body, nobody.body);
    }
}

impl Deref for EmailServer {
    type Target = TestServer;

    fn deref(&self) -> &TestServer {
        &self.server
    }
}

/// The token of this seed.
pub(crate) fn mailed(seed: u8) -> String {
    ConfirmationToken::from_bytes([seed; 32]).to_base64url()
}
