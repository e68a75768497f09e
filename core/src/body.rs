//! The body: manifest, files and padding, sealed part by part; and its head and parts, opened.
//!
//! Plaintext: `u32 length of manifest ‖ manifest ‖ file 0 ‖ file 1 ‖ … ‖ zero bytes`, padded to
//! PADMÉ(max(1024, length)). The manifest always lies within the head, so the head alone says what
//! there is and where.
//!
//! Invariant: a body is as long as its manifest says, to the byte, and its padding is zero.
//!
//! # An attachment, part by part
//!
//! An item without attachments is sealed and opened whole, by [`seal`] and [`open`]. A [`BodyPlan`] seals any
//! other part by part, in any order; the head then tells which parts hold which file.
//!
//! ```
//! use getrandom::SysRng;
//! use waxseal_core::{
//!     body::{BodyPlan, Contents, OpenedHead, Piece},
//!     chunk::ChunkCipher,
//!     keys::LinkKeys,
//!     layout::SEAL,
//!     link::LinkSecret,
//!     manifest::{File, Manifest},
//! };
//!
//! let attachment = vec![7; 1_500_000];
//! let mut item = Manifest::default();
//! item.files.push(File {
//!     name: "scan.dat".into(),
//!     media_type: String::new(),
//!     size: attachment.len() as u64,
//! });
//! let key = LinkKeys::derive(&LinkSecret::generate(&mut SysRng)?).body();
//!
//! let plan = BodyPlan::new(&key, &item, &mut SysRng)?;
//! let cipher = ChunkCipher::new(plan.key().clone());
//! let mut parts = Vec::new();
//! for n in 0..plan.size().parts() {
//!     let mut plaintext = Vec::new();
//!     for piece in plan.pieces(n) {
//!         match piece {
//!             Piece::Prefix(range) => plaintext.extend_from_slice(&plan.prefix()[range]),
//!             Piece::File { range, .. } => {
//!                 let range = range.start as usize..range.end as usize;
//!                 plaintext.extend_from_slice(&attachment[range]);
//!             }
//!             Piece::Zeros(len) => plaintext.resize(plaintext.len() + len as usize, 0),
//!         }
//!     }
//!     let mut part = Vec::new();
//!     plan.seal_part(&cipher, n, &plaintext, &mut part)?;
//!     parts.push(part);
//! }
//!
//! let head = OpenedHead::open(&key, &parts[0], plan.size())?;
//! let file = head.file_range(0).ok_or("there is one")?;
//! let cipher = ChunkCipher::new(head.key().clone());
//! let mut opened = Vec::new();
//! for n in Contents::parts_of(&file) {
//!     // The seal is in front of the head, and of no other part.
//!     let part = &parts[n as usize][if n == 0 { SEAL } else { 0 }..];
//!     head.contents().open_part(&cipher, n, part, &file, &mut opened)?;
//! }
//! assert!(opened == attachment);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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
