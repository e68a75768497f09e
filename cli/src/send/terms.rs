//! How long and how often a share can be opened, as the user chose and the server offers.
//!
//! Invariant: what is chosen is offered, so that nothing is sealed for nothing.

use crate::{
    args,
    failure::{Failure, Kind},
    words,
};
use waxseal_core::{
    time::Timestamp,
    wire::{ExpiresIn, Policy, Views},
};

/// The choice.
pub(super) struct Terms {
    /// From publication to expiry.
    pub(super) expires_in: ExpiresIn,
    /// Openings; `None` = any number.
    pub(super) views: Option<Views>,
}

impl Terms {
    /// What the flags say, else what the server proposes.
    ///
    /// # Errors
    /// [`Kind::Policy`] for what is not offered.
    pub(super) fn choose(args: &args::Send, policy: &Policy) -> Result<Self, Failure> {
        let expires_in = match args.expires {
            None => policy.default_expiry,
            Some(wanted) => {
                let offered = policy.expiries.iter().find(|offer| offer.duration() == wanted);
                *offered.ok_or_else(|| {
                    let offers: Vec<_> =
                        policy.expiries.iter().map(|offer| words::span(offer.duration())).collect();
                    let offers = offers.join(", ");
                    Failure::new(Kind::Policy, format!("this server offers as expiry: {offers}"))
                })?
            }
        };
        let views = match args.views {
            _ if args.once => Some(Views::ONE),
            Some(views) => Some(
                Views::try_from(views)
                    .map_err(|error| Failure::new(Kind::Usage, error.to_string()))?,
            ),
            None if args.many => None,
            None => policy.one_time.then_some(Views::ONE),
        };
        if policy.force_one_time && views != Some(Views::ONE) {
            return Err(Failure::new(
                Kind::Policy,
                "this server has shares viewed only 1 time: leave out --views and --many",
            ));
        }
        Ok(Self { expires_in, views })
    }

    /// For the sender.
    pub(super) fn in_words(&self, expires_at: Option<Timestamp>) -> String {
        let until = match expires_at {
            Some(at) => format!("until {}", words::time(at)),
            None => format!("for {}", words::span(self.expires_in.duration())),
        };
        match self.views.map(Views::get) {
            None => format!("It can be viewed {until}, any number of times."),
            Some(1) => format!("It can be viewed only 1 time, {until}."),
            Some(views) => format!("It can be viewed {views} times, {until}."),
        }
    }
}

/// Whether the server takes files of so many bytes.
///
/// # Errors
/// [`Kind::Policy`] if not.
pub(super) fn check_size(bytes: u64, policy: &Policy) -> Result<(), Failure> {
    if bytes <= policy.max_bytes {
        return Ok(());
    }
    let (all, most) = (words::size(bytes), words::size(policy.max_bytes));
    let message = format!("the files are {all} together; this server takes at most {most}");
    Err(Failure::new(Kind::Policy, message))
}
