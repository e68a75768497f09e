//! A history that may not be, told as briefly as it can be.
//!
//! Invariant: what is left out only makes it harder to refuse, so what is told is refused, too.

use super::{History, Minute, OneHistory};
use crate::linearizability::{Timed, Verdict};
use std::fmt;

/// A share to which something happened that may not have.
pub struct Refused {
    seed: u64,
    share: usize,
    clock: Vec<Minute>,
    history: OneHistory,
}

impl Refused {
    pub(super) fn new(all: &History, share: usize, history: &OneHistory) -> Self {
        let History { seed, clock, .. } = all;
        let history = shortened(history, clock);
        Self { seed: *seed, share, clock: clock.clone(), history }
    }
}

fn shortened(history: &OneHistory, clock: &[Minute]) -> OneHistory {
    let mut answers: Vec<usize> = history.calls.iter().filter_map(|call| call.answered).collect();
    answers.sort_unstable();
    let is_refused = |history: &OneHistory| history.verdict(clock) == Verdict::Refused;
    // Up to the first answer that does not fit.
    let mut beginnings = answers.into_iter().map(|end| until(history, end, clock.len() - 1));
    let mut short =
        beginnings.find(|beginning| is_refused(beginning)).unwrap_or_else(|| history.clone());
    for at in (0..short.calls.len()).rev() {
        let mut without = short.clone();
        let removed = without.calls.remove(at);
        if removed.call.is_read() && is_refused(&without) {
            short = without;
        }
    }
    short
}

/// What happened until event `end`; what is not answered by then may still happen.
fn until(history: &OneHistory, end: usize, last: usize) -> OneHistory {
    let made = history.calls.iter().filter(|call| call.made < end).cloned();
    let calls = made.map(|mut timed| {
        if timed.answered.is_some_and(|at| at > end) {
            timed.answered = None;
            timed.call.answer = None;
            timed.call.clock.1 = last;
        }
        timed
    });
    OneHistory { terms: history.terms, calls: calls.collect() }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, share, clock, history } = self;
        writeln!(f, "share {share} of the history of seed {seed}, {:?}:", history.terms)?;
        for Timed { made, answered, call } in &history.calls {
            let answered = answered.map_or("?".to_owned(), |at| at.to_string());
            let (from, to) = (clock[call.clock.0], clock[call.clock.1]);
            let who = format!("client {} to server {}", call.client, call.server);
            let stranger = if call.stranger { ", a stranger" } else { "" };
            write!(f, "{made:>4} … {answered:<4} minute {from:>3} … {to:<3} {who}{stranger}: ")?;
            match &call.answer {
                Some(answer) => writeln!(f, "{:?}\n{:28}{answer:?}", call.request, "")?,
                None => writeln!(f, "{:?}\n{:28}no answer", call.request, "")?,
            }
        }
        Ok(())
    }
}
