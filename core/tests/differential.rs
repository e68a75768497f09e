//! Against an implementation that shares nothing with this one: PyPI `cryptography`.
//!
//! `cargo xtask test` provides its Python and names it in `WAXSEAL_PYTHON`.

use data_encoding::HEXLOWER;
use getrandom::SysRng;
use rand_core::{Rng, UnwrapErr};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};
use waxseal_core::{
    chunk::{ChunkCipher, ChunkKey, Damaged, Seal},
    keys::{InputKey, LinkKeys},
    layout::{CHUNK, SEAL},
    link::LinkSecret,
    open::Opener,
    passphrase::Passphrase,
    request::{self, RequestKey, RequestLink},
    seal::Sealer,
    token::SealedSecret,
};

/// The other implementation, as a process.
struct Other {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Other {
    fn start() -> Self {
        let workspace = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/venv/bin/python");
        let python =
            std::env::var_os("WAXSEAL_PYTHON").map_or_else(|| workspace.into(), PathBuf::from);
        let mut process = Command::new(&python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/differential.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "{}: {error}. WAXSEAL_PYTHON must be a Python with `cryptography` 50 or newer; \
                     `cargo xtask test` provides it",
                    python.display()
                )
            });
        let requests = process.stdin.take().expect("it is piped");
        let answers = BufReader::new(process.stdout.take().expect("it is piped"));
        Self { process, requests, answers }
    }

    fn ask(&mut self, request: &Value) -> Value {
        let mut line = String::new();
        let asked =
            writeln!(self.requests, "{request}").and_then(|()| self.answers.read_line(&mut line));
        assert!(
            asked.is_ok_and(|len| len > 0),
            "the Python behind WAXSEAL_PYTHON gave up; it needs `cryptography` 50 or newer, which \
             `cargo xtask test` provides"
        );
        serde_json::from_str(&line).expect("it answers in JSON")
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn random<const N: usize>() -> [u8; N] {
    random_vec(N).try_into().expect("it has N bytes")
}

fn random_vec(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    UnwrapErr(SysRng).fill_bytes(&mut bytes);
    bytes
}

fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

fn unhex(value: &Value) -> Option<Vec<u8>> {
    HEXLOWER.decode(value.as_str()?.as_bytes()).ok()
}

fn seal(key: &InputKey, context: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let (key, seal) = ChunkKey::with_salt(key, context, random());
    let mut sealer = Sealer::new(ChunkCipher::new(key));
    let mut out = seal.as_bytes().to_vec();
    for piece in plaintext.chunks(7001) {
        sealer.push(piece, &mut out);
    }
    sealer.finish(&mut out);
    out
}

fn open(key: &InputKey, context: &[u8], ciphertext: &[u8]) -> Result<Vec<u8>, Damaged> {
    let (seal, chunks) = ciphertext.split_first_chunk::<SEAL>().ok_or(Damaged)?;
    let key = ChunkKey::open_context(key, context, &Seal::from_bytes(*seal))?;
    let mut opener = Opener::new(ChunkCipher::new(key));
    let mut out = Vec::new();
    for piece in chunks.chunks(7001) {
        opener.push(piece, &mut out)?;
    }
    opener.finish(&mut out)?;
    Ok(out)
}

/// Lengths around the ends of chunks, and some that are not.
fn lengths() -> impl Iterator<Item = usize> {
    let around = (1..=4).flat_map(|n| (n * CHUNK - 2)..=(n * CHUNK + 2));
    let anywhere = (0..30).map(|_| u32::from_be_bytes(random()) as usize % (5 * CHUNK));
    (0..3).chain(around).chain([64 * CHUNK - 1, 64 * CHUNK, 64 * CHUNK + 1]).chain(anywhere)
}

#[test]
fn what_either_seals_the_other_opens() {
    let mut other = Other::start();
    for (n, len) in lengths().enumerate() {
        let (key, plaintext) = (InputKey::from_bytes(random()), random_vec(len));
        let context = random_vec(n * 7 % 300);
        let (hex_key, hex_context) = (hex(key.as_bytes()), hex(&context));

        let ours = hex(&seal(&key, &context, &plaintext));
        let request =
            json!({ "call": "open", "key": hex_key, "context": hex_context, "ciphertext": ours });
        assert!(
            unhex(&other.ask(&request)["plaintext"]).as_ref() == Some(&plaintext),
            "{len} bytes"
        );

        let request = json!({ "call": "seal", "key": hex_key, "context": hex_context, "plaintext": hex(&plaintext) });
        let theirs = unhex(&other.ask(&request)["ciphertext"]).expect("it seals everything");
        assert!(open(&key, &context, &theirs).as_ref() == Ok(&plaintext), "{len} bytes");
    }
}

#[test]
fn both_refuse_the_same() {
    let mut other = Other::start();
    let (key, context) = (InputKey::from_bytes(random()), random::<27>());
    for len in [0, 5, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK] {
        let whole = seal(&key, &context, &random_vec(len));
        let mut damaged = vec![whole.clone()];
        let random_at = |n: usize| u32::from_be_bytes(random()) as usize % n;
        for _ in 0..20 {
            let mut flipped = whole.clone();
            flipped[random_at(whole.len())] ^= 1 << random_at(8);
            damaged.push(flipped);
            damaged.push(whole[..random_at(whole.len())].to_vec());
            damaged.push([whole.as_slice(), &random_vec(1 + random_at(40))].concat());
        }
        for (n, ciphertext) in damaged.iter().enumerate() {
            let request = json!({
                "call": "open", "key": hex(key.as_bytes()), "context": hex(&context),
                "ciphertext": hex(ciphertext),
            });
            let theirs = unhex(&other.ask(&request)["plaintext"]);
            assert!(open(&key, &context, ciphertext).ok() == theirs, "{len} bytes, case {n}");
            assert_eq!(theirs.is_some(), n == 0, "{len} bytes, case {n}");
        }
    }
}

#[test]
fn both_derive_the_same_keys() {
    let mut other = Other::start();
    for n in 0..40 {
        let secret = random::<32>();
        let keys = LinkKeys::derive(&LinkSecret::from_bytes(secret));
        // Argon2id takes its time: one in four.
        let typed = if n % 4 == 0 { format!("Äpfel & {n} Birnen") } else { String::new() };
        let passphrase = Passphrase::new(&typed).expect("short enough");
        let bytes = passphrase.as_ref().map_or(&[][..], Passphrase::as_bytes);
        let request = json!({ "call": "derive", "secret": hex(&secret), "passphrase": hex(bytes) });
        let theirs = other.ask(&request);

        assert_eq!(theirs["id"], hex(keys.id.as_bytes()));
        assert_eq!(theirs["access"], hex(keys.access.as_bytes()));
        let (body, proof) = match &passphrase {
            Some(passphrase) => {
                let keys = keys.with_passphrase(passphrase);
                (keys.body, Some(hex(keys.proof.as_bytes())))
            }
            None => (keys.body(), None),
        };
        assert_eq!(theirs["input"], hex(body.input().as_bytes()));
        assert_eq!(theirs["proof"].as_str(), proof.as_deref());
    }
}

#[test]
fn what_either_seals_to_a_request_the_other_opens() {
    let mut other = Other::start();
    for n in 0..40 {
        let key = RequestKey::generate(&mut SysRng).expect("there are random numbers");
        let public = key.public_key();
        let theirs = other.ask(&json!({ "call": "public", "key": hex(key.as_bytes()) }));
        assert_eq!(theirs["public"], hex(&public));

        let link = RequestLink::generate(&public, &mut SysRng).expect("there are random numbers");
        let asked = LinkKeys::of_request(&link);
        let theirs =
            other.ask(&json!({ "call": "derive_request", "secret": hex(link.as_bytes()) }));
        assert_eq!(theirs["id"], hex(asked.id.as_bytes()));
        assert_eq!(theirs["access"], hex(asked.access.as_bytes()));
        assert_eq!(theirs["input"], hex(asked.body().input().as_bytes()));

        let secret = LinkSecret::from_bytes(random());
        let share = LinkKeys::derive(&secret).id;
        let info =
            [b"waxseal/1 answer\0", asked.id.as_bytes().as_slice(), share.as_bytes()].concat();
        let ours = request::seal(&link, &secret, &mut SysRng).expect("there are random numbers");
        let ours = hex(ours.as_bytes());
        let open = json!({
            "call": "open_by", "key": hex(key.as_bytes()), "info": hex(&info), "sealed": ours,
        });
        assert_eq!(other.ask(&open)["plaintext"], hex(secret.as_bytes()));

        let seal = json!({
            "call": "seal_to", "public": hex(&public), "info": hex(&info),
            "plaintext": hex(secret.as_bytes()),
        });
        let theirs = unhex(&other.ask(&seal)["sealed"]).expect("it seals everything");
        let theirs: [u8; 80] = theirs.try_into().expect("that is its length");
        let open = |bytes| key.open(asked.id, share, &SealedSecret::from_bytes(bytes));
        assert!(open(theirs).as_ref() == Ok(&secret));
        let mut flipped = theirs;
        flipped[n * 2] ^= 1 << (n % 8);
        assert!(open(flipped).is_err(), "byte {}", n * 2);
    }
}
