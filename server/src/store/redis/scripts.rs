//! The scripts, each with what all of them share in front.
//!
//! Invariant: none starts with a shebang: Redis 6.2 and what is compatible with it know none.

use ::redis::Script;
use std::sync::LazyLock;

macro_rules! scripts {
    ($($name:ident = $file:literal),+ $(,)?) => {$(
        pub(super) static $name: LazyLock<Script> = LazyLock::new(|| {
            Script::new(concat!(include_str!("prelude.lua"), "\n", include_str!($file)))
        });
    )+};
}

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
