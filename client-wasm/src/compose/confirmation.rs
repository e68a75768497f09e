//! Confirming who one is: from a share that waits to one that can be opened.
//!
//! Invariant: a number is on the screen only while it is the one that counts; a share that its owner
//! turns away from is taken back, and the key of one that waits is nowhere but in this page.

mod face;
mod press;

use super::{
    explain,
    send::{self, Stopped},
};
use crate::{
    api::{self, ApiError},
    transfer,
};
use futures_util::future::{Either, select};
use press::Press;
use std::pin::pin;
use wasm_bindgen_futures::spawn_local;
use waxseal_core::{
    backoff,
    time::Timestamp,
    token::{OwnerToken, ShareId},
    wire::{
        BatchStatusRequest, ConfirmationAsked, ConfirmationPolicy, ConfirmationRequest, OwnedShare,
        ProblemType, ShareState, Waiting,
    },
};

/// Listens to the buttons.
pub(super) fn start() {
    press::start();
}

/// Has the owner of a share that waits confirm who they are, and says when it expires.
///
/// # Errors
/// [`Stopped`]; nobody can open the share then.
pub(super) async fn get(
    id: ShareId,
    owner: &OwnerToken,
    policy: Option<ConfirmationPolicy>,
) -> Result<Option<Timestamp>, Stopped> {
    send::begin_unfinished(id, owner);
    let end = Pending { id, owner }.confirm(policy).await;
    send::end_unfinished();
    let why = match end {
        End::Live(expires_at) => return Ok(expires_at),
        End::Over(state) => return Err(Stopped::Failed(over(state).to_owned())),
        End::Cancelled => Stopped::Cancelled,
        End::Failed(why) => Stopped::Failed(why),
    };
    let owner = owner.clone();
    spawn_local(async move { send::take_back(id, &owner).await });
    Err(why)
}

/// How waiting ends.
enum End {
    /// Confirmed; when it expires.
    Live(Option<Timestamp>),
    /// It can no longer be confirmed.
    Over(ShareState),
    Cancelled,
    /// A sentence for the person.
    Failed(String),
}

/// What comes of asking for a mail.
enum Asked {
    /// It is on its way, if the address may share.
    Mailed(ConfirmationAsked),
    /// A sentence for the person, and whether the number of before may be void.
    Refused(String, bool),
    /// It waits no longer; how it ended is to be asked.
    Ended,
    Cancelled,
}

/// A share that waits.
struct Pending<'a> {
    id: ShareId,
    owner: &'a OwnerToken,
}

impl Pending<'_> {
    async fn confirm(&self, policy: Option<ConfirmationPolicy>) -> End {
        press::clear();
        face::ask_address(policy);
        let (request, mut asked) = loop {
            match press::next().await {
                Press::Cancel => return End::Cancelled,
                Press::Again => continue,
                Press::Send => {}
            }
            let Some(request) = face::address() else { continue };
            face::sending(true);
            let answer = self.ask(&request).await;
            face::sending(false);
            match answer {
                Asked::Mailed(asked) => break (request, asked),
                Asked::Refused(why, _) => face::address_error(&why),
                Asked::Ended => return self.end().await,
                Asked::Cancelled => return End::Cancelled,
            }
        };
        face::wait(&request.address, &asked);
        loop {
            match select(pin!(self.end()), pin!(press::next())).await {
                Either::Left((end, _)) => return end,
                Either::Right((Press::Cancel, _)) => return End::Cancelled,
                Either::Right((Press::Send, _)) => continue,
                Either::Right((Press::Again, _)) => {}
            }
            face::sending_again();
            match self.ask(&request).await {
                Asked::Mailed(new) => {
                    asked = new;
                    face::mailed_again(&asked);
                }
                Asked::Refused(why, void) => {
                    face::not_mailed_again((!void).then_some(&asked), &why);
                }
                Asked::Ended => {}
                Asked::Cancelled => return End::Cancelled,
            }
        }
    }

    /// Asks for a mail till there is an answer: one that is lost leaves open which number counts.
    async fn ask(&self, request: &ConfirmationRequest) -> Asked {
        let asking = async {
            let mut failures = 0;
            loop {
                match api::ask_confirmation(self.id, self.owner, request).await {
                    Ok(asked) => return Asked::Mailed(asked),
                    Err(ApiError::Problem(problem)) => match problem.kind {
                        ProblemType::Conflict | ProblemType::ShareOver => return Asked::Ended,
                        ProblemType::TooMany => {
                            return Asked::Refused(TOO_MANY.to_owned(), failures > 0);
                        }
                        ProblemType::UnknownShare => {
                            return Asked::Refused(FORGOTTEN.to_owned(), true);
                        }
                        _ => {
                            let why = explain(&ApiError::Problem(problem));
                            return Asked::Refused(why, failures > 0);
                        }
                    },
                    Err(_) => {}
                }
                face::offline(true);
                transfer::pause(backoff::delay(failures).as_millis() as i32).await;
                failures += 1;
            }
        };
        let asked = match select(pin!(asking), pin!(press::cancel())).await {
            Either::Left((asked, _)) => asked,
            Either::Right(_) => Asked::Cancelled,
        };
        face::offline(false);
        asked
    }

    /// Waits till somebody confirms or denies, or the time is over.
    async fn end(&self) -> End {
        let mut failures = 0;
        loop {
            match api::await_confirmation(self.id, self.owner).await {
                Ok(Waiting { state: ShareState::Pending, .. }) => {
                    failures = 0;
                    continue;
                }
                Ok(Waiting { state: ShareState::Live, expires_at, .. }) => {
                    return End::Live(expires_at);
                }
                Ok(Waiting { state, .. }) => return End::Over(state),
                Err(ApiError::Problem(problem)) => match problem.kind {
                    ProblemType::UnknownShare => return End::Failed(FORGOTTEN.to_owned()),
                    // Many wait in one network.
                    ProblemType::TooMany => {}
                    _ => return End::Failed(explain(&ApiError::Problem(problem))),
                },
                Err(_) => face::offline(true),
            }
            transfer::pause(backoff::delay(failures).as_millis() as i32).await;
            failures += 1;
            // A question that is answered at once: that nothing has happened would take a while.
            let share = OwnedShare { id: self.id, owner: self.owner.clone() };
            if api::answers_statuses(&BatchStatusRequest { shares: vec![share] }).await {
                face::offline(false);
            }
        }
    }
}

const TOO_MANY: &str = "Too many mails were asked for, from your network or to this address. Try \
    again in a few minutes.";

const FORGOTTEN: &str = "The server no longer knows what was sent, so nothing was shared. What you \
    wrote is still here; try again.";

/// What to tell whoever waited for nothing.
const fn over(state: ShareState) -> &'static str {
    match state {
        ShareState::Revoked => {
            "Whoever got the mail pressed “This wasn’t me”, so nothing was shared. Was it your own \
             address? What you wrote is still here."
        }
        ShareState::Burned => {
            "A wrong number was typed three times, so what was sent is destroyed and nothing was \
             shared. What you wrote is still here; try again."
        }
        ShareState::Expired => {
            "Nobody confirmed in time, so nothing was shared. What you wrote is still here; try again."
        }
        _ => "The server says that this cannot be confirmed any more. Nothing was shared.",
    }
}
