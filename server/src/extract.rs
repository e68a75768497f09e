//! Requests, parsed once at the edge.
//!
//! Invariant: a handler sees only what fits its types; what does not is answered here.

mod bearer;
mod body;
mod path;
mod range;
mod visitor;

pub(crate) use bearer::{Bearer, Bearing};
pub(crate) use body::{Json, PartBody};
pub(crate) use path::{Id, PartNumber};
pub(crate) use range::{ByteRange, Slice};
pub(crate) use visitor::Visitor;
