//! What end-to-end tests stand on: real processes, what goes between them, and people at browsers.
//!
//! Invariant: everything started here ends with the test, also when it panics.

pub mod api;
pub mod asker;
pub mod attachments;
pub mod axe;
pub mod browser;
pub mod caddy;
pub mod clock;
pub mod command_line;
pub mod confirmer;
pub mod cupboard;
pub mod deployment;
pub mod dice;
pub mod disk;
pub mod embedder;
pub mod extent;
pub mod faults;
pub mod history;
pub mod linearizability;
pub mod lives;
pub mod nginx;
pub mod owner;
pub mod process;
pub mod proxy;
pub mod raw;
pub mod recipient;
pub mod redis;
pub mod relay;
pub mod search;
pub mod sender;
pub mod sentinel;
pub mod server;
pub mod share;
pub mod siege;
pub mod site;
pub mod smtp;
pub mod tamperer;
pub mod trace;
pub mod upload;
pub mod volume;
pub mod wait;
pub mod wasm;
