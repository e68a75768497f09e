//! Recording: clients of real servers, all that they ask and all that they are told.
//!
//! Invariant: a call is noted before its request is sent, and its answer after the last byte of it came.

use super::{
    History, OneHistory,
    call::{Answer, Call, Minute, Request},
    plan::{Kind, Mind, Next, Plan, REQUESTS},
    secrets::Secrets,
};
use crate::{api::Api, clock::Clock, dice::Dice, linearizability::Timed};
use anyhow::{Context, Result};
use futures_util::future::join_all;
use std::{
    cell::RefCell,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant, UNIX_EPOCH},
};
use waxseal_core::time::Timestamp;

/// How many clients there are.
const CLIENTS: usize = 16;

/// After this, an answer is lost; longer than any server takes.
const PATIENCE: Duration = Duration::from_secs(15);

/// Ways to servers with one store, for each client, and the clock of them all.
pub struct Servers {
    apis: Vec<Vec<Api>>,
    clock: Arc<Clock>,
}

struct Recorder<'a> {
    servers: &'a Servers,
    shares: Vec<Secrets>,
    notes: RefCell<Notes>,
}

struct Notes {
    calls: Vec<Vec<Timed<Call>>>,
    /// The place of the next event in their order.
    events: usize,
    clock: Vec<Minute>,
    /// Requests until the clock is moved, and by how much.
    jump: Option<(Minute, usize)>,
}

impl Servers {
    /// Servers at these addresses that live by `clock`.
    pub fn new(addresses: &[SocketAddr], clock: Arc<Clock>) -> Self {
        let way = |address: &SocketAddr| Api::new(&format!("http://{address}"));
        let ways = |_| addresses.iter().map(way).collect();
        Self { apis: (0..CLIENTS).map(ways).collect(), clock }
    }

    /// Records a history.
    ///
    /// # Errors
    /// If the clock cannot be moved.
    pub async fn record(&self, seed: u64) -> Result<History> {
        let mut dice = Dice::new(seed);
        let plan = Plan::draw(CLIENTS, &mut dice);
        let started = Instant::now();
        let began = self.clock.now().duration_since(UNIX_EPOCH)?;
        let began = Timestamp::from_unix_millis(u64::try_from(began.as_millis())?);
        let secrets = |kind: &Kind| Secrets::draw(kind.terms, &mut dice, began);
        let shares = plan.shares.iter().map(secrets).collect::<Result<Vec<_>>>()?;
        let notes =
            Notes { calls: vec![Vec::new(); shares.len()], events: 0, clock: vec![0], jump: None };
        let recorder = Recorder { servers: self, shares, notes: RefCell::new(notes) };

        let mut minds: Vec<(Mind, Dice)> = (0..CLIENTS)
            .map(|client| {
                let mut dice = Dice::new(dice.roll());
                let share = client % plan.shares.len();
                let mind = match client / plan.shares.len() {
                    turn @ 0..2 => Mind::owner(share, plan.shares[share], turn == 0, &mut dice),
                    _ => Mind::default(),
                };
                (mind, dice)
            })
            .collect();
        for round in &plan.rounds {
            recorder.notes.borrow_mut().jump = round.jump;
            let clients = minds.iter_mut().enumerate();
            let clients =
                clients.map(|(client, (mind, dice))| recorder.client(client, mind, &plan, dice));
            join_all(clients).await.into_iter().collect::<Result<()>>()?;
        }
        let notes = recorder.notes.into_inner();
        let last = notes.clock.len() - 1;
        let one = |(secrets, mut calls): (Secrets, Vec<Timed<Call>>)| {
            for call in calls.iter_mut().filter(|call| call.answered.is_none()) {
                call.call.clock.1 = last;
            }
            OneHistory { terms: secrets.terms, calls }
        };
        Ok(History {
            seed,
            clock: notes.clock,
            shares: recorder.shares.into_iter().zip(notes.calls).map(one).collect(),
            took: started.elapsed(),
        })
    }
}

impl Recorder<'_> {
    /// A client's round.
    async fn client(
        &self,
        client: usize,
        mind: &mut Mind,
        plan: &Plan,
        dice: &mut Dice,
    ) -> Result<()> {
        let mut requests = 0;
        while mind.has_duties() || requests < REQUESTS {
            requests += 1;
            let next = mind.next(&plan.shares, dice);
            let server = dice.below(self.servers.apis[client].len() as u64) as usize;
            let answer = self.call(client, server, next).await?;
            mind.learn(next, answer.as_ref());
        }
        Ok(())
    }

    async fn call(&self, client: usize, server: usize, next: Next) -> Result<Option<Answer>> {
        let api = &self.servers.apis[client][server];
        self.move_clock()?;
        match next {
            Next::One { share, request, stranger } => {
                let at = self.note(share, client, server, request, stranger);
                let asked = self.shares[share].ask(api, request, stranger);
                let answer = tokio::time::timeout(PATIENCE, asked).await.ok().flatten();
                if let Some(answer) = &answer {
                    self.note_answer(share, at, answer.clone());
                }
                Ok(answer)
            }
            Next::All => {
                let request = Request::Status { batch: true };
                let at: Vec<usize> = (0..self.shares.len())
                    .map(|share| self.note(share, client, server, request, false))
                    .collect();
                let asked = Secrets::ask_all(&self.shares, api);
                let answers = tokio::time::timeout(PATIENCE, asked).await.ok().flatten();
                let Some(answers) = answers else { return Ok(None) };
                for (share, answer) in answers.iter().enumerate() {
                    self.note_answer(share, at[share], answer.clone());
                }
                Ok(Some(answers.into_iter().next().context("there are shares")?))
            }
        }
    }

    /// Moves the clock if it is time to.
    fn move_clock(&self) -> Result<()> {
        let mut notes = self.notes.borrow_mut();
        match &mut notes.jump {
            Some((by, 0)) => {
                let by = *by;
                // What is answered from here on may have seen either time, and what is asked from here
                // on only the new one.
                self.servers.clock.forward(Duration::from_secs(u64::from(by) * 60))?;
                let now = notes.clock.last().context("a clock shows a time")? + by;
                notes.clock.push(now);
                notes.jump = None;
            }
            Some((_, requests)) => *requests -= 1,
            None => {}
        }
        Ok(())
    }

    /// Notes a call, and says where.
    fn note(
        &self,
        share: usize,
        client: usize,
        server: usize,
        request: Request,
        stranger: bool,
    ) -> usize {
        let mut notes = self.notes.borrow_mut();
        let now = notes.clock.len() - 1;
        let call = Call { client, server, request, stranger, answer: None, clock: (now, now) };
        let made = notes.events;
        notes.events += 1;
        notes.calls[share].push(Timed { made, answered: None, call });
        notes.calls[share].len() - 1
    }

    fn note_answer(&self, share: usize, at: usize, answer: Answer) {
        let mut notes = self.notes.borrow_mut();
        let (now, event) = (notes.clock.len() - 1, notes.events);
        notes.events += 1;
        let timed = &mut notes.calls[share][at];
        timed.answered = Some(event);
        timed.call.clock.1 = now;
        timed.call.answer = Some(answer);
    }
}
