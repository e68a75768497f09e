//! One client whose every request is answered.

use super::{
    Life,
    load::Moment,
    state::{Outcome, Step},
};
use crate::{api::Api, dice::Dice, server::Server};
use anyhow::{Result, bail, ensure};
use std::sync::Arc;

/// A client of one server.
pub struct Client {
    /// Its connections.
    pub api: Api,
    moment: Moment,
}

impl Client {
    /// Of this server.
    pub fn of(server: &Server) -> Self {
        let api = Api::new(&format!("http://127.0.0.1:{}", server.port()));
        Self { api, moment: Arc::new(|| 0) }
    }

    /// Makes steps.
    ///
    /// # Errors
    /// If one is not answered as expected.
    pub async fn steps(&self, life: &mut Life, steps: &[Step]) -> Result<()> {
        let mut state = life.now();
        for step in steps {
            let there = life.step(&self.api, &mut state, *step, &self.moment).await?;
            ensure!(there, "the server is gone");
        }
        Ok(())
    }

    /// Creates it, and stores and publishes it if it is several parts.
    ///
    /// # Errors
    /// If that is not done.
    pub async fn upload(&self, life: &mut Life) -> Result<()> {
        self.steps(life, &life.upload()).await
    }

    /// Opens a one-time share as a recipient does who got no answer at first, with another one who
    /// comes too late.
    ///
    /// # Errors
    /// If that is not answered as expected.
    pub async fn open(&self, life: &mut Life, dice: &mut Dice) -> Result<()> {
        life.claim(1, dice);
        let head = [Step::Landing, Step::Claim(0), Step::Claim(0), Step::Claim(1)];
        let parts: Vec<Step> = (0..life.parts()).map(|n| Step::Part(0, n)).collect();
        let end = [Step::Renew(0), Step::Acknowledge(0), Step::Claim(0), Step::Status];
        self.steps(life, &[&head[..], &parts, &end].concat()).await
    }

    /// Whether there is room for a share.
    ///
    /// # Errors
    /// If the creation is answered neither with success nor with that there is no room.
    pub async fn creates(&self, life: &Life) -> Result<bool> {
        match life.ask(&self.api, Step::Create).await? {
            Outcome::Done => Ok(true),
            Outcome::Full => Ok(false),
            other => bail!("a creation is answered {other:?}"),
        }
    }
}
