//! The Waxseal server: an HTTP API over a [`store::Store`], and the web client.
//!
//! Invariant: what comes in is ciphertext, hashes and tokens; no link secret ever does.

pub mod store;
