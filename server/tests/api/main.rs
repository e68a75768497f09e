//! The HTTP API and the pages, over a real socket with the embedded store behind them.

mod bad_input;
mod grade;
mod headers;
mod logs;
mod observatory;
mod openapi;
mod operator;
mod owner;
mod pages;
mod policy;
mod recipient;
mod resume;
mod slow;
mod store;
mod support;
mod uploads;
