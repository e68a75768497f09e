//! The Waxseal format: link, keys, sealed body, wire types. `docs/format.md` is its specification.
//!
//! Invariant: nothing here does I/O, reads a clock, or draws from a random number generator it was
//! not handed, so the same code runs in a browser, a command line and a server.

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
