//! Every target, with all its seeds and with some thousands of changed ones: always the same, so that a
//! failure comes again. `cargo xtask fuzz` searches further.

#[path = "../../server/tests/support/redis_server.rs"]
mod redis_server;

use redis::cmd;
use redis_server::RedisServer;
use std::{fs, path::Path};
use waxseal_fuzz::{Stores, body, link, manifest, message, request, token};

#[test]
fn links() {
    search("link", 20_000, link);
}

#[test]
fn tokens() {
    search("token", 20_000, token);
}

#[test]
fn manifests() {
    search("manifest", 20_000, manifest);
}

#[test]
fn messages() {
    search("message", 10_000, message);
}

#[test]
fn bodies() {
    search("body", 2_000, body);
}

#[test]
fn requests() {
    search("request", 1_000, request);
}

#[test]
fn stores() {
    let redis = RedisServer::start(&["--appendfsync", "no"]);
    let stores = Stores::open(&redis.url());
    search("stores", 100, |bytes| stores.history(bytes));
    let mut redis = redis.connection();
    let keys: Vec<String> = cmd("KEYS").arg("*").query(&mut redis).expect("Redis answers");
    assert!(keys.len() > 100, "{} keys", keys.len());
    for key in keys {
        let left: i64 = cmd("PTTL").arg(&key).query(&mut redis).expect("Redis answers");
        assert_ne!(left, -1, "{key} never ends");
    }
}

/// Gives `target` all its seeds, and `count` times one of them changed.
fn search(name: &str, count: u64, target: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
    let files = fs::read_dir(folder).expect("every target has seeds");
    let mut paths: Vec<_> = files.map(|file| file.expect("it can be read").path()).collect();
    paths.sort();
    let seeds: Vec<_> = paths.iter().map(|path| fs::read(path).expect("it is a file")).collect();
    assert!(seeds.len() > 3, "{name}: {} seeds", seeds.len());
    seeds.iter().for_each(|seed| target(seed));
    let mut dice = Dice(1);
    for _ in 0..count {
        target(&changed(&seeds, &mut dice));
    }
}

/// One of the seeds with some of it replaced, repeated, taken out, or taken from another.
fn changed(seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seeds[dice.below(seeds.len())].clone();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len() + 1);
        let end = at + dice.below((bytes.len() - at).min(32) + 1);
        match dice.below(6) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            1 if at < bytes.len() => bytes[at] = dice.below(256) as u8,
            2 => drop(bytes.splice(at..at, (0..8).map(|_| dice.below(256) as u8))),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let again = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, again));
            }
            _ => {
                let other = &seeds[dice.below(seeds.len())];
                let from = dice.below(other.len() + 1);
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
        }
    }
    bytes
}

/// Numbers that come the same each time (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % most
    }
}
