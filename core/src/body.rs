//! The body: manifest, files and padding, sealed part by part; and its head and parts, opened.
//!
//! Plaintext: `u32 length of manifest ‖ manifest ‖ file 0 ‖ file 1 ‖ … ‖ zero bytes`, padded to
//! PADMÉ(max(1024, length)). The manifest always lies within the head, so the head alone says what
//! there is and where.
//!
//! Invariant: a body is as long as its manifest says, to the byte, and its padding is zero.

mod contents;
mod head;
mod plan;

pub use contents::{Contents, Span};
pub use head::{OpenedHead, open};
pub use plan::{BodyPlan, Piece, SealError, seal, seal_part};

/// Bytes before the manifest that say how long it is.
const LENGTH: usize = 4;

/// Bytes of plaintext before the padding.
fn content_len(manifest: usize, files: u64) -> Option<u64> {
    files.checked_add((LENGTH + manifest) as u64)
}
