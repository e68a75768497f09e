#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use waxseal_fuzz::Stores;

static STORES: LazyLock<Stores> = LazyLock::new(|| {
    let redis = std::env::var("WAXSEAL_FUZZ_REDIS");
    Stores::open(&redis.expect("WAXSEAL_FUZZ_REDIS is the address of an empty Redis"))
});

fuzz_target!(|bytes: &[u8]| STORES.history(bytes));
