//! The scripts on a share, each with what all of them have in common in front, the rates' and the ledger's.
//!
//! Invariant: none starts with a shebang: Redis 6.2 and what is compatible with it know none.

use ::redis::{Arg, Cmd, ToRedisArgs, cmd};
use std::sync::LazyLock;

macro_rules! scripts {
    ($($name:ident = $file:literal),+ $(,)?) => {$(
        pub(super) static $name: LazyLock<Script> = LazyLock::new(|| {
            Script::new(concat!(
                include_str!("rate.lua"),
                include_str!("prelude.lua"),
                "\nlocal function main()\n",
                include_str!($file),
                "\nend\nlocal wait = has_rates and charge(3) or 0",
                "\nlocal answer = wait > 0 and { 'too many', wait } or main()",
                "\nreturn { answer, kept }",
            ))
        });
    )+};
}

pub(super) static RATE: LazyLock<Script> =
    LazyLock::new(|| Script::new(concat!(include_str!("rate.lua"), "\nreturn charge(1)")));

pub(super) static LEDGER: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("ledger.lua")));

scripts! {
    CREATE = "create.lua",
    PUT_PART = "put_part.lua",
    PARTS = "parts.lua",
    PUBLISH = "publish.lua",
    ASK = "ask.lua",
    CONFIRM = "confirm.lua",
    DENY = "deny.lua",
    BEGIN_SESSION = "begin_session.lua",
    CLAIM = "claim.lua",
    PART = "part.lua",
    RENEW = "renew.lua",
    ACKNOWLEDGE = "acknowledge.lua",
    REVOKE = "revoke.lua",
    OFFER = "offer.lua",
    ANSWER = "answer.lua",
}

/// A script, and the hash that servers who have seen it know it by.
pub(super) struct Script {
    code: &'static str,
    hash: String,
}

/// A script with keys and arguments, each of both in one piece of memory, as a command keeps its own.
pub(super) struct Invocation<'a> {
    script: &'a Script,
    keys: Cmd,
    args: Cmd,
    second: Option<&'static str>,
}

impl Script {
    pub(super) fn new(code: &'static str) -> Self {
        Self { code, hash: ::redis::Script::new(code).get_hash().to_owned() }
    }

    pub(super) fn invoke(&self) -> Invocation<'_> {
        Invocation { script: self, keys: Cmd::new(), args: Cmd::new(), second: None }
    }
}

impl Invocation<'_> {
    pub(super) fn key(&mut self, key: impl ToRedisArgs) -> &mut Self {
        self.keys.arg(key);
        self
    }

    pub(super) fn arg(&mut self, arg: impl ToRedisArgs) -> &mut Self {
        self.args.arg(arg);
        self
    }

    /// Puts an argument behind the first.
    pub(super) fn second(&mut self, arg: &'static str) {
        self.second = Some(arg);
    }

    /// The command for a server that knows the script.
    pub(super) fn known(&self) -> Cmd {
        self.command("EVALSHA", &self.script.hash)
    }

    /// The command for one that does not, and knows it afterwards.
    pub(super) fn unknown(&self) -> Cmd {
        self.command("EVAL", self.script.code)
    }

    fn command(&self, name: &str, script: &str) -> Cmd {
        let (keys, mut args) = (words(&self.keys), words(&self.args));
        let mut command = cmd(name);
        command.arg(script).arg(keys.clone().count());
        let second = self.second.map(str::as_bytes);
        for word in keys.chain(args.next()).chain(second).chain(args) {
            command.arg(word);
        }
        command
    }
}

/// What it was given.
fn words(given: &Cmd) -> impl Iterator<Item = &[u8]> + Clone {
    given.args_iter().filter_map(|word| match word {
        Arg::Simple(word) => Some(word),
        _ => None,
    })
}
