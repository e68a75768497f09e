//! Whatever clients ask and whatever the network does: a share goes through its life one step at a time.

mod flawed;

use anyhow::{Context, Result, bail, ensure};
use flawed::{FLAWS, Flaw, FlawedStore};
use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::UNIX_EPOCH,
};
use waxseal_core::time::Timestamp;
use waxseal_server::{Stopping, audit::Audit, config::Settings, run, spans::Spans};
use waxseal_tests::{
    clock::Clock,
    dice::Dice,
    extent::extent,
    faults::BadNetwork,
    history::{Servers, Tally},
    redis::Redis,
    server::{Engine, Server},
};

/// Of so many exchanges with clients, one meets a fault.
const TO_CLIENTS: u64 = 12;
/// And of a server with its store.
const TO_STORE: u64 = 100;

/// Nothing of what clients do here is unusual.
const QUIET: [&str; 2] = ["--log-level", "error"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn histories_of_two_servers_on_one_redis_are_linearizable() -> Result<()> {
    let mut dice = announced()?;
    let clock = Arc::new(Clock::start()?);
    let redis = Redis::start(Some(&clock)).await?;
    let url = redis.url();
    let (_, port) = url.rsplit_once(':').context("an address has a port")?;
    let to_redis = BadNetwork::start(port.parse()?, TO_STORE, dice.roll()).await?;
    let near = Server::at(&url, &QUIET, Some(&clock))?;
    let far = Server::at(&format!("redis://{}", to_redis.address()), &QUIET, Some(&clock))?;
    let networks = [
        BadNetwork::start(near.port(), TO_CLIENTS, dice.roll()).await?,
        BadNetwork::start(far.port(), TO_CLIENTS, dice.roll()).await?,
    ];
    let tally = all_linearizable(&networks, clock, extent(60, 1000), dice).await?;
    println!("two servers on one Redis: {tally}");
    println!("exchanges with Redis: {to_redis}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn histories_of_a_server_on_sqlite_are_linearizable() -> Result<()> {
    let mut dice = announced()?;
    let clock = Arc::new(Clock::start()?);
    let server = Server::start(Engine::Sqlite, &QUIET, Some(&clock)).await?;
    let networks = [BadNetwork::start(server.port(), TO_CLIENTS, dice.roll()).await?];
    let tally = all_linearizable(&networks, clock, extent(60, 1000), dice).await?;
    println!("a server on SQLite: {tally}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn histories_of_a_flawed_store_are_refused() -> Result<()> {
    const ENOUGH: usize = 100;
    let mut dice = announced()?;
    for flaw in FLAWS {
        let clock = Arc::new(Clock::start()?);
        let redis = Redis::start(Some(&clock)).await?;
        let server = serve_flawed(&redis.url(), flaw, &clock).await?;
        let network = BadNetwork::start(server.port(), TO_CLIENTS, dice.roll()).await?;
        let servers = Servers::new(&[network.address()], clock);
        let mut refused = None;
        for history in 1..=ENOUGH {
            refused = servers
                .record(dice.roll())
                .await?
                .judged()
                .refused
                .map(|refused| (history, refused));
            if refused.is_some() {
                break;
            }
        }
        let (history, refused) = refused.with_context(|| format!("{flaw:?} is never seen"))?;
        println!("{flaw:?} is seen in history {history}: {refused}");
    }
    Ok(())
}

/// Where a server in this process listens until the test is over.
async fn serve_flawed(url: &str, flaw: Flaw, clock: &Arc<Clock>) -> Result<SocketAddr> {
    let clock = Arc::new(Moved(Arc::clone(clock)));
    let store = FlawedStore::connect(url, clock, flaw).await?;
    // All that a test does comes from one address.
    let any = |name: &str| (format!("WAXSEAL_{name}").into(), "0".into());
    let settings = [
        any("CREATIONS_PER_HOUR"),
        any("OPENINGS_PER_HOUR"),
        any("LOOKUPS_PER_HOUR"),
        any("UPLOAD_BYTES_PER_HOUR"),
        any("MAX_CONNECTIONS_PER_ADDRESS"),
    ];
    let settings = Settings::load(["waxseal-server", "--workers", "2"], settings)?;
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    let (audit, stopping) = (Audit::default(), Stopping::default());
    tokio::spawn(run(&settings, listener, Arc::new(store), audit, Spans::default(), stopping)?);
    Ok(address)
}

/// The clock of the other processes, for a server in this one.
struct Moved(Arc<Clock>);

impl waxseal_server::store::Clock for Moved {
    fn now(&self) -> Timestamp {
        let since = self.0.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_unix_millis(since.as_millis() as u64)
    }
}

/// The dice, after saying how to have the same again.
fn announced() -> Result<Dice> {
    let seed = Dice::seed()?;
    println!("WAXSEAL_SEED={seed}");
    Ok(Dice::new(seed))
}

async fn all_linearizable(
    networks: &[BadNetwork],
    clock: Arc<Clock>,
    count: usize,
    mut dice: Dice,
) -> Result<Tally> {
    let addresses: Vec<SocketAddr> = networks.iter().map(BadNetwork::address).collect();
    let servers = Servers::new(&addresses, clock);
    let mut tally = Tally::default();
    while tally.histories() < count {
        let history = servers.record(dice.roll()).await?;
        if !history.can_be_judged() {
            continue;
        }
        let judgement = history.judged();
        if let Some(refused) = judgement.refused {
            bail!("this cannot have happened one after the other:\n{refused}");
        }
        tally.add(&history, judgement.undecided);
    }
    ensure!(tally.undecided() * 50 < tally.shares(), "too little can be said: {tally}");
    let missing = tally.missing(&EXPECTED);
    ensure!(missing.is_empty(), "of all this, it never happened that {missing:?}: {tally}");
    for network in networks {
        println!("exchanges with clients: {network}");
    }
    Ok(tally)
}

/// What has to happen for a run to have seen a share's whole life.
const EXPECTED: [(&str, &[&str]); 11] = [
    (
        "Create",
        &["Receipt live", "Receipt staged", "Receipt opened", "Receipt revoked", "Conflict"],
    ),
    ("Put", &["Stored", "Conflict"]),
    ("Parts", &["Parts", "ShareOver opened"]),
    ("Publish", &["Receipt live"]),
    ("Landing", &["Landing", "Unknown", "ShareOver opened", "ShareOver revoked"]),
    (
        "Claim",
        &[
            "Head",
            "ClaimOver",
            "Unknown",
            "ShareOver opened",
            "ShareOver revoked",
            "ShareOver expired",
            "ShareOver burned",
            "PassphraseRequired",
            "WrongPassphrase",
            "NoPassphraseSet",
            "no answer",
        ],
    ),
    ("Part", &["Part", "ClaimOver", "Unknown"]),
    ("Renew", &["Lease", "ClaimOver", "Unknown"]),
    ("Acknowledge", &["Acknowledged", "Unknown", "no answer"]),
    (
        "Status",
        &[
            "Status staged",
            "Status live",
            "Status opened",
            "Status revoked",
            "Status expired",
            "Status burned",
            "Unknown",
        ],
    ),
    ("Revoke", &["Status revoked", "Status opened", "no answer"]),
];
