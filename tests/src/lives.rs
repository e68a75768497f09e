//! Shares whose every step is noted, so that a server can be held to what it answered.
//!
//! Invariant: what is expected comes from the promises in `server/src/store.rs` alone. A share has one
//! client at a time, so at most its last step is unanswered: that one happened or it did not, and there
//! is nothing in between.

pub mod calls;
pub mod check;
pub mod client;
pub mod load;
pub mod state;

use crate::dice::Dice;
use bytes::Bytes;
use state::{State, Step};
use std::{collections::BTreeSet, io::BufRead};
use waxseal_core::{
    layout::{BodySize, PART, SEAL},
    token::{AccessToken, ClaimToken, OwnerToken, Proof, ShareId},
};

/// Lengths of plaintexts: rows, a row and a file, files, several parts of which the last is a row.
const PLAINTEXTS: [u64; 6] = [1024, 3000, 50_000, 200_000, 1_100_000, 2_200_000];

/// Longer than a test that does not move the clock.
const DAY: u32 = 86_400;

/// What every word of a seal starts with.
const MARK: [u8; 4] = *b"\xf7Wx\x9c";

/// A share with all its secrets, and what was done with it.
#[derive(Clone)]
pub struct Life {
    /// Which one.
    pub number: u32,
    id: ShareId,
    access: AccessToken,
    owner: OwnerToken,
    /// Who knows the passphrase has it.
    proof: Option<Proof>,
    size: BodySize,
    views: Option<u32>,
    expires_in: u32,
    body: Bytes,
    claims: Vec<ClaimToken>,
    /// Whether it is to be burned.
    besieged: bool,
    /// What is known for sure.
    pub state: State,
    /// What was done since.
    pub steps: Vec<Noted>,
}

/// A step, when it began and when it was answered; the measure is that of the load.
#[derive(Clone, Debug)]
pub struct Noted {
    /// What.
    pub step: Step,
    /// Before it was sent.
    pub began: u64,
    /// `None` = never.
    pub answered: Option<u64>,
}

impl Life {
    /// A share that nobody knows yet.
    pub fn new(number: u32, dice: &mut Dice) -> Self {
        let plaintext = *dice.pick(&PLAINTEXTS);
        let views = *dice.pick(&[Some(1), Some(1), Some(1), Some(2), None]);
        let life = Self::of(number, plaintext, views, dice);
        if dice.percent(30) {
            let besieged = dice.percent(30);
            Self { besieged, ..life.with_passphrase(dice) }
        } else {
            life
        }
    }

    /// A share of this size for so many views, without a passphrase.
    ///
    /// # Panics
    /// If no plaintext has this length.
    pub fn of(number: u32, plaintext: u64, views: Option<u32>, dice: &mut Dice) -> Self {
        let size = BodySize::of_plaintext(plaintext).expect("a possible length");
        let mut body = dice.noise(usize::try_from(size.get()).expect("it fits in memory"));
        let word = [MARK, number.to_be_bytes()].concat();
        body[..SEAL].copy_from_slice(&word.repeat(SEAL / word.len()));
        Self {
            number,
            id: ShareId::from_bytes(dice.bytes()),
            access: AccessToken::from_bytes(dice.bytes()),
            owner: OwnerToken::from_bytes(dice.bytes()),
            proof: None,
            size,
            views,
            expires_in: DAY,
            body: body.into(),
            claims: Vec::new(),
            besieged: false,
            state: State::default(),
            steps: Vec::new(),
        }
    }

    /// The same with a passphrase.
    #[must_use]
    pub fn with_passphrase(self, dice: &mut Dice) -> Self {
        Self { proof: Some(Proof::from_bytes(dice.bytes())), ..self }
    }

    /// The same with another expiry than a day, in seconds.
    #[must_use]
    pub fn expiring_in(self, expires_in: u32) -> Self {
        Self { expires_in, ..self }
    }

    /// The steps that make it live.
    pub fn upload(&self) -> Vec<Step> {
        let (puts, publish) = match self.parts() {
            1 => (0..0, None),
            parts => (0..parts, Some(Step::Publish)),
        };
        [Step::Create].into_iter().chain(puts.map(Step::Put)).chain(publish).collect()
    }

    /// How many parts it has.
    pub fn parts(&self) -> u64 {
        self.size.parts()
    }

    /// Part `n`, part 0 with the seal.
    fn part(&self, n: u64) -> Bytes {
        let len = self.size.part_len(n).expect("a part of the share");
        let start = if n == 0 { 0 } else { SEAL + usize::try_from(n).expect("few parts") * PART };
        self.body.slice(start..start + len)
    }

    /// Its claim of this number, drawn if there is none.
    pub fn claim(&mut self, number: usize, dice: &mut Dice) {
        while self.claims.len() <= number {
            self.claims.push(ClaimToken::from_bytes(dice.bytes()));
        }
    }

    /// What the share may be at a moment: what was answered by then, and, if a step was under way, what
    /// that would have made of it.
    pub fn possible(&self, moment: u64) -> Vec<State> {
        let mut state = self.state.clone();
        for noted in &self.steps {
            let before = state.clone();
            if noted.began > moment {
                break;
            }
            state.take(self, noted.step);
            if noted.answered.is_none_or(|answered| answered > moment) {
                return vec![before, state];
            }
        }
        vec![state]
    }

    /// What it is, if every step was answered.
    pub fn now(&self) -> State {
        let mut state = self.state.clone();
        for noted in &self.steps {
            state.take(self, noted.step);
        }
        state
    }

    /// Takes one of the [`Self::possible`] states as the one it is in.
    pub fn settle(&mut self, state: State) {
        self.state = state;
        self.steps.clear();
    }
}

/// The numbers of all shares of which a whole word of the seal is in these bytes.
pub fn seals_in(bytes: &[u8]) -> BTreeSet<u32> {
    let mut seals = BTreeSet::new();
    let mut rest = bytes;
    // The standard library is fast at this in a debug build, too.
    while rest.skip_until(MARK[0]).is_ok_and(|skipped| skipped > 0) {
        if let Some([mark @ .., a, b, c, d]) = rest.first_chunk::<7>()
            && *mark == MARK[1..]
        {
            seals.insert(u32::from_be_bytes([*a, *b, *c, *d]));
        }
    }
    seals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_a_seal_is_found_wherever_it_is() {
        let life = Life::of(0xf757_789c, 1024, Some(1), &mut Dice::new(1));
        for start in 0..SEAL - 15 {
            for before in 0..9 {
                let piece = [&vec![MARK[0]; before], &life.body[start..start + 15]].concat();
                assert_eq!(seals_in(&piece), BTreeSet::from([life.number]), "{start}, {before}");
            }
        }
        assert!(seals_in(&life.body[SEAL..]).is_empty());
    }
}
