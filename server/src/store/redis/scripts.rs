//! The scripts on a share, each with what all of them have in common in front, and the ledger's.
//!
//! Invariant: none starts with a shebang: Redis 6.2 and what is compatible with it know none.

use ::redis::Script;
use std::sync::LazyLock;

macro_rules! scripts {
    ($($name:ident = $file:literal),+ $(,)?) => {$(
        pub(super) static $name: LazyLock<Script> = LazyLock::new(|| {
            Script::new(concat!(
                include_str!("prelude.lua"),
                "\nlocal function main()\n",
                include_str!($file),
                "\nend\nlocal answer = main()\nreturn { answer, kept }",
            ))
        });
    )+};
}

pub(super) static LEDGER: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("ledger.lua")));

scripts! {
    CREATE = "create.lua",
    PUT_PART = "put_part.lua",
    PARTS = "parts.lua",
    PUBLISH = "publish.lua",
    CLAIM = "claim.lua",
    PART = "part.lua",
    RENEW = "renew.lua",
    ACKNOWLEDGE = "acknowledge.lua",
    REVOKE = "revoke.lua",
}
