//! The promise, over HTTP: of all who ask, exactly one is given a one-time share.

use anyhow::Result;
use getrandom::SysRng;
use std::sync::Arc;
use tokio::{sync::Barrier, task::JoinSet};
use waxseal_core::{token::ClaimToken, wire::ProblemType};
use waxseal_tests::{
    deployment::Deployment,
    server::Engine,
    share::{Share, Terms},
};

const SHARES: usize = 1000;
const RACERS: usize = 16;
/// Shares raced for at the same time.
const AT_ONCE: usize = 8;

pub(crate) async fn of_1000_shares_with_16_racers_each_every_one_opens_once(
    engine: Engine,
) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let mut races: JoinSet<Result<()>> = JoinSet::new();
    for n in 0..SHARES {
        if races.len() == AT_ONCE
            && let Some(race) = races.join_next().await
        {
            race??;
        }
        let share = Share::note("Note", &format!("for one {n}"), Terms::default())?;
        let deployment_api = deployment.api.clone();
        races.spawn(async move {
            assert_eq!(deployment_api.create(&share).await?.status, 201);
            let share = Arc::new(share);
            let start = Arc::new(Barrier::new(RACERS));
            let mut racers: JoinSet<Result<bool>> = JoinSet::new();
            for _ in 0..RACERS {
                let (api, share, start) =
                    (deployment_api.clone(), Arc::clone(&share), Arc::clone(&start));
                racers.spawn(async move {
                    let claim = ClaimToken::generate(&mut SysRng)?;
                    start.wait().await;
                    let answer = api.claim(&share, &claim, None).await?;
                    if answer.status == 200 {
                        assert_eq!(answer.body, share.ciphertext());
                        return Ok(true);
                    }
                    assert_eq!(answer.problem()?.kind, ProblemType::ShareOver);
                    Ok(false)
                });
            }
            let mut opened = 0;
            while let Some(racer) = racers.join_next().await {
                opened += usize::from(racer??);
            }
            assert_eq!(opened, 1);
            Ok(())
        });
    }
    while let Some(race) = races.join_next().await {
        race??;
    }
    Ok(())
}
