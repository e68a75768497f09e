//! Who may send, where a server asks for that.
//!
//! Invariant: nothing is sealed that the server would not take from this user, as far as the user's
//! side can tell.

use crate::failure::{Failure, Kind};
use waxseal_core::wire::{IdentityMode, Policy};
use zeroize::Zeroizing;

/// The variable that holds an application's grant.
const VARIABLE: &str = "WAXSEAL_GRANT";

/// The grant to send with, where the server wants one.
///
/// # Errors
/// [`Kind::Usage`] without one; [`Kind::Policy`] where a mail would have to be answered.
pub(super) fn grant(policy: &Policy) -> Result<Option<Zeroizing<String>>, Failure> {
    match policy.identity {
        IdentityMode::Open => Ok(None),
        IdentityMode::Email => Err(Failure::new(
            Kind::Policy,
            "this server has senders confirm by mail who they are, which this command cannot",
        )),
        IdentityMode::Grant => match std::env::var(VARIABLE) {
            Ok(grant) if !grant.is_empty() => Ok(Some(Zeroizing::new(grant))),
            _ => Err(Failure::new(
                Kind::Usage,
                format!(
                    "this server takes what an application grants: put its grant in {VARIABLE}"
                ),
            )),
        },
    }
}
