//! The Waxseal format: link, keys, sealed body, wire types. `docs/format.md` is its specification.
//!
//! Invariant: nothing here does I/O, reads a clock, or draws from a random number generator it was
//! not handed, so the same code runs in a browser, a command line and a server.
//!
//! # From a secret to a link, and back
//!
//! Everything about a share follows from the 32 random bytes in its link: its name, the token that its
//! ciphertext is asked for with, and the key that opens it. A server gets the ciphertext, the name, and
//! hashes of tokens.
//!
//! ```
//! use getrandom::SysRng;
//! use waxseal_core::{
//!     body,
//!     keys::LinkKeys,
//!     link::{FoundLink, LinkSecret},
//!     manifest::{Field, FieldKind, Manifest},
//! };
//!
//! // Whoever shares draws a secret, seals with the keys that follow from it, and makes a link of it.
//! let mut item = Manifest::default();
//! item.title = "Office Wi-Fi".into();
//! item.fields.push(Field {
//!     label: "Password".into(),
//!     value: "correct horse".into(),
//!     kind: FieldKind::Concealed,
//! });
//! let secret = LinkSecret::generate(&mut SysRng)?;
//! let ciphertext = body::seal(&LinkKeys::derive(&secret).body(), &item, &mut SysRng)?;
//! let link = secret.to_link("https://share.example.org");
//!
//! // Whoever has the link asks the server for `keys.id`, with `keys.access`, and opens what it gives.
//! let keys = LinkKeys::derive(&FoundLink::in_address(&link)?.secret);
//! let opened = body::open(&keys.body(), &ciphertext)?;
//! assert_eq!(opened.manifest.fields[0].value, "correct horse");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where to begin
//!
//! | to | begin with |
//! |---|---|
//! | draw a secret, make or read a link | [`link`] |
//! | derive names, tokens and keys, with a passphrase or without | [`keys`], [`passphrase`], [`token`] |
//! | seal and open an item; attachments, part by part | [`body`], [`manifest`], [`layout`] |
//! | talk to a server, or be one | [`wire`]; the calls are in `docs/api.md` |
//! | save attachments under names that others chose | [`filename`] |
//! | ask somebody for a secret, and open the answer | [`request`] |
//! | keep a list of links, with a sealed backup of it | [`owned`], [`backup`] |
//! | use the scheme of the body alone (C2SP chunked-encryption) | [`chunk`], [`mod@seal`], [`open`] |
//!
//! What cannot be right cannot be made: a [`link::LinkSecret`] comes out of a text only if its check value
//! fits, a [`layout::BodySize`] only of a length that a ciphertext can have, a [`body::OpenedHead`] only of
//! chunks that verified. Keys have a purpose in their type, are wiped when dropped, and print nothing.
//!
//! # Features
//!
//! * `nfc` (default): [`passphrase::Passphrase::new`], which normalizes what was typed. Without it the tables
//!   of Unicode stay out, and the platform normalizes for
//!   [`from_normalized`](passphrase::Passphrase::from_normalized), as browsers can.
//! * `openapi`: JSON Schemas of the [wire types](wire), by `utoipa`, of which a server makes its OpenAPI
//!   document.
//!
//! Random numbers come through [`rand_core::TryCryptoRng`]; the examples take the system's, from the crate
//! `getrandom` with its feature `sys_rng`. On `wasm32-unknown-unknown` that needs its feature `wasm_js`, too.

// The browser's build takes away what formats for debugging.
#![cfg_attr(not(test), warn(clippy::use_debug))]

pub mod backoff;
pub mod backup;
pub mod base64url;
pub mod body;
pub mod chunk;
pub mod confirmation;
pub mod filename;
pub mod json;
pub mod keys;
pub mod layout;
pub mod link;
pub mod mail_address;
pub mod manifest;
pub mod open;
pub mod owned;
pub mod padding;
pub mod passphrase;
pub mod request;
pub mod seal;
mod text_enum;
pub mod time;
pub mod token;
pub mod totp;
pub mod wifi;
pub mod wire;

pub use text_enum::UnknownText;
