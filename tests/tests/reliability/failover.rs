//! Once means once also when Redis' master is lost: it is cut off from its replicas, one of them takes its
//! place, and recipients race on servers that see the one and the other.

use anyhow::{Context, Result, ensure};
use getrandom::SysRng;
use http::StatusCode;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::task::{JoinSet, LocalSet, spawn_local};
use waxseal_core::token::ClaimToken;
use waxseal_tests::{
    api::Api,
    extent::extent,
    redis::Redis,
    relay::Relay,
    sentinel::Sentinels,
    server::Server,
    share::{Share, Terms},
    wait::within,
};

/// Until a replica is promoted and a server has found it.
const FAILOVER: Duration = Duration::from_secs(90);

/// Recipients of one server at a time.
const AT_ONCE: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_masters_one_hands_out_a_share_where_replicas_are_waited_for() -> Result<()> {
    let counts = by_hand(1).await?;
    counts.print("promoted by hand, --redis-replicas 1");
    ensure!(counts.opened_twice == 0, "{} shares were opened twice", counts.opened_twice);
    ensure!(counts.never_opened == 0, "{} shares got lost", counts.never_opened);
    ensure!(counts.refused > 0, "the old master was never asked in vain: this was no test");
    Ok(())
}

/// What the setting is for, and that the test above would see it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_masters_both_do_where_they_are_not() -> Result<()> {
    let counts = by_hand(0).await?;
    counts.print("promoted by hand, --redis-replicas 0");
    ensure!(counts.opened_twice > 0, "the replica had what the master wrote after it was cut off");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sentinels_promote_a_replica_and_no_share_is_handed_out_twice() -> Result<()> {
    let master = Redis::start(None).await?;
    let between = Relay::start(master.port()).await?;
    let _replicas =
        [Redis::replica_of(between.port()).await?, Redis::replica_of(between.port()).await?];
    let sentinels = Sentinels::start(between.port(), 2).await?;
    let options = ["--redis-replicas", "1"];
    let stale = Server::at(&master.url(), &options, None)?;
    let current = Server::at(&sentinels.url(), &options, None)?;
    let racing = race(&stale, &current, &between, async || {
        within(FAILOVER, "the Sentinels to promote a replica", async || {
            Ok((sentinels.master()? != between.port()).then_some(()))
        })
        .await
    });
    let counts = LocalSet::new().run_until(racing).await?;
    counts.print("promoted by Sentinels, --redis-replicas 1");
    ensure!(counts.opened_twice == 0, "{} shares were opened twice", counts.opened_twice);
    ensure!(counts.never_opened == 0, "{} shares got lost", counts.never_opened);
    ensure!(counts.refused > 0, "the old master was never asked in vain: this was no test");

    // The old one comes back, is made a replica, and is not used any more.
    between.mend();
    within(FAILOVER, "the old master to be a replica", async || {
        // The Sentinels end its connections.
        Ok(master.info().is_ok_and(|info| info.contains("role:slave")).then_some(()))
    })
    .await?;
    let share = Share::note("Note", "after it all", Terms::default())?;
    let refused = api(&stale).create(&share).await?;
    ensure!(refused.status == StatusCode::SERVICE_UNAVAILABLE, "{refused:?}");
    let taken = api(&current).create(&share).await?;
    ensure!(taken.status == StatusCode::CREATED, "{taken:?}");
    Ok(())
}

/// A master, its replica, and a replica of that one, which is there when it is promoted.
async fn by_hand(replicas: u32) -> Result<Counts> {
    let master = Redis::start(None).await?;
    let between = Relay::start(master.port()).await?;
    let replica = Redis::replica_of(between.port()).await?;
    let _its_replica = Redis::replica_of(replica.port()).await?;
    // As an address that is moved from one machine to another.
    let address = Relay::start(master.port()).await?;
    let options = ["--redis-replicas", &replicas.to_string()];
    let stale = Server::at(&master.url(), &options, None)?;
    let current = Server::at(&format!("redis://127.0.0.1:{}", address.port()), &options, None)?;
    let racing = race(&stale, &current, &between, async || {
        let () =
            ::redis::cmd("REPLICAOF").arg("NO").arg("ONE").query(&mut replica.connection()?)?;
        address.lead_to(replica.port());
        Ok(())
    });
    LocalSet::new().run_until(racing).await
}

/// A share with a recipient on each server.
struct Raced {
    share: Share,
    claims: [ClaimToken; 2],
    opened: [bool; 2],
}

#[derive(Default)]
struct Counts {
    opened: usize,
    opened_twice: usize,
    never_opened: usize,
    /// Claims that the old master's server answered with 503.
    refused: usize,
}

/// Recipients race on two servers while the master of the one is cut off and another is promoted for the
/// other. Of the shares, a third is opened before, a third meanwhile; the last third is asked for on the
/// old master alone at first, and on the other when there is one.
async fn race(
    stale: &Server,
    current: &Server,
    between: &Relay,
    promote: impl AsyncFnOnce() -> Result<()>,
) -> Result<Counts> {
    let third = extent(20, 200);
    let mut thirds = Vec::new();
    for name in ["before", "meanwhile", "after"] {
        let mut raced = Vec::new();
        for n in 0..third {
            let share = Share::note("Note", &format!("{name} {n}"), Terms::default())?;
            let answer = api(stale).create(&share).await?;
            ensure!(answer.status == StatusCode::CREATED, "{answer:?}");
            let claims = [ClaimToken::generate(&mut SysRng)?, ClaimToken::generate(&mut SysRng)?];
            raced.push(Raced { share, claims, opened: [false; 2] });
        }
        thirds.push(raced);
    }
    let [before, meanwhile, after] = thirds.try_into().ok().context("three thirds")?;
    let refused = Arc::new(AtomicUsize::new(0));

    let before = ask_once(stale, before, &refused).await?;
    ensure!(before.iter().all(|raced| raced.opened[0]), "nothing was in the way yet");
    let answered = Arc::new(AtomicUsize::new(0));
    let racing = meanwhile.into_iter().map(|raced| {
        let (stale, current) = (api(stale), api(current));
        let (answered, refused) = (Arc::clone(&answered), Arc::clone(&refused));
        async move {
            let Raced { share, claims, .. } = raced;
            let one = async {
                let opened = once(&stale, &share, &claims[0], &refused).await;
                answered.fetch_add(1, Ordering::SeqCst);
                opened
            };
            let (one, other) = tokio::join!(one, in_the_end(&current, &share, &claims[1]));
            Ok(Raced { share, claims, opened: [one?, other?] })
        }
    });
    let racing = spawn_local(at_once(racing.collect()));
    within(FAILOVER, "the race to begin", async || {
        Ok((answered.load(Ordering::SeqCst) > 0).then_some(()))
    })
    .await?;
    between.cut();
    let after = ask_once(stale, after, &refused).await?;
    promote().await?;
    let after = ask_on(current, 1, after).await?;
    let before = ask_on(current, 1, before).await?;
    let mut all: Vec<Raced> = racing.await??;
    all.extend(before.into_iter().chain(after));
    // Whoever was told to try again does, on the server that is left.
    let all = ask_on(current, 0, all).await?;

    let count = |opened: [bool; 2]| all.iter().filter(|raced| raced.opened == opened).count();
    Ok(Counts {
        opened: all.len() - count([false; 2]),
        opened_twice: count([true; 2]),
        never_opened: count([false; 2]),
        refused: refused.load(Ordering::SeqCst),
    })
}

impl Counts {
    fn print(&self, how: &str) {
        let Self { opened, opened_twice, never_opened, refused } = self;
        println!(
            "{how}: {opened} shares opened, {opened_twice} of them twice, {never_opened} never; \
             {refused} claims refused by the old master's server"
        );
    }
}

fn api(server: &Server) -> Api {
    Api::new(&format!("http://127.0.0.1:{}", server.port()))
}

/// The first recipient of each share asks the old master's server, once.
async fn ask_once(
    server: &Server,
    shares: Vec<Raced>,
    refused: &Arc<AtomicUsize>,
) -> Result<Vec<Raced>> {
    let api = api(server);
    let asking = shares.into_iter().map(|mut raced| {
        let (api, refused) = (api.clone(), Arc::clone(refused));
        async move {
            raced.opened[0] = once(&api, &raced.share, &raced.claims[0], &refused).await?;
            Ok(raced)
        }
    });
    at_once(asking.collect()).await
}

/// One of the two recipients of each share asks the other server till it is told, unless it has the share.
async fn ask_on(server: &Server, who: usize, shares: Vec<Raced>) -> Result<Vec<Raced>> {
    let api = api(server);
    let asking = shares.into_iter().map(|mut raced| {
        let api = api.clone();
        async move {
            if !raced.opened[who] {
                raced.opened[who] = in_the_end(&api, &raced.share, &raced.claims[who]).await?;
            }
            Ok(raced)
        }
    });
    at_once(asking.collect()).await
}

/// Runs many, a few of them at a time.
async fn at_once<T: 'static>(
    mut all: Vec<impl Future<Output = Result<T>> + 'static>,
) -> Result<Vec<T>> {
    let (mut running, mut done) = (JoinSet::new(), Vec::new());
    loop {
        while running.len() < AT_ONCE
            && let Some(next) = all.pop()
        {
            running.spawn_local(next);
        }
        match running.join_next().await {
            Some(result) => done.push(result??),
            None => return Ok(done),
        }
    }
}

/// Whether the share is handed out to this claim, which asks once.
async fn once(api: &Api, share: &Share, claim: &ClaimToken, refused: &AtomicUsize) -> Result<bool> {
    let answer = api.claim(share, claim, None).await?;
    match answer.status {
        StatusCode::OK => {
            ensure!(answer.body == share.ciphertext(), "another share was handed out");
            return Ok(true);
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            ensure!(answer.problem().is_ok(), "more than a refusal was shown: {answer:?}");
            refused.fetch_add(1, Ordering::SeqCst);
        }
        StatusCode::GONE => {}
        _ => anyhow::bail!("an answer that is none: {answer:?}"),
    }
    Ok(false)
}

/// As [`once`], asking again till the share is handed out or is over.
async fn in_the_end(api: &Api, share: &Share, claim: &ClaimToken) -> Result<bool> {
    within(FAILOVER, "an answer from the new master's server", async || {
        let refused = AtomicUsize::new(0);
        let opened = once(api, share, claim, &refused).await?;
        Ok((refused.into_inner() == 0).then_some(opened))
    })
    .await
}
