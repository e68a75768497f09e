//! The passphrase of a share that is to be sent.
//!
//! Invariant: it was typed twice, or is in a file or a variable, or was made up and is shown.

use crate::{
    args,
    failure::{Failure, Kind},
    ui::{self, Ui},
};
use getrandom::SysRng;
use waxseal_core::{
    passphrase::{self, Passphrase, Strength},
    wire::Policy,
};
use zeroize::Zeroizing;

/// The variable that holds a passphrase.
pub(crate) const VARIABLE: &str = "WAXSEAL_PASSPHRASE";

/// The passphrase, or that there is none.
pub(super) struct Lock {
    /// As the keys are derived from it.
    pub(super) passphrase: Option<Passphrase>,
    /// As it is shown, if it was made up here.
    pub(super) generated: Option<Zeroizing<String>>,
}

impl Lock {
    /// The one that the flags ask for.
    ///
    /// # Errors
    /// [`Kind::Policy`] if there must be one; [`Kind::Passphrase`] if it cannot be had.
    pub(super) fn choose(ui: &Ui, args: &args::Send, policy: &Policy) -> Result<Self, Failure> {
        if args.generate_passphrase {
            let made = passphrase::generate(&mut SysRng).map_err(super::no_random)?;
            return Self::of(&made, Some(Zeroizing::new(made.clone())));
        }
        let typed = if let Some(path) = &args.passphrase_file {
            ui::passphrase_file(path)?
        } else if args.passphrase {
            match std::env::var(VARIABLE) {
                Ok(text) if !text.is_empty() => Zeroizing::new(text),
                _ => typed_twice(ui)?,
            }
        } else if policy.force_passphrase {
            return Err(Failure::new(
                Kind::Policy,
                "this server wants a passphrase on every share: use --passphrase or --generate-passphrase",
            ));
        } else {
            return Ok(Self { passphrase: None, generated: None });
        };
        if Strength::of(&typed) == Strength::Weak {
            ui.warn("this passphrase is easy to guess; --generate-passphrase makes a good one");
        }
        Self::of(&typed, None)
    }

    fn of(typed: &str, generated: Option<Zeroizing<String>>) -> Result<Self, Failure> {
        let unfit = |message: &str| Failure::new(Kind::Passphrase, message);
        let passphrase = Passphrase::new(typed).map_err(|error| unfit(&error.to_string()))?;
        let passphrase = passphrase.ok_or_else(|| unfit("the passphrase is empty"))?;
        Ok(Self { passphrase: Some(passphrase), generated })
    }
}

fn typed_twice(ui: &Ui) -> Result<Zeroizing<String>, Failure> {
    let missing = || {
        let how = format!("no terminal to ask at: put the passphrase into {VARIABLE} or a file");
        Failure::new(Kind::Passphrase, how)
    };
    let once = ui.ask_hidden("Passphrase: ", missing)?;
    let again = ui.ask_hidden("The same again: ", missing)?;
    if once == again { Ok(once) } else { Err(Failure::new(Kind::Passphrase, "these two differ")) }
}
