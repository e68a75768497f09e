//! What histories were made of: a test that saw nothing must not pass.

use super::History;
use std::{collections::BTreeMap, fmt};

/// Counts of many histories.
#[derive(Default)]
pub struct Tally {
    histories: usize,
    shares: usize,
    undecided: usize,
    jumps: usize,
    /// Each request by what came of it.
    calls: BTreeMap<(String, String), usize>,
}

/// What came of a request whose answer was lost.
const LOST: &str = "no answer";

impl Tally {
    /// Adds a history, of so many of whose shares nothing can be said.
    pub fn add(&mut self, history: &History, undecided: usize) {
        self.histories += 1;
        self.shares += history.shares.len();
        self.undecided += undecided;
        self.jumps += history.clock.len() - 1;
        for timed in history.shares.iter().flat_map(|share| &share.calls) {
            let answer = timed.call.answer.as_ref().map_or(LOST.to_owned(), |it| it.kind());
            *self.calls.entry((timed.call.request.kind(), answer)).or_default() += 1;
        }
    }

    /// How many histories there were.
    pub fn histories(&self) -> usize {
        self.histories
    }

    /// How many shares there were.
    pub fn shares(&self) -> usize {
        self.shares
    }

    /// Of how many of them nothing can be said.
    pub fn undecided(&self) -> usize {
        self.undecided
    }

    /// Which of these, each a request and what comes of it, never happened.
    pub fn missing<'a>(&self, expected: &[(&'a str, &[&'a str])]) -> Vec<(&'a str, &'a str)> {
        let each = expected
            .iter()
            .flat_map(|(request, answers)| answers.iter().map(|answer| (*request, *answer)));
        let happened = |(request, answer): (&str, &str)| {
            self.calls.contains_key(&(request.to_owned(), answer.to_owned()))
        };
        each.filter(|pair| !happened(*pair)).collect()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: usize = self.calls.values().sum();
        let lost: usize =
            self.calls.iter().filter(|((_, answer), _)| answer == LOST).map(|(_, n)| n).sum();
        let Self { histories, shares, undecided, jumps, calls } = self;
        write!(f, "{histories} histories of {shares} shares, {undecided} of them undecided; ")?;
        writeln!(f, "{all} calls, {lost} answers lost, {jumps} jumps")?;
        let mut request = "";
        for ((asked, answer), count) in calls {
            if request != asked {
                write!(f, "{}  {asked}: ", if request.is_empty() { "" } else { "\n" })?;
            } else {
                f.write_str(", ")?;
            }
            write!(f, "{answer} {count}")?;
            request = asked;
        }
        Ok(())
    }
}
