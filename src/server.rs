//! The two listeners: the webhook (TLS) and the administrator's (plain HTTP, loopback).
//!
//! ```text
//! socket ─▶ listener ─▶ connection (TLS, HTTP/1.1 or HTTP/2, limits) ─▶ router ─▶ one handler
//! ```
//!
//! Handlers are thin: they read the body, ask a service, and write the answer. What an error means
//! for the caller is decided in one file, `error.rs`. Every limit is in [`limits`].

pub mod admin;
pub mod health;
pub mod limits;
pub mod listener;
pub mod probes;
pub mod router;
pub mod state;
pub mod stop;
pub mod tls;

mod activity;
mod connection;
mod error;
mod log_gate;
mod subject_access_review;
#[cfg(test)]
mod tests;
mod token_review;
