//! The browser client: behaviour of the screens in `web/`, and the crypto workers.
//!
//! Invariant: text gets into a page through `textContent` and `value` only, and the link secret, the
//! passphrase and the plaintext never get into a request.

// The build takes away what formats for debugging.
#![warn(clippy::use_debug)]

pub mod api;
pub mod attachments;
pub mod compose;
pub mod confirm;
pub mod copy;
pub mod dom;
pub mod embed;
pub mod extras;
pub mod kind;
pub mod links;
pub mod owned;
pub mod qr;
pub mod recipient;
pub mod storage;
pub mod theme;
pub mod transfer;
pub mod words;
pub mod worker;

/// Smaller than the default one.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
