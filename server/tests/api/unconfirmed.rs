//! Where owners confirm by mail, no sequence of calls makes a share that anybody can open, but one in which
//! the mail's token and the number were shown to the server: for the share, or for the request that it answers.

use crate::support::{
    Reply, Share, claim_token,
    email::{EmailServer, NUMBER, mailed},
};
use proptest::{
    collection::vec,
    prelude::*,
    sample::select,
    test_runner::{Config, TestRunner},
};
use redis::cmd;
use serde_json::json;
use std::time::Duration;

/// Sequences, unless the environment says how many (`PROPTEST_CASES`).
const SEQUENCES: u32 = 64;

/// Calls of one sequence, at least.
const CALLS: usize = 32;

/// The share that a call is about: one of one part, one of two with a passphrase, a request, and one that is
/// to answer it.
type Which = usize;
const REQUEST: Which = 2;
const REPLY: Which = 3;

#[derive(Debug, Clone)]
enum Call {
    Create(Which),
    PutPart(Which, u64),
    Publish(Which),
    /// By the owner, or by whoever has the link.
    Ask(Which, bool),
    Wait(Which),
    /// A mail with the token of this seed is read by somebody.
    Mail(Which, u8),
    /// With one of some tokens, the right number or not.
    Confirm(Which, u8, bool),
    /// With a token that was made for something else.
    ConfirmByOther(Which, u8),
    Deny(Which, u8),
    Landing(Which),
    Claim(Which, u8),
    Part(Which, u8),
    Renew(Which, u8),
    Acknowledge(Which, u8),
    Status(Which),
    Revoke(Which),
    Pass(u64),
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    use Call::*;
    let which = || prop_oneof![3 => 0..REQUEST, 2 => REQUEST..=REPLY];
    let seed = || 1..4_u8;
    let call = prop_oneof![
        4 => which().prop_map(Create),
        6 => (which(), 0..3_u64).prop_map(|(which, n)| PutPart(which, n)),
        3 => which().prop_map(Publish),
        2 => (which(), any::<bool>()).prop_map(|(which, owner)| Ask(which, owner)),
        1 => which().prop_map(Wait),
        6 => (which(), seed()).prop_map(|(which, seed)| Mail(which, seed)),
        8 => (which(), seed(), prop::bool::weighted(0.7)).prop_map(|(which, seed, right)| Confirm(which, seed, right)),
        2 => (which(), 0..4_u8).prop_map(|(which, other)| ConfirmByOther(which, other)),
        1 => (which(), seed()).prop_map(|(which, seed)| Deny(which, seed)),
        6 => which().prop_map(Landing),
        8 => (which(), seed()).prop_map(|(which, claim)| Claim(which, claim)),
        3 => (which(), seed()).prop_map(|(which, claim)| Part(which, claim)),
        1 => (which(), seed()).prop_map(|(which, claim)| Renew(which, claim)),
        1 => (which(), seed()).prop_map(|(which, claim)| Acknowledge(which, claim)),
        2 => which().prop_map(Status),
        1 => which().prop_map(Revoke),
        1 => select(vec![1_000, 300_000, 600_000, 3_600_000]).prop_map(Pass),
    ];
    // By chance alone hardly any sequence comes to a confirmation.
    let confirmed = (which(), seed()).prop_map(|(which, seed)| {
        vec![Create(which), Mail(which, seed), Confirm(which, seed, true)]
    });
    let step = prop_oneof![20 => call.prop_map(|call| vec![call]), 1 => confirmed];
    vec(step, CALLS).prop_map(|steps| steps.concat())
}

/// A server, and what a sequence has told it.
struct Telling<'a> {
    server: &'a EmailServer,
    shares: [Share; 4],
    /// The token that was mailed last for each, if it confirms one yet.
    last: [Option<u8>; 4],
    confirmed: [bool; 4],
}

impl Telling<'_> {
    /// Makes the call, and fails if it opens what nobody has confirmed.
    fn call(&mut self, call: &Call) -> Result<(), TestCaseError> {
        let server = self.server;
        let of = |which: Which| self.shares[which].clone();
        let opening = match *call {
            Call::Create(which) => {
                let share = of(which);
                let creation = match which {
                    REQUEST => share.asking(),
                    REPLY => share.answering(&self.shares[REQUEST]),
                    _ => share.creation(),
                };
                let reply = server.post("/api/shares", "", &creation);
                // What is said to be live must be, and must not.
                Some((which, reply.json()["state"] == "live"))
            }
            Call::PutPart(which, n) => {
                let share = of(which);
                if let Some(part) = share.parts().get(n as usize) {
                    server.put_part(&share, n, part);
                }
                None
            }
            Call::Publish(which) => {
                let reply = server.call("POST", &of(which).path("/publish"), &of(which).owner());
                Some((which, reply.json()["state"] == "live"))
            }
            Call::Ask(which, owner) => {
                let share = of(which);
                let token = if owner { share.owner() } else { share.access() };
                let request = json!({ "address": "bob@example.org", "keep": true });
                let reply = server.post(&share.path("/confirmation"), &token, &request);
                if reply.status == 202 {
                    // Nobody knows the token that was drawn.
                    self.last[which] = None;
                }
                None
            }
            Call::Wait(which) => {
                // It would wait for what this sequence does not do meanwhile.
                let pending = server.call("GET", &of(which).path("/status"), &of(which).owner());
                let waits = pending.status == 200 && pending.json()["state"] == "pending";
                if !waits {
                    server.call("GET", &of(which).path("/confirmation"), &of(which).owner());
                }
                None
            }
            Call::Mail(which, seed) => {
                if server.mail(&of(which), seed, None).is_ok() {
                    self.last[which] = Some(seed);
                }
                None
            }
            Call::Confirm(which, seed, right) => {
                let number = if right { NUMBER } else { "41" };
                let reply = server.confirm(&of(which), seed, number);
                let shown = right && self.last[which] == Some(seed);
                prop_assert!(shown || reply.status != 200, "{reply:?}");
                self.confirmed[which] |= reply.status == 200;
                None
            }
            Call::ConfirmByOther(which, other) => {
                let share = of(which);
                let token = match other {
                    0 => share.owner(),
                    1 => share.access(),
                    2 => claim_token(1),
                    _ => mailed(0),
                };
                let request = json!({ "id": share.id(), "token": token, "number": NUMBER });
                let reply = server.post("/api/confirmations", "", &request);
                // The seed of a claim's token is one that mails have.
                let shown = other == 2 && self.last[which] == Some(1);
                prop_assert!(shown || reply.status == 404, "{reply:?}");
                self.confirmed[which] |= reply.status == 200;
                None
            }
            Call::Deny(which, seed) => {
                server.deny(&of(which), seed);
                None
            }
            Call::Landing(which) => {
                let reply = server.call("GET", &of(which).path(""), &of(which).access());
                Some((which, self.opens(which, &reply)?))
            }
            Call::Claim(which, claim) => {
                let share = of(which);
                let proof = share.passphrase.then(|| share.proof());
                let request = json!({ "claim": claim_token(claim), "proof": proof });
                let reply = server.post(&share.path("/claims"), &share.access(), &request);
                Some((which, self.opens(which, &reply)?))
            }
            Call::Part(which, claim) => {
                let path = of(which).path("/parts/0");
                Some((which, server.call("GET", &path, &claim_token(claim)).status == 200))
            }
            Call::Renew(which, claim) => {
                let path = of(which).path("/lease");
                Some((which, server.call("POST", &path, &claim_token(claim)).status == 200))
            }
            Call::Acknowledge(which, claim) => {
                let path = of(which).path("/ack");
                Some((which, server.call("POST", &path, &claim_token(claim)).status == 204))
            }
            Call::Status(which) => {
                let reply = server.call("GET", &of(which).path("/status"), &of(which).owner());
                Some((which, reply.status == 200 && reply.json()["state"] == "live"))
            }
            Call::Revoke(which) => {
                server.call("DELETE", &of(which).path(""), &of(which).owner());
                None
            }
            Call::Pass(millis) => {
                server.advance(Duration::from_millis(millis));
                None
            }
        };
        if let Some((which, true)) = opening {
            prop_assert!(self.may_open(which), "{call:?} opens what nobody has confirmed");
        }
        Ok(())
    }

    /// Whether a link holder's call was answered; if nobody has confirmed, it says that there is nothing,
    /// or that it was taken back before it was published.
    fn opens(&self, which: Which, reply: &Reply) -> Result<bool, TestCaseError> {
        let told = [404, 410].contains(&reply.status);
        prop_assert!(told || self.may_open(which), "{reply:?}");
        Ok(reply.status == 200)
    }

    /// Whoever has asked has confirmed whatever answers.
    fn may_open(&self, which: Which) -> bool {
        self.confirmed[which] || which == REPLY && self.confirmed[REQUEST]
    }
}

#[test]
fn no_sequence_of_calls_opens_what_was_not_confirmed() {
    let server = EmailServer::with(&[
        "--identity-session=1h",
        "--identity-mails-per-hour=0",
        "--identity-mails-per-owner-per-hour=0",
        "--creations-per-hour=0",
        "--openings-per-hour=0",
        "--lookups-per-hour=0",
        "--upload-bytes-per-hour=0",
    ]);
    let config = Config { failure_persistence: None, ..Config::default() };
    let cases = std::env::var_os("PROPTEST_CASES").map_or(SEQUENCES, |_| config.cases);
    let mut runner = TestRunner::new(Config { cases, ..config });
    let mut openings = [0; 4];
    let outcome = std::cell::RefCell::new(&mut openings);
    runner
        .run(&calls(), |calls| {
            let () = cmd("FLUSHALL").query(&mut server.redis.connection()).expect("it answers");
            let mut telling = Telling {
                server: &server,
                shares: [
                    Share { views: None, ..Share::new(1) },
                    Share { size: 1_100_000, passphrase: true, ..Share::new(2) },
                    Share::new(3),
                    Share::new(4),
                ],
                last: [None; 4],
                confirmed: [false; 4],
            };
            for call in &calls {
                telling.call(call)?;
            }
            for which in 0..4 {
                let share = &telling.shares[which];
                let landing = server.call("GET", &share.path(""), &share.access());
                prop_assert!(landing.status != 200 || telling.may_open(which));
                outcome.borrow_mut()[which] += u32::from(landing.status == 200);
            }
            Ok(())
        })
        .expect("nothing is opened without a confirmation");
    // Else nothing was tested.
    assert!(openings.iter().sum::<u32>() > 0, "no sequence came to an open share: {openings:?}");
}
