//! Asking for a secret: the link that is handed out, the note behind it, and what only the one who asked
//! can open.
//!
//! An answer is an ordinary one-time share. Its link secret is sealed to the public key in the request's
//! link with HPKE (RFC 9180, base mode): DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.
//!
//! Invariant: the public key comes out of the link itself, so nobody between the two can put another in its
//! place; the private key never leaves whoever asked.

mod answer;
mod link;
mod note;

pub use answer::{RequestKey, SealError, seal};
pub use link::{FoundRequest, PATH, RequestLink, TOKEN_CHARS};
pub use note::{MAX_CHARS, Note};
