//! The Waxseal server: an HTTP API over a [`store::Store`], and the web client.
//!
//! Invariant: what comes in is ciphertext, hashes and tokens; no link secret ever does.

pub mod audit;
pub mod check;
pub mod config;
pub mod identity;
pub mod logs;
pub mod metrics;
pub mod network;
pub mod spans;
pub mod store;

mod agent;
mod api;
mod evenly;
mod extract;
mod framing;
mod headers;
mod net;
mod policy;
mod problem;
mod rates;
mod routing;
mod same_site;
mod service;
mod serving;
mod stopping;
mod web;

pub use service::run;
pub use stopping::Stopping;
