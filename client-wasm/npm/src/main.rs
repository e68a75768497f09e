//! The WebAssembly of the package `@waxseal/core`: `waxseal-core` for programs in JavaScript.
//!
//! `package/` has the rest of the package: what loads this, and the types. Values come as JavaScript has them
//! and are examined here; what goes back is plain.
//!
//! Invariant: no cryptography and no rules of its own; a failure has a [code](refusal::Refusal) that stays, and
//! words that repeat nothing of what was handed in.
#![allow(missing_docs)]
// wasm-bindgen's expansion adds items without any.
// The build takes away what formats for debugging.
#![warn(clippy::use_debug)]

mod given;
pub mod opening;
pub mod refusal;
pub mod sealing;

fn main() {}

/// Smaller than the default one.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
