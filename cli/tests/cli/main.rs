//! The command line against the real server, through a real network.

mod damage;
mod files;
mod granted;
mod operators;
mod owners;
mod recipients;
mod resuming;
mod senders;
mod support;
mod verifying;
