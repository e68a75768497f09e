//! Whether what clients saw of one object could come from one that does one thing at a time.
//!
//! Invariant: a history is taken exactly if its calls can be put in an order that keeps their order in
//! time and in which the specification admits every answer. A call without an answer takes effect at any
//! time after it was made, or never.
//!
//! It is Wing's and Gong's search ("Testing and Verifying Concurrent Objects", 1993) with Lowe's memory
//! ("Testing for linearizability", 2017): what was in vain once is not tried again.

use std::{collections::HashSet, hash::Hash};

/// What an object does when one thing is done at a time.
pub trait Specification {
    /// All that its answers depend on.
    type State: Clone + Eq + Hash;
    /// A call with its answer, if it got one.
    type Call;

    /// Before the first call.
    fn initial(&self) -> Self::State;

    /// The states that the call may leave behind if it takes effect in `state`; none if it cannot have
    /// got its answer there.
    fn step(&self, state: &Self::State, call: &Self::Call) -> Vec<Self::State>;

    /// Whether the call leaves every state as it is.
    fn is_read(&self, call: &Self::Call) -> bool;

    /// Whether two calls without an answer can do nothing but the same.
    fn are_alike(&self, one: &Self::Call, other: &Self::Call) -> bool;
}

/// A call, and when it was made and answered: places in one order of all that happened.
#[derive(Debug, Clone)]
pub struct Timed<C> {
    /// When it was made.
    pub made: usize,
    /// When its answer came; `None` = it never did.
    pub answered: Option<usize>,
    /// The call.
    pub call: C,
}

/// What became of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// There is such an order.
    Linearizable,
    /// There is none.
    Refused,
    /// None was found before the search was given up.
    Undecided,
}

/// What a search may try in vain before it is given up: seconds, and some hundred MB.
const LIMIT: usize = 100_000;

/// Whether the calls could have been one after the other.
pub fn judge<S: Specification>(specification: &S, calls: &[Timed<S::Call>]) -> Verdict {
    let mut search = Search { specification, calls, in_vain: HashSet::new() };
    if search.completes(&Taken::none(calls.len()), &specification.initial()) {
        Verdict::Linearizable
    } else if search.in_vain.len() < LIMIT {
        Verdict::Refused
    } else {
        Verdict::Undecided
    }
}

struct Search<'a, S: Specification> {
    specification: &'a S,
    calls: &'a [Timed<S::Call>],
    in_vain: HashSet<(Taken, S::State)>,
}

impl<S: Specification> Search<'_, S> {
    /// Whether the calls that are not taken can follow in this state.
    fn completes(&mut self, taken: &Taken, state: &S::State) -> bool {
        let calls = self.calls;
        let left: Vec<usize> = (0..calls.len()).filter(|at| !taken.has(*at)).collect();
        // Whatever was made after another was answered comes after it.
        let Some(first_answer) = left.iter().filter_map(|at| calls[*at].answered).min() else {
            return true;
        };
        let mut next: Vec<usize> =
            left.into_iter().filter(|at| calls[*at].made < first_answer).collect();
        // Most took effect in the order of their answers, and few of those that got none did.
        next.sort_by_key(|at| calls[*at].answered.unwrap_or(usize::MAX));
        // Which of those that are alike it is makes no difference.
        let mut tried: Vec<&S::Call> = Vec::new();
        next.retain(|at| {
            let Timed { answered, call, .. } = &calls[*at];
            let alike = |other: &&S::Call| self.specification.are_alike(call, other);
            let is_new = answered.is_some() || !tried.iter().any(alike);
            if is_new && answered.is_none() {
                tried.push(call);
            }
            is_new
        });
        for at in next {
            let Timed { answered, call, .. } = &calls[at];
            let is_read = self.specification.is_read(call);
            for after in self.specification.step(state, call) {
                // What nobody would notice may as well happen later.
                if answered.is_none() && after == *state {
                    continue;
                }
                let then = (taken.with(at), after);
                if !self.in_vain.contains(&then) && self.completes(&then.0, &then.1) {
                    return true;
                }
                if self.in_vain.len() >= LIMIT {
                    return false;
                }
                self.in_vain.insert(then);
                // What a read leaves as it is could not be in its way.
                if is_read {
                    return false;
                }
            }
        }
        false
    }
}

/// Some of the calls.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Taken(Vec<u64>);

impl Taken {
    fn none(of: usize) -> Self {
        Self(vec![0; of.div_ceil(64)])
    }

    fn has(&self, at: usize) -> bool {
        self.0[at / 64] & (1 << (at % 64)) != 0
    }

    fn with(&self, at: usize) -> Self {
        let mut taken = self.clone();
        taken.0[at / 64] |= 1 << (at % 64);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number that is written, read, and counted up.
    struct Register;

    enum Call {
        Write(u32),
        Read(u32),
        /// Answers with what it was before.
        Increment(Option<u32>),
    }
    use Call::{Increment, Read, Write};

    impl Specification for Register {
        type State = u32;
        type Call = Call;

        fn initial(&self) -> u32 {
            0
        }

        fn step(&self, state: &u32, call: &Call) -> Vec<u32> {
            match call {
                Write(value) => vec![*value],
                Read(value) => (value == state).then_some(*state).into_iter().collect(),
                Increment(before) if before.is_none_or(|before| before == *state) => {
                    vec![*state + 1]
                }
                Increment(_) => Vec::new(),
            }
        }

        fn is_read(&self, call: &Call) -> bool {
            matches!(call, Read(_))
        }

        fn are_alike(&self, one: &Call, other: &Call) -> bool {
            matches!((one, other), (Increment(None), Increment(None)))
        }
    }

    fn takes(calls: impl IntoIterator<Item = (usize, Option<usize>, Call)>) -> bool {
        let timed = |(made, answered, call)| Timed { made, answered, call };
        judge(&Register, &calls.into_iter().map(timed).collect::<Vec<_>>()) == Verdict::Linearizable
    }

    #[test]
    fn one_after_the_other_is_judged_by_the_specification() {
        assert!(takes([]));
        assert!(takes([(0, Some(1), Write(1)), (2, Some(3), Read(1))]));
        assert!(!takes([(0, Some(1), Write(1)), (2, Some(3), Read(0))]));
        assert!(!takes([(0, Some(1), Increment(Some(0))), (2, Some(3), Increment(Some(0)))]));
    }

    #[test]
    fn what_overlaps_goes_in_either_order() {
        for seen in [0, 1] {
            assert!(takes([(0, Some(3), Write(1)), (1, Some(2), Read(seen))]));
        }
        assert!(!takes([(0, Some(3), Write(1)), (1, Some(2), Read(2))]));
        // Both writes overlap both reads; the readers disagree on which was last.
        assert!(takes([
            (0, Some(7), Write(1)),
            (1, Some(6), Write(2)),
            (2, Some(3), Read(2)),
            (4, Some(5), Read(1)),
        ]));
        assert!(!takes([
            (0, Some(3), Write(1)),
            (1, Some(2), Write(2)),
            (4, Some(5), Read(2)),
            (6, Some(7), Read(1)),
        ]));
    }

    #[test]
    fn what_was_seen_once_stays_seen() {
        // The write is still under way when one reader has its value; the next reader must have it.
        for (later, fine) in [(1, true), (0, false)] {
            let calls = [(0, Some(9), Write(1)), (1, Some(2), Read(1)), (3, Some(4), Read(later))];
            assert_eq!(takes(calls), fine);
        }
    }

    #[test]
    fn a_call_without_an_answer_takes_effect_late_or_never() {
        for seen in [0, 1] {
            assert!(takes([(0, None, Write(1)), (1, Some(2), Read(seen))]));
        }
        let late = |then| {
            [(0, None, Write(1)), (1, Some(2), Read(0)), (3, Some(4), Read(1)), (5, Some(6), then)]
        };
        assert!(takes(late(Read(1))));
        // It happened; it does not happen back, and not twice.
        assert!(!takes(late(Read(0))));
        assert!(!takes([
            (0, None, Increment(None)),
            (1, Some(2), Increment(Some(1))),
            (3, Some(4), Increment(Some(1))),
        ]));
        // Not before it was made.
        assert!(!takes([(0, Some(1), Read(1)), (2, None, Write(1))]));
    }

    #[test]
    fn many_at_once_are_judged_in_no_time() {
        // 20 increments at once without an answer have 20! orders; how many happened is what counts.
        let increments = || (0..20).map(|at| (at, None, Increment(None)));
        assert!(takes(increments().chain([(30, Some(31), Read(20))])));
        assert!(takes(increments().chain([(30, Some(31), Read(0)), (32, Some(33), Read(7))])));
        let fallen = [(30, Some(31), Read(12)), (32, Some(33), Read(11))];
        assert!(!takes((0..12).map(|at| (at, None, Increment(None))).chain(fallen)));
    }
}
