//! What end-to-end tests stand on: browsers, sites, and the client's code as browsers get it.
//!
//! Invariant: everything started here ends with the test, also when it panics.

pub mod browser;
pub mod site;
pub mod wasm;
