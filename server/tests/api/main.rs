//! The HTTP API and the pages, over a real socket with the embedded store behind them.

#[path = "../support/redis_server.rs"]
mod redis_server;

mod audit;
mod bad_input;
mod confirmation;
mod embedding;
mod foreign;
mod grade;
mod grants;
mod headers;
mod logs;
mod metrics;
mod observatory;
mod openapi;
mod operator;
mod owner;
mod pages;
mod policy;
mod rates;
mod ready;
mod recipient;
mod requests;
mod resume;
mod sessions;
mod slow;
mod store;
mod support;
mod tls;
mod traces;
mod unconfirmed;
mod uploads;
